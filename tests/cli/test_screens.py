"""Screens: what a verb prints, whole and in its place."""

from pathlib import Path

from tests.helpers.commands import Vad


def test_show_on_the_command_line_names_the_trial_and_refuses_one_that_is_not_there(
    vad: Vad,
) -> None:
    shown = vad("show", "small", "--trial", "3")
    assert shown.returncode == 0
    assert "persona: baseline" in shown.stdout
    missing = vad("show", "small", "--trial", "999")
    assert missing.returncode == 2
    assert 'no trial "999"; they run from 0 to 53' in missing.stderr


def test_the_table_of_many_factors_says_what_each_condition_changes_and_cuts_nothing(
    root: Path, vad: Vad
) -> None:
    path = root / "experiments" / "persona_ablations.toml"
    path.write_text(
        path.read_text().replace('"pocket"', '"sim"').replace("repeats = 3", "repeats = 1")
    )
    told = vad("run", "persona_ablations", "--model", "sim", "--limit", "1")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert any(line.split()[:4] == ["persona", "changed", "AR", "AD"] for line in lines)
    assert "…" not in told.stdout
    assert any(line.split()[1:3] == ["leave_out", "religiosity"] for line in lines)
    assert any(line.startswith("baseline") and "format none" in line for line in lines)
