"""What `vad personas check` proves of personas and formats, and what it does not let pass."""

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.studies import REPOSITORY
from vad.study.formats import count_words
from vad.study.loader import Study, find_study
from vad.study.personas import load_personas
from vad.study.scenarios import Option, Scenario
from vad.tools.curation.persona_checks import check_personas
from vad.tools.curation.persona_formats import FormatReport, format_report
from vad.tools.curation.shared_words import content_words, shared_words

STUDY = find_study(REPOSITORY)
HEAD = "from vad import Persona\n\n\ndef render(persona: Persona) -> str:\n"


def in_format(root: Path, body: str) -> FormatReport:
    (root / "personas" / "made.py").write_text(body)
    study = Study(root)
    return format_report(study, load_personas(study, "cultural", "test"), "made", count_words)


def dilemma(id_: str, text: str) -> Scenario:
    option = Option(polarity="aligned", text="I wait.")
    return Scenario(id=id_, value="Equality", topic="Work", text=text, options=(option,))


@pytest.mark.parametrize("name", sorted({*STUDY.names("personas", ".py")}))
def test_every_shipped_format_says_the_same_ten_things_or_nothing_on_purpose(name: str) -> None:
    found = format_report(STUDY, load_personas(STUDY, "cultural", "test"), name, count_words)
    assert found.silent == (name in ("none", "placebo"))
    assert not found.merged
    assert not found.alike
    assert set(found.positions) == (
        set()
        if found.silent
        else {variable.key for variable in load_personas(STUDY, "cultural", "test").variables}
    )


def test_a_format_that_drops_a_variable_says_nothing_of_it(root: Path) -> None:
    found = in_format(
        root, HEAD + '    return "; ".join(level for _, level in list(persona.items())[1:])\n'
    )
    assert [variable.key for variable in found.unsaid] == ["religiosity"]
    assert found.positions["child_rearing_value"] == 0


def test_a_format_that_words_two_levels_alike_loses_them_and_no_variable(root: Path) -> None:
    found = in_format(
        root,
        HEAD + '    return "; ".join(level for _, level in persona.items())'
        '.replace("not very happy", "not happy").replace("not at all happy", "not happy")\n',
    )
    (merged,) = found.merged
    assert merged.levels == ("not at all happy", "not very happy")
    assert len(merged.personas) == 12
    assert found.unsaid == []
    assert 'happiness: "not at all happy" and "not very happy" read alike' in str(merged)


def test_a_position_is_the_tokens_before_a_level(root: Path) -> None:
    found = in_format(
        root,
        HEAD + '    return "I hold this: " + ", ".join(v.key + " = " + level.replace(" ", "")'
        " for v, level in persona.items())\n",
    )
    assert list(found.positions.values()) == [5 + 3 * place for place in range(10)]


def test_personas_that_read_alike_are_named(root: Path) -> None:
    found = in_format(root, HEAD + "    return persona.category\n")
    assert len(found.alike) == 3
    assert "moderate_1 and moderate_2 and moderate_3 and moderate_4" in found.alike
    findings = check_personas(load_personas(Study(root), "cultural", "test"), [found])
    figures = [one.figure for one in findings]
    assert figures == ["0 of 1", "0 of 1", "0 of 1", "0 of 0", "12 of 12"]


def test_a_word_of_a_persona_that_stands_in_a_dilemma_is_an_anchor() -> None:
    texts = {"one": "They value obedience and trust.", "other": "They value imagination and trust."}
    told_ = [dilemma("a", "An obedient son asks you."), dilemma("b", "Trust them, and wait.")]
    found = {(one.persona, one.word, one.own, one.scenario) for one in shared_words(texts, told_)}
    assert found == {
        ("one", "obedience", True, "a"),
        ("one", "trust", False, "b"),
        ("other", "trust", False, "b"),
    }


def test_words_that_mean_nothing_by_themselves_and_numbers_are_no_anchors() -> None:
    assert content_words("the who of 4-7 and 10") == {}
    assert set(content_words("Obedience-faith, faith")) == {"obedien", "faith"}


def test_the_check_prints_its_tables_and_passes_on_what_ships(vad: Vad, root: Path) -> None:
    done = vad("personas", "check", "--words", "shared.csv")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("tokens of pocket", "10 of 10", "silent", "incongruous_4", "12 of 12; wanted all"):
        assert part in done.stdout
    words = pd.read_csv(root / "shared.csv")
    assert list(words) == ["format", "persona", "word", "own", "scenario"]
    assert not words.duplicated().any()


def test_a_format_that_loses_something_and_a_placebo_that_speaks_end_with_code_1(
    vad: Vad, root: Path
) -> None:
    path = root / "personas" / "bold.py"
    path.write_text(path.read_text().replace("persona.items()", "list(persona.items())[:9]"))
    path = root / "personas" / "placebo.py"
    path.write_text(path.read_text().replace("round", "religious"))
    done = vad("personas", "check")
    assert done.returncode == 1
    assert "NO  formats that say something of every variable" in done.stdout
    assert "bold: nothing of tolerance diversity" in done.stdout
    assert "placebo: says: religious" in done.stdout


def test_names_that_nothing_bears_are_told(vad: Vad) -> None:
    for arguments, said in (
        (["cultral"], 'did you mean "cultural"?'),
        (["--format", "bald"], 'did you mean "bold"?'),
        (["--model", "pockte"], 'did you mean "pocket"?'),
        (["--scenarios", "dilemma"], 'did you mean "dilemmas"?'),
    ):
        done = vad("personas", "check", *arguments)
        assert done.returncode == 2
        assert said in done.stderr
