"""`vad list` and `vad check`: one broken file hides no other; both ends of a scale are shown."""

from pathlib import Path

import pytest

from tests.helpers.commands import Vad

BROKEN = [
    ("experiments/bad.toml", b"model = ", "is not valid TOML"),
    ("experiments/models.toml", b"[sim", "is not valid TOML"),
    ("personas/bad.py", b"\xff", "is not UTF-8 text"),
    ("personas/bad.toml", b"\xff", "is not UTF-8 text"),
    ("signatures/bad.py", b"\xff", "is not UTF-8 text"),
    ("scenarios/bad.jsonl", b'{"id": ', "is not JSON Lines"),
]


@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_file_is_listed_with_its_message_beside_all_others(
    vad: Vad, root: Path, name: str, content: bytes, message: str
) -> None:
    (root / name).write_bytes(content)
    told = vad("list")
    assert told.returncode == 0, told.stderr
    (broken,) = [line for line in told.stdout.split("\n") if "BROKEN" in line]
    assert name in broken
    assert message in broken
    for other in ("explicit", "cultural", "agreement", "small", "dilemmas", "direct"):
        assert f"  {other} " in told.stdout


def test_check_shows_both_ends_of_each_scale_and_asks_about_one_that_begins_with_disagreement(
    vad: Vad, root: Path
) -> None:
    told = vad("check", "small").stdout
    assert 'scale, value question: "strongly agree" scores 1, "strongly disagree" -1, 6' in told
    assert "scale, action question: strong aligned scores 1, strong opposed -1, 6" in told
    path = root / "signatures" / "agreement.toml"
    path.write_text(
        path.read_text()
        .replace('"strongly agree", "agree", ', '"strongly disagree", "disagree", ')
        .replace('"disagree", "strongly disagree"]', '"agree", "strongly agree"]')
    )
    told = vad("check", "small").stdout
    assert '"strongly disagree" scores 1, "strongly agree" -1 (a scale begins with what' in told
