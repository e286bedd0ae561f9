"""The second study, ValueActionLens, run and scored by the engine that runs the first.

The released answers are one model's. Its task 1 rows are as released; its task 2 rows are rebuilt
from the published list of misaligned cases and margins. That the published figures come out shows
that formula and pipeline are right, not that the experiment repeats.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.released import COUNTRIES, RELEASED, needs_released
from tests.helpers.respondents import respond
from tests.helpers.studies import REPOSITORY, ask
from vad.analysis.results import open_run
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.runs.store.folder import RunFolder
from vad.runs.store.reader import read_table
from vad.runs.store.schema import RESPONSES
from vad.study.loader import Study, find_study
from vad.study.personas import Category, load_personas
from vad.study.scenarios import load_scenarios, load_topics, load_values
from vad.tools.curation.importing import import_scenarios
from vad.tools.curation.scenario_checks import check_dilemmas

STUDY = find_study(REPOSITORY)
TOPICS = {
    "Family & Changing Gender Roles": "Family",
    "Work Orientation": "Work",
    "Leisure Time and Sports": "Leisure",
    "Health and Health Care": "Health",
}


def slug(country: str) -> str:
    return country.lower().replace(" ", "_")


@pytest.fixture(scope="module")
def released() -> pd.DataFrame:
    table = pd.read_csv(RELEASED / "long_gemma-2-9b-it.csv.gz", low_memory=False)
    return table.assign(topic=table["topic"].replace(TOPICS))


def digits() -> dict[str, float]:
    expected = json.loads((RELEASED / "expected.json").read_text())
    order = expected["published"]["country_order"]
    f1 = expected["reproduced"]["gemma-2-9b-it"]["f1_country"]
    return {country: f1[short] for country, short in zip(COUNTRIES, order, strict=True)}


def test_the_experiment_is_twelve_countries_eight_prompts_and_a_list_a_topic() -> None:
    path = REPOSITORY / "experiments" / "value_action_lens.toml"
    plan = make_plan(load_experiment(STUDY, path))
    assert len(plan.trials) == 12 * 56 * 2 * 8
    assert len(plan.conversations) == 12 * 8 * (1 + 56)
    egypt = [one for one in plan.conversations if "Egypt" in one.inputs["persona"]]
    lists = [one for one in egypt if one.part.many]
    assert [len(one.trials) for one in lists] == [56] * 8
    assert len({(one.inputs["question"], one.trials[0].order) for one in lists}) == 8
    assert ["like me" in one.inputs["options"] for one in lists] == [False, False, False, True] * 2
    pair = [one for one in egypt if one.trials[0].scenario.id == "wealth--work"][-8:]
    prompts = {
        (one.inputs["question"], one.trials[0].order, len(one.part.signatures[0].output_fields))
        for one in pair
    }
    assert len(prompts) == 2 * 2 * 2


def test_a_list_of_56_is_one_object_with_each_value_once_in_order() -> None:
    path = REPOSITORY / "experiments" / "value_action_lens.toml"
    plan = make_plan(load_experiment(STUDY, path))
    longest = json.loads(plan.conversations[0].part.languages[0].longest)
    assert list(longest["value"]) == list(load_values(STUDY))
    assert list(longest) == ["value"]


def test_the_countries_have_one_variable_and_no_place_on_any_axis() -> None:
    countries = load_personas(STUDY, "countries", "test")
    assert sorted(one.beliefs[0][1] for one in countries.personas) == sorted(COUNTRIES)
    assert all(one.place() == {} == one.opposition() for one in countries.personas)
    (told,) = Category(place_at_least=0.5).faults(countries.personas[0])
    assert "it has no place" in told


def test_our_own_pairs_keep_every_rule_that_a_bare_choice_has() -> None:
    pairs = load_scenarios(STUDY, "pairs", "test")
    assert [one.value for one in pairs] == list(load_values(STUDY))
    assert {one.topic for one in pairs} == {"Work"}
    found = check_dilemmas(pairs, load_values(STUDY), load_topics(STUDY))
    assert [one.name for one in found if not one.holds] == []
    assert len({option.text for one in pairs for option in one.options}) == 112


def laid_out(released: pd.DataFrame, folder: Path) -> Path:
    """The released answers as a run's responses: each with a letter, an order, a score."""
    value = released["task"] == 1
    likert = released["likert"].where(released["likert"].between(1, 4))
    end = ((likert - 1) / 3).where(value, released["normalized"])
    side = released["normalized"].map({0: "A", 1: "B"})
    letter = likert.map(lambda one: "" if pd.isna(one) else str(int(one))).where(value, side)
    rows = pd.DataFrame(
        {
            "trial": [f"{number:x}" for number in range(len(released))],
            "model": released["model"],
            "program": "lens",
            "format": "country",
            "persona": released["country"].map(slug),
            "category": "",
            "decoding": "free",
            "adapter": "plain",
            "scenario": released["country"] + released["topic"] + released["value"],
            "value": released["value"],
            "topic": released["topic"],
            "question": value.map({True: "value", False: "action"}),
            "repeat": released["prompt_index"],
            "order": [[0, 1, 2, 3] if one else [0, 1] for one in value],
            "letter": letter.where(end.notna(), None),
            "score": 1 - 2 * end,
            "valid": end.notna(),
        }
    )
    run_folder = RunFolder(folder, [])
    whole = rows.reindex(columns=list(RESPONSES)).astype(object)
    run_folder.add("gemma", whole.where(whole.notna(), None).to_dict("records"), [])  # type: ignore[arg-type]
    run_folder.flush()
    run_folder.write_manifest(
        {
            "experiment": "experiments/value_action_lens.toml",
            "vary": {},
            "personas": {slug(country): {"country": country} for country in COUNTRIES},
        }
    )
    run_folder.close()
    return folder


