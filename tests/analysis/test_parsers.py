"""Two parsers: the strict one decides; a table that rests on the lenient one says so."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import ask
from vad.analysis.constraint_effects import audit
from vad.analysis.parsers import SAID
from vad.analysis.results import open_run
from vad.errors import StudyError
from vad.runs.store.reader import read_table

TALKS = """
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    strict = json.dumps({"reasoning": "So.", name: "A"})
    if call.constrained:
        return strict
    ways = ["B.", "```json\\n" + strict + "\\n```", "B or C.", strict]
    return ways[call.seed % 4]
"""
"""Under a constraint A; free B, A in a fence, something ambiguous, or A as it was asked for."""

BOTH = """model = "sim"
repeats = 2
limit = 8
order = "fixed"

[vary]
decoding = ["free", "constrained"]
"""
KINDS = {"B.": "B", "``": "A", "B ": None, '{"': "A"}


@pytest.fixture
def talked(root: Path) -> Path:
    respond(root, TALKS)
    return ask(root, "both", BOTH).folder


def test_the_lenient_reading_stands_beside_the_strict_one_for_free_answers_alone(
    talked: Path,
) -> None:
    rows = read_table(talked, "responses")
    free = rows[rows["decoding"] == "free"]
    wanted = free["text"].str[:2].map(KINDS)
    assert set(free["text"].str[:2]) == set(KINDS)
    assert free["lenient_letter"].where(free["lenient_letter"].notna(), None).tolist() == (
        wanted.tolist()
    )
    assert (free["lenient_letter"] == free["letter"])[free["valid"]].all()
    assert free["valid"].tolist() == free["text"].str.startswith("{").tolist()
    read = free[free["lenient_option"].notna() & (free["question"] == "value")]
    scores = {0: 1.0, 1: 0.6}
    assert read["lenient_score"].round(9).tolist() == [
        scores[int(option)] for option in read["lenient_option"]
    ]
    held = rows[rows["decoding"] == "constrained"]
    assert held[["lenient_letter", "lenient_option", "lenient_score"]].isna().all(axis=None)


def test_a_run_read_leniently_counts_what_the_lenient_parser_reads(talked: Path) -> None:
    strict, lenient = open_run(talked), open_run(talked, parser="lenient")
    rows = read_table(talked, "responses")
    readable = rows["valid"] | rows["lenient_option"].notna()
    assert strict.responses()["valid"].tolist() == rows["valid"].tolist()
    assert lenient.responses()["valid"].tolist() == readable.tolist()
    assert strict.scores()["missing"].sum() == (~rows["valid"]).sum()
    assert lenient.scores()["missing"].sum() == (~readable).sum() > 0
    both = lenient.readings()
    assert both["strict"].sum() == rows["valid"].sum()
    assert both["lenient"].sum() == readable.sum()
    told = audit(strict)["audit_answers"].set_index("decoding")
    free = rows["decoding"] == "free"
    assert told.loc["free", "lenient"] == readable[free].sum()
    held = told.loc["constrained"].to_dict()
    assert held["lenient"] == held["answers"]


def test_every_verb_says_where_it_read_leniently(talked: Path, vad: Vad) -> None:
    for verb in ("score", "compare", "audit", "report"):
        strict = vad(verb, str(talked))
        lenient = vad(verb, str(talked), "--parser", "lenient")
        assert lenient.returncode == strict.returncode == 0, lenient.stderr
        assert SAID in lenient.stdout
        assert SAID not in strict.stdout
        assert lenient.stdout.replace(f"{SAID}\n", "") != strict.stdout
    tables = {path.name: path for path in (talked / "lenient" / "tables").glob("*.csv")}
    assert {"comparisons.csv", "audit_answers.csv", "conditions.csv"} <= {*tables}
    assert all((pd.read_csv(path)["parser"] == "lenient").all() for path in tables.values())
    assert not any("parser" in pd.read_csv(path) for path in (talked / "tables").glob("*.csv"))
    assert SAID in (talked / "lenient" / "report.html").read_text()
    assert SAID not in (talked / "report.html").read_text()
    scored = json.loads(vad("score", str(talked), "--parser", "lenient", "--json").stdout)
    assert scored["parser"] == "lenient"


def test_the_end_of_a_run_tells_what_either_parser_read(root: Path, vad: Vad) -> None:
    respond(root, TALKS)
    (root / "experiments" / "both.toml").write_text(BOTH)
    told = vad("run", "both").stdout
    assert "leniently" in told
    assert "tokens an answer" in told


def test_an_unknown_parser_and_a_run_without_a_lenient_reading_are_told(
    talked: Path, vad: Vad
) -> None:
    told = vad("score", str(talked), "--parser", "lenien")
    assert told.returncode == 2
    assert 'did you mean "lenient"?' in told.stderr
    for part in talked.glob("responses/*/*.parquet"):
        rows = pd.read_parquet(part)
        rows.drop(columns=[name for name in rows if str(name).startswith("lenient")]).to_parquet(
            part
        )
    with pytest.raises(StudyError, match="without a lenient reading"):
        open_run(talked, parser="lenient").scores()
    assert "lenient" in audit(open_run(talked))["audit_answers"]
