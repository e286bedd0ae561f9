"""Another study's release read into ours: every oddity counted and listed, nothing guessed."""

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.released import RELEASED, needs_released
from vad.study.loader import Study
from vad.study.scenarios import load_scenarios
from vad.tools.curation.importing import import_scenarios

HEADER = ["", "country", "topic", "value", "polarity", "generation_prompt"]
CSV = "actions.csv"


def said(action: str, quote: str = '"') -> str:
    keys = ("Human Action", "Feature Attributions", "Natural Language Explanation")
    q = quote
    return (
        f"{{\n  {q}{keys[0]}{q}: {q}{action}{q},\n  {q}{keys[1]}{q}: [{q}a{q}, {q}b{q}],\n"
        f"  {q}{keys[2]}{q}: {q}Because.{q}\n}}"
    )


FORMS: list[tuple[str, str, str]] = [
    # text, what it is counted under ("" for as it should be), the action read from it
    (said("I plant a tree."), "", "I plant a tree."),
    (f"```json\n{said('I sing.')}\n```", "in a code fence: used", "I sing."),
    (f"Here it is:\n\n```json\n{said('I sew.')}\n```", "words around a code fence: used", "I sew."),
    (said("I bake.", "'"), "Python quotes: used", "I bake."),
    (
        said("I mend my aunt's roof.", "'"),
        "Python quotes, some not escaped: used",
        "I mend my aunt's roof.",
    ),
    ("I cannot help with that.", "no object in the text: not used", ""),
    (said("I row.")[:-12], "an object that is not closed or not readable: not used", ""),
    ('{"Action": "I run."}', "an object without an action: not used", ""),
    ('{"Human Action": " "}', "an object without an action: not used", ""),
]


def release(folder: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / CSV).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([str(number), *row] for number, row in enumerate(rows))
    return folder


def pair(text: str, value: str, country: str = "Egypt") -> list[list[str]]:
    place = [country, "Leisure Time and Sports", value]
    return [[*place, "positive", text], [*place, "negative", said("I stay in bed.")]]


def test_every_form_a_row_can_have_is_counted_and_only_what_is_beyond_doubt_is_used(
    root: Path, vad: Vad, tmp_path: Path
) -> None:
    values = ["Equality", "Pleasure", "Freedom", "Wealth", "Honest", "Loyal", "Clean", "Daring"]
    values.append("Wisdom")
    rows = [
        row for (text, _, _), value in zip(FORMS, values, strict=True) for row in pair(text, value)
    ]
    done = vad("scenarios", "import", "via", str(release(tmp_path / "via", rows)))
    assert done.returncode == 0, done.stderr
    assert "18 rows, 10 of them as they should be" in done.stdout
    assert "9 scenarios, 5 of them with actions" in done.stdout
    for _, kind, _ in FORMS:
        assert kind in done.stdout
    found = {one.value: one for one in load_scenarios(Study(root), "via", "test")}
    for (_, kind, action), value in zip(FORMS, values, strict=True):
        one = found[value]
        assert (one.topic, one.persona, one.text) == ("Leisure", "egypt", "")
        if "not used" in kind:
            assert one.options == ()
            continue
        assert [option.polarity for option in one.options] == ["aligned", "opposed"]
        assert [option.text for option in one.options] == [action, "I stay in bed."]
    listed = pd.read_csv(root / "scenarios" / "via.oddities.csv")
    assert len(listed) == 8
    assert listed["where"][0] == "row 3 / Egypt / Leisure Time and Sports / Pleasure / positive"
    assert list(listed["text"]) == [text for text, kind, _ in FORMS if kind]


def test_a_second_action_for_a_place_two_alike_and_unknown_names_are_no_pair(
    root: Path, tmp_path: Path
) -> None:
    rows = [
        *pair(said("I dance."), "Equality"),
        *pair(said("I dance again."), "Equality")[:1],
        *pair(said("I stay in bed."), "Pleasure"),
        *pair(said("I dance."), "Honesty"),
        *pair(said("I dance."), "Honest", "Atlantis"),
        ["Egypt", "Dance", "Honest", "positive", said("I dance.")],
        ["Egypt", "Religion", "Honest", "neutral", said("I dance.")],
    ]
    found, _, _ = import_scenarios(Study(root), "via", release(tmp_path / "via", rows), "via")
    kinds = {kind: count for (kind, _), count in found.kinds().items()}
    assert kinds == {
        "a second row for the same action": 1,
        "unknown value": 2,
        "unknown country": 2,
        "unknown topic": 1,
        "unknown polarity": 1,
    }
    options = {one.value: [option.text for option in one.options] for one in found.scenarios}
    assert options == {"Equality": ["I dance.", "I stay in bed."], "Pleasure": []}


def test_folder_zip_and_the_file_itself_are_read_alike(root: Path, tmp_path: Path) -> None:
    folder = release(tmp_path / "via", pair(said("I dance."), "Equality"))
    with zipfile.ZipFile(tmp_path / "via.zip", "w") as archive:
        archive.write(folder / CSV, CSV)
        archive.writestr(f"__MACOSX/._{CSV}", b"\x00\x05")
    found = [
        import_scenarios(Study(root), "via", source, f"via_{number}")[0]
        for number, source in enumerate((folder, tmp_path / "via.zip", folder / CSV))
    ]
    assert found[0] == found[1] == found[2]


def whole(folder: Path) -> Path:
    return release(folder, pair(said("I dance."), "Equality"))


