"""What a constraint did to the answers of a run."""

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import ALWAYS_A, SIDES, respond
from tests.helpers.studies import ask
from vad.analysis.constraint_effects import audit, write_audit
from vad.analysis.results import open_run
from vad.runs.store.reader import read_table

THREE = """model = "sim"
repeats = 2
limit = 8
order = "fixed"

[vary]
decoding = ["free", "constrained", "letter"]
"""


@pytest.fixture
def audited(root: Path) -> Path:
    """A run in three decodings: A under a constraint, B when free, and then one in four is lost."""
    respond(root, SIDES)
    return ask(root, "three", THREE).folder


def test_the_audit_tells_a_constrained_answer_from_a_coerced_one(audited: Path) -> None:
    tables = audit(open_run(audited))
    answers = tables["audit_answers"].set_index("decoding")
    rows = read_table(audited, "responses")
    lost = (~rows["valid"]).groupby(rows["decoding"]).sum()
    assert lost["free"] > 0
    assert answers["unreadable"].to_dict() == lost.to_dict()
    assert answers.loc["constrained", "cut"] == 0.5, "every value reasoning, no action's"
    assert answers["cut"].isna()["free"]
    assert tables["audit_kinds"][["decoding", "problem"]].values.tolist() == [["free", "fenced"]]
    mass = tables["audit_mass"].set_index("question")
    assert mass.loc["value", "mean"] == pytest.approx(0.8)
    agreed = tables["audit_agreement"].set_index(["decoding", "and", "question"])["same option"]
    assert agreed["free", "constrained", "value"] == 0
    assert agreed["constrained", "letter", "value"] == 1
    shift = tables["audit_shift"].set_index(["decoding", "figure"])
    assert shift.loc[("constrained", "value: share of option 1"), "difference"] == 1
    assert shift.loc[("letter", "value: mean score"), "difference"] == pytest.approx(0.4)
    assert {"AR", "AD"} <= {name for _, name in shift.index}
    expected = tables["audit_expected"].set_index("question").loc["value"]
    by_hand = (0.4 * 1 + 0.2 * 0.6 + 0.1 * 0.2 - 0.05 * 0.2 - 0.03 * 0.6 - 0.02 * 1) / 0.8
    assert expected["expected"] == pytest.approx(by_hand)
    assert expected["difference"] == pytest.approx(by_hand - 1)
    assert expected["likeliest given"] == 1
    assert expected["given had"] == pytest.approx(0.5)


def test_answers_without_a_reasoning_are_audited_and_none_is_said_to_be_cut(root: Path) -> None:
    respond(root, ALWAYS_A.replace('"reasoning": "It comes first.", ', ""))
    text = 'program = "letter_only"\n' + THREE.replace(', "letter"', "")
    answers = audit(open_run(ask(root, "three", text).folder))["audit_answers"]
    assert answers["decoding"].tolist() == ["free", "constrained"]
    assert answers["unreadable"].tolist() == [0, 0]
    assert answers["cut"].isna().all()


def test_the_audit_prints_its_tables_and_writes_them(audited: Path, vad: Vad) -> None:
    told = vad("audit", str(audited))
    assert told.returncode == 0, told.stderr
    assert "probability on the legal letters before the mask" in told.stdout
    assert len(pd.read_csv(audited / "tables" / "audit_shift.csv")) > 10
    assert write_audit(open_run(audited), {}) == audited / "tables"


def test_a_run_in_one_decoding_has_nothing_to_audit(root: Path, vad: Vad) -> None:
    vad("run", "small")
    told = vad("audit", "runs/small")
    assert told.returncode == 2
    assert 'decoding = ["free", "constrained", "letter"]' in told.stderr