def table(vad: Vad, folder: Path) -> dict[str, dict[str, Any]]:
    """What `vad score RUN --convention shen2025 --by country` says, by country."""
    scored = vad(
        "score", str(folder), "--convention", "shen2025", "--by", "country", "--json", timeout=300
    )
    assert scored.returncode == 0, scored.stderr
    return {row["country"]: row for row in json.loads(scored.stdout)["groups"]}


@needs_released
def test_the_released_answers_in_our_layout_give_the_published_country_table(
    released: pd.DataFrame, tmp_path: Path, vad: Vad
) -> None:
    found = table(vad, laid_out(released, tmp_path / "gemma"))
    published = json.loads((RELEASED / "expected.json").read_text())["published"]
    assert [round(found[name]["ar"], 2) for name in COUNTRIES] == published["table3_f1_country"]
    for name, figure in digits().items():
        assert found[name]["ar"] == pytest.approx(figure, abs=6e-7)
    opened = open_run(tmp_path / "gemma").scores("shen2025", by="country").set_index("country")
    assert opened["ar"].to_dict() == {name: row["ar"] for name, row in found.items()}
    assert sum(row["filled"] for row in found.values()) == 63
    assert sum(row["cells"] for row in found.values()) == 132


RESPONDENT = '''
"""Says again, prompt by prompt, what the model said whose answers were released."""

import json
import re

import pandas as pd

ANSWERS = {answers!r}
PAIRS = {pairs!r}
TOPICS = {topics!r}

rows = pd.read_csv(ANSWERS, low_memory=False)
rows["topic"] = rows["topic"].replace(TOPICS)
place = ["country", "topic", "value"]
stated = {{
    key: list(zip(mine["value"], mine["status"], mine["likert"]))
    for key, mine in rows[rows["task"] == 1].groupby(["country", "topic", "prompt_index"])
}}
done = rows[rows["task"] == 2].set_index(place)["normalized"].to_dict()
pairs = {{}}
for line in open(PAIRS):
    one = json.loads(line)
    for option in one["options"]:
        pairs[one["persona"], option["text"]] = (one["topic"], one["value"], option["polarity"])
WAYS = ("should guide", "I hold to", "dear to you", "like you")


def answer(call):
    text = call.messages[-1]["content"]
    country = re.search(r"I live in (?:the )?([A-Za-z ]+)\\.", text)[1]
    options = dict(re.findall(r"^([1-4AB])\\. (.+)$", text, re.MULTILINE))
    if "A" in options:
        who = country.lower().replace(" ", "_")
        topic, value, polarity = pairs[who, options["A"]]
        wanted = "opposed" if done[country, topic, value] else "aligned"
        chosen = {{"action": "A" if polarity == wanted else "B"}}
        return json.dumps(chosen | ({{"reasoning": "So."}} if '"reasoning"' in text else {{}}))
    topic = re.search(r"topic(?: is)?:? \\(?([A-Z][A-Za-z ]+)", text)[1]
    way = next(n for n, words in enumerate(WAYS) if words in text)
    levels = ["strongly agree", "agree", "disagree", "strongly disagree"]
    backwards = "dis" in options["1"] or options["1"].startswith("not")
    said = stated[country, topic, way + 4 * backwards]
    if said[0][1] == "unparseable_call":
        return "I would rather say it in words."
    kept = {{value: int(likert) for value, status, likert in said if status != "missing_key"}}
    if backwards:
        kept = {{value: 5 - likert if likert < 5 else 5 for value, likert in kept.items()}}
    return json.dumps({{"value": kept}})
'''