def lacking(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = [["Egypt", "Religion", "Honest", "positive"]] * 2
        return release(folder, rows, [one for one in HEADER if one != name])

    return make


def torn(folder: Path) -> Path:
    whole(folder)
    with zipfile.ZipFile(folder / "via.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / CSV, CSV)
    content = (folder / "via.zip").read_bytes()
    (folder / "via.zip").write_bytes(content[: len(content) // 2])
    return folder / "via.zip"


def spoilt(folder: Path) -> Path:
    whole(folder)
    with zipfile.ZipFile(folder / "via.zip", "w") as archive:
        archive.write(folder / CSV, CSV)
    content = bytearray((folder / "via.zip").read_bytes())
    content[80] ^= 0xFF
    (folder / "via.zip").write_bytes(content)
    return folder / "via.zip"


def other(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("Nothing here.\n")
    return folder


def written(content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        other(folder)
        (folder / CSV).write_bytes(content)
        return folder

    return make


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no such file": (lambda folder: folder / "via.zip", "there is no such file or folder"),
    "a column is missing": (lacking("polarity"), "lacks the column polarity"),
    "no text column": (lacking("generation_prompt"), "lacks the column generation_prompt"),
    "a torn zip": (torn, "cannot be read: File is not a zip file"),
    "a spoilt zip": (spoilt, "cannot be read: Bad CRC-32"),
    "no zip at all": (lambda folder: other(folder) / "README.md", "cannot be read"),
    "a folder without a CSV": (other, "is no VIA release: it holds no CSV file"),
    "an empty CSV": (written(b""), "lacks the column country"),
    "a header alone": (written(",".join(HEADER).encode() + b"\n"), "has no row"),
    "not UTF-8": (written(b"country,topic\n\xff\xfe,x\n"), "not UTF-8"),
    "no usable row": (
        lambda folder: release(folder, pair("No.", "Equality")),
        "holds no pair of actions that can be used",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_release_is_refused_with_one_message_and_nothing_is_written(
    case: str, root: Path, vad: Vad, tmp_path: Path
) -> None:
    make, message = BAD[case]
    before = sorted(path.name for path in (root / "scenarios").iterdir())
    refused = vad("scenarios", "import", "via", str(make(tmp_path / "release")))
    assert refused.returncode == 2, refused.stdout
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) <= 3
    assert sorted(path.name for path in (root / "scenarios").iterdir() if path.is_file()) == [
        name for name in before if name != "__pycache__"
    ]


def test_an_import_never_writes_over_a_file_and_an_unknown_format_is_told(
    root: Path, vad: Vad, tmp_path: Path
) -> None:
    source = str(whole(tmp_path / "via"))
    before = (root / "scenarios" / "dilemmas.jsonl").read_bytes()
    taken = vad("scenarios", "import", "via", source, "--to", "dilemmas")
    assert taken.returncode == 2
    assert "dilemmas.jsonl\n  is there already" in taken.stderr
    assert (root / "scenarios" / "dilemmas.jsonl").read_bytes() == before
    odd = vad("scenarios", "import", "vai", source)
    assert odd.returncode == 2
    assert 'did you mean "via"?' in odd.stderr


def test_a_format_of_ones_own_is_one_file(root: Path, vad: Vad, tmp_path: Path) -> None:
    (root / "scenarios" / "mine.py").write_text(
        '"""Mine: a value a line."""\n\nfrom vad import Scenario\n'
        "from vad import Import, Oddity\n\n\n"
        "def read(path):\n    names = path.read_text().splitlines()\n"
        "    made = [Scenario(id=n, value=n, topic='Work', options=()) for n in names if n]\n"
        "    gone = [Oddity(str(k), 'empty', False, '') for k, n in enumerate(names) if not n]\n"
        "    return Import(len(names), made, gone)\n"
    )
    (tmp_path / "mine.txt").write_text("Honest\n\nLoyal\n")
    assert "Mine: a value a line." in vad("list").stdout
    done = vad("scenarios", "import", "mine", str(tmp_path / "mine.txt"))
    assert "3 rows, 2 of them as they should be" in done.stdout, done.stderr
    assert "1  empty: not used" in done.stdout
    (tmp_path / "mine.txt").write_text("Honesty\n")
    refused = vad("scenarios", "import", "mine", str(tmp_path / "mine.txt"), "--to", "other")
    assert refused.returncode == 2
    assert 'no value "Honesty"' in refused.stderr
    assert not list((root / "scenarios").glob("other*"))


@needs_released
def test_the_release_is_14784_actions_63_pairs_of_which_cannot_be_had(
    root: Path, tmp_path: Path
) -> None:
    shutil.copy(RELEASED / "via_full.zip", tmp_path / "via.zip")
    found, out, _ = import_scenarios(Study(root), "via", tmp_path / "via.zip", "via")
    assert found.rows == 14784
    assert len(found.scenarios) == 12 * 11 * 56
    assert found.kinds() == {
        ("in a code fence", True): 5661,
        ("Python quotes", True): 1380,
        ("no object in the text", False): 61,
        ("Python quotes, some not escaped", True): 29,
        ("words around a code fence", True): 20,
        ("in a code fence, Python quotes", True): 19,
        ("an object that is not closed or not readable", False): 2,
    }
    answers = pd.read_csv(RELEASED / "long_gemma-2-9b-it.csv.gz", low_memory=False)
    missing = answers[answers["status"] == "missing_dataset"]
    bare = [one for one in found.scenarios if not one.options]
    assert len(bare) == len(missing) == 63
    assert {(one.persona, one.value) for one in bare} == {
        (country.lower().replace(" ", "_"), value)
        for country, value in zip(missing["country"], missing["value"], strict=True)
    }
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert sum(len(one["options"]) for one in written) == 2 * (7392 - 63)
