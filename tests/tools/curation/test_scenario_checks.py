"""The dilemmas: what is proved of ours, and that each check can fail."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import LONGEST, respond
from tests.helpers.studies import REPOSITORY
from vad.errors import StudyError
from vad.study.loader import Study, find_study
from vad.study.personas import load_personas
from vad.study.scenarios import Option, Scenario, load_scenarios, load_topics, load_values
from vad.tools.curation import scenario_balance as balance
from vad.tools.curation import scenario_marks as marks
from vad.tools.curation import scenario_variety as variety
from vad.tools.curation.drafting import to_scenario
from vad.tools.curation.judging import REVIEW_QUESTIONS, agreement, as_first_read, load_review
from vad.tools.curation.scenario_checks import check_dilemmas
from vad.tools.curation.scenario_rules import row_faults

STUDY = find_study(REPOSITORY)
VALUES, TOPICS = load_values(STUDY), load_topics(STUDY)
OURS = load_scenarios(STUDY, "dilemmas", "test")
FIRST = load_scenarios(STUDY, "dilemmas_1", "test")
CULTURAL = load_personas(STUDY, "cultural", "test")


def finding(scenarios: list[Scenario], name: str) -> Any:
    return next(one for one in check_dilemmas(scenarios, VALUES, TOPICS) if name in one.name)


def changed(one: Scenario, **update: Any) -> Scenario:
    return one.model_copy(update=update)


def with_options(one: Scenario, **update: Any) -> Scenario:
    return changed(one, options=tuple(o.model_copy(update=update) for o in one.options))


def test_there_are_616_dilemmas_one_for_each_value_and_topic() -> None:
    assert len(OURS) == len({(one.value, one.topic) for one in OURS}) == 56 * 11
    assert len(VALUES) == 56
    assert len(TOPICS) == 11


def test_every_check_holds_on_ours() -> None:
    missed = [one for one in check_dilemmas(OURS, VALUES, TOPICS) if not one.holds]
    assert missed == []


def test_the_seeds_order_of_options_in_the_file_is_the_one_the_datasheet_names() -> None:
    order = [
        (side, level) for side in ("aligned", "opposed") for level in ("mild", "moderate", "strong")
    ]
    assert all([(o.polarity, o.intensity) for o in one.options] == order for one in OURS)


ONE = OURS[0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (changed(ONE, text="Too short for you."), "write 40 to 110"),
        (changed(ONE, setting="moon base"), 'setting\'s "moon" does not stand in the text'),
        (changed(ONE, setting=""), "has no setting"),
        (with_options(ONE, text="I do it."), "write 12 to 40"),
        (with_options(ONE, text="We " + "go on " * 8), 'does not begin with "I"'),
        (with_options(ONE, rationale="One. Two. Three."), "3 sentences"),
        (with_options(ONE, text="I keep the equality of all " + "here " * 10), "names the value"),
    ],
)
def test_a_broken_rule_of_a_single_dilemma_is_told_with_what_to_write(
    broken: Scenario, said: str
) -> None:
    assert ONE.value == "Equality"
    assert any(said in fault for fault in row_faults(broken, VALUES))


def test_two_dilemmas_alike_are_found() -> None:
    twin = changed(OURS[1], text=ONE.text.replace("the", "a"))
    assert not variety.alike([ONE, twin, *OURS[2:40]]).holds


def test_a_missing_and_a_double_combination_are_found() -> None:
    assert not finding(OURS[1:22], "value x topic").holds
    assert not finding([*OURS[:22], changed(ONE, id="again")], "value x topic").holds


def test_wording_that_gives_the_side_away_is_found() -> None:
    told = [
        changed(
            one,
            options=tuple(
                o.model_copy(
                    update={"text": o.text + (" gladly" if o.polarity == "aligned" else "")}
                )
                for o in one.options
            ),
        )
        for one in OURS[:220]
    ]
    assert not balance.polarity_by_words(told).holds


def test_wording_that_gives_the_intensity_away_is_found() -> None:
    said = {"mild": " a little", "moderate": " for the most part", "strong": " whole and entire"}
    told = [
        changed(
            one,
            options=tuple(
                o.model_copy(update={"text": o.text + said[str(o.intensity)]}) for o in one.options
            ),
        )
        for one in OURS[:220]
    ]
    assert not balance.intensity_by_words(told).holds


def test_of_the_first_edition_words_tell_too_much() -> None:
    for check in (balance.intensity_by_words, balance.polarity_by_words):
        assert not check(FIRST).holds


def test_a_dilemma_that_names_no_competing_good_or_no_place_is_found() -> None:
    assert not marks.competing_named([changed(ONE, competing=""), *OURS[1:]]).holds
    assert not marks.places([changed(ONE, place=""), *OURS[1:]]).holds


def test_too_many_dilemmas_in_one_class_of_place_are_found() -> None:
    moved = [changed(one, place="home") for one in OURS[:100]] + OURS[100:]
    found = marks.places(moved)
    assert not found.holds
    assert "happen in the place 'home'; move some" in found.where[0]


def test_pairs_of_persona_and_dilemma_that_cannot_meet_are_counted() -> None:
    marked = changed(ONE, implausible_for=("religiosity: not at all important",))
    without = sum(
        ("religiosity", "not at all important") in {(v.key, level) for v, level in who.items()}
        for who in CULTURAL.personas
    )
    found = marks.implausible([marked, *OURS[1:10]], CULTURAL, "personas/cultural.toml")
    assert without == 4
    assert found.figure == f"{without} of 120; 1 dilemmas marked"


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("religiousity: very important", 'did you mean "religiosity"?'),
        ("religiosity: very unimportant", 'no level "very unimportant"'),
    ],
)
def test_a_mark_that_no_persona_can_have_is_refused(mark: str, said: str) -> None:
    with pytest.raises(StudyError) as told:
        marks.implausible(
            [changed(ONE, implausible_for=(mark,))], CULTURAL, "personas/cultural.toml"
        )
    assert said in str(told.value)


def test_lengths_that_give_side_or_intensity_away_are_found() -> None:
    def longer(option: Option) -> str:
        extra = {"mild": 0, "moderate": 3, "strong": 6}[str(option.intensity)]
        return option.text + " indeed" * extra

    by_intensity = [
        changed(one, options=tuple(o.model_copy(update={"text": longer(o)}) for o in one.options))
        for one in OURS[:110]
    ]
    assert not balance.intensity_by_length(by_intensity).holds
    by_side = [
        changed(
            one,
            options=tuple(
                o.model_copy(
                    update={"text": o.text + (" so" * 4 if o.polarity == "aligned" else "")}
                )
                for o in one.options
            ),
        )
        for one in OURS[:110]
    ]
    assert not balance.length_overall(by_side).holds
    assert not balance.longest(by_side).holds


def test_digital_platforms_under_social_networks_are_found() -> None:
    mine = [one for one in OURS if one.topic == "Social Networks"][:5]
    told = [changed(one, text=one.text + " It was posted on Facebook.") for one in mine]
    assert not finding([*told, *OURS[:20]], "digital platforms").holds


def test_check_works_on_a_file_of_ones_own_with_two_plain_actions(root: Path, vad: Vad) -> None:
    row = {
        "id": "mine",
        "value": "Honest",
        "topic": "Work",
        "setting": "depot",
        "text": "You run a depot. " + "The night shift is short of hands and the vans wait. " * 4,
        "options": [
            {
                "polarity": "aligned",
                "text": "I say what " + "happened here " * 6,
                "rationale": "I say it.",
            },
            {
                "polarity": "opposed",
                "text": "I say what " + "suits us all " * 6,
                "rationale": "I hide it.",
            },
        ],
    }
    (root / "mine.jsonl").write_text(json.dumps(row) + "\n")
    done = vad("scenarios", "check", "mine.jsonl")
    assert "1 dilemmas, 18 checks" in done.stdout, done.stderr
    assert done.returncode in (0, 1)


def test_the_review_has_a_row_a_dilemma_and_every_failure_was_rewritten() -> None:
    review = load_review(STUDY)
    assert list(review["id"]) == [one.id for one in FIRST]
    failed = review[~review[list(REVIEW_QUESTIONS)].all(axis=1)]
    assert (failed["changed"].fillna("") != "").all()


def test_the_rejected_drafts_are_no_part_of_the_dataset_and_differ_from_it() -> None:
    rejected = load_scenarios(STUDY, "rejected", "test")
    texts = {one.model_dump_json(exclude={"id"}) for one in [*OURS, *FIRST]}
    assert rejected
    assert not {one.model_dump_json(exclude={"id"}) for one in rejected} & texts
    review = load_review(STUDY)
    assert {one.id for one in rejected} <= {one.id for one in as_first_read(STUDY, review)}


def test_agreement_is_cohens_kappa_by_hand() -> None:
    ids = ["a", "b", "c", "d"]
    said = {question: [True, False, False, False] for question in REVIEW_QUESTIONS}
    read = {question: [True, True, False, False] for question in REVIEW_QUESTIONS}
    review = pd.DataFrame({"id": ids, "changed": ""} | read)
    judged = pd.DataFrame({"id": ids} | said)
    one = agreement(judged, review)[0]
    assert one.agree == 0.75
    assert one.kappa == pytest.approx((0.75 - 0.5) / (1 - 0.5))


def test_drafts_are_written_beside_the_dataset_and_never_over_it(root: Path, vad: Vad) -> None:
    respond(root, LONGEST)
    before = (root / "scenarios" / "dilemmas.jsonl").read_bytes()
    for _ in range(2):
        done = vad("scenarios", "generate", "--value", "Honest", "--model", "sim", "--n", "3")
        assert done.returncode == 0, done.stderr
    drafts = load_scenarios(Study(root), "drafts", "test")
    assert len({one.id for one in drafts}) == 6
    assert {one.topic for one in drafts} == set(list(TOPICS)[:3])
    assert (root / "scenarios" / "dilemmas.jsonl").read_bytes() == before
    told = vad("scenarios", "generate", "--value", "Honesty", "--model", "sim")
    assert told.returncode == 2
    assert 'did you mean "Honest"?' in told.stderr


def test_the_judge_is_asked_six_questions_and_held_against_the_review(root: Path, vad: Vad) -> None:
    respond(
        root,
        "import json\n\n\ndef answer(call):\n    return json.dumps({'reasoning': 'x'} | "
        f"dict.fromkeys({list(REVIEW_QUESTIONS)!r}, True))\n",
    )
    done = vad("scenarios", "judge", "--model", "sim", "--limit", "40")
    assert done.returncode == 0, done.stderr
    for question in REVIEW_QUESTIONS:
        assert question in done.stdout
    assert len(pd.read_csv(root / "runs" / "judge" / "sim.csv")) == 40


def test_fourteen_fields_make_one_scenario() -> None:
    signature = STUDY.module("signatures", "scenario").WriteScenario
    assert len(signature.output_fields) == 14
    fields = {name: f"I am the field {name}." for name in signature.output_fields}
    one = to_scenario("x", "Honest", "Work", fields)
    assert one.fault() is None
    assert one.options[5].text == "I am the field option_b_strong."
    assert one.options[0].rationale == "I am the field option_a_mild_reasoning."