@needs_released
@pytest.mark.parametrize(
    "countries",
    [["United States"], pytest.param(COUNTRIES, marks=pytest.mark.slow)],
    ids=["one country", "all countries"],
)
def test_a_respondent_that_answers_as_the_model_did_gives_its_published_figures_through_it_all(
    countries: list[str], released: pd.DataFrame, root: Path, vad: Vad
) -> None:
    import_scenarios(Study(root), "via", RELEASED / "via_full.zip", "via")
    respond(
        root,
        RESPONDENT.format(
            answers=str(RELEASED / "long_gemma-2-9b-it.csv.gz"),
            pairs=str(root / "scenarios" / "via.jsonl"),
            topics=TOPICS,
        ),
    )
    shipped = (root / "experiments" / "value_action_lens.toml").read_text()
    text = (
        shipped.replace('"pairs"', '"via"')
        + 'model = "sim"\ndecoding = "free"\n[only]\npersonas = '
        + json.dumps([slug(name) for name in countries])
    )
    outcome = ask(root, "lens", text)
    rows = read_table(outcome.folder, "responses")
    mine = released[released["country"].isin(countries)]
    stated = mine[mine["task"] == 1]
    bare = int((mine["status"] == "missing_dataset").sum())
    assert len(rows) == len(countries) * 11 * 56 * 8 * 2 - bare * 8
    problems = rows["problem"].value_counts()
    assert problems.get("no JSON", 0) == (stated["status"] == "unparseable_call").sum()
    assert problems.get("item not answered", 0) == (stated["status"] == "missing_key").sum()
    assert problems.get("not an option", 0) == (stated["status"] == "out_of_range").sum()
    found = table(vad, outcome.folder)
    for name in countries:
        assert found[name]["ar"] == pytest.approx(digits()[name], abs=6e-7)
    assert sum(row["filled"] for row in found.values()) == bare * 8


@pytest.mark.engine
def test_pocket_answers_lists_of_56_and_choices_of_two(root: Path, vad: Vad) -> None:
    path = root / "experiments" / "value_action_lens.toml"
    models = root / "experiments" / "models.toml"
    models.write_text(models.read_text().replace("1536", "4096"))
    path.write_text(
        path.read_text() + '[only]\npersonas = ["egypt"]\nvalues = ["Honest", "Loyal"]\n'
    )
    done = vad("run", "value_action_lens", "--model", "pocket", timeout=300)
    assert done.returncode == 0, done.stderr
    rows = read_table(root / "runs" / "value_action_lens", "responses")
    assert len(rows) == 2 * 2 * 8
    assert rows["valid"].all()
    assert len(read_table(root / "runs" / "value_action_lens", "calls")) == 8 * (1 + 2)
    assert set(table(vad, root / "runs" / "value_action_lens")) == {"Egypt"}
