"""The page: what it says of a run, and that prompts and answers are in it as they were."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Hashable, Iterator
from html.parser import HTMLParser
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.helpers.odd_study import ODD, odd_run
from tests.helpers.run_folders import persona, random_scores, rows, write_run
from tests.helpers.studies import REPOSITORY, ask
from vad.analysis.results import Run, open_run
from vad.errors import StudyError
from vad.report.page.findings import findings
from vad.report.page.numbering import number_run
from vad.report.page.page import page, write_page
from vad.report.page.raw_answers import answer_texts
from vad.report.page.run_account import asked
from vad.report.published import beside
from vad.report.report import make_report
from vad.runs.guarantee.certificate import Certificate
from vad.study.loader import Study

Identity = tuple[Any, ...]
Text = Callable[[int], str]


class Reader(HTMLParser):
    """What a browser would take for scripts, and what it would show as text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.shown = ""
        self.tags: set[str] = set()
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside = tag
        if tag == "script":
            self.scripts.append((dict(attributes), ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self.inside != "style":
            self.shown += data

    def pack(self, name: str) -> Any:
        """The content packed under a name."""
        found = [text for one, text in self.scripts if one.get("id") == f"packed-{name}"]
        return json.loads(gzip.decompress(base64.b64decode(found[0])))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return odd_run(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def written(odd: Run) -> str:
    return page(make_report(odd))


@pytest.fixture(scope="module")
def read(written: str) -> Reader:
    return Reader(written)


def scenarios(reader: Reader) -> list[dict[str, Any]]:
    names = reader.pack("cells")["scenarios"]["scenario"]
    return [reader.pack(f"scenario-{place}") for place in range(len(names))]


def answers(reader: Reader) -> Iterator[tuple[Identity, dict[str, Any], Text]]:
    """Every answer in the page: what identifies it, itself, and how its texts are looked up."""
    cells, shared = reader.pack("cells"), reader.pack("blocks")
    conditions = pd.DataFrame(cells["conditions"])
    for name, one in zip(cells["scenarios"]["scenario"], scenarios(reader), strict=True):
        mine = [text for answer in one["answers"] for text in answer["blocks"]]

        def text(number: int, own: list[str] = mine) -> str:
            return own[-1 - number] if number < 0 else shared[number]

        for answer in one["answers"]:
            of = conditions.loc[answer["condition"], ["format", "persona"]]
            yield (*of, name, answer["question"], answer["repeat"]), answer, text


def kept(run: Run) -> dict[Identity, dict[Hashable, Any]]:
    """Every response of the run by what identifies it."""
    table = run.responses()
    table = table.astype(object).where(table.notna(), None)
    names = ["format", "persona", "scenario", "question", "repeat"]
    return {tuple(row[name] for name in names): row for row in table.to_dict("records")}


def test_every_prompt_in_the_page_is_the_messages_as_they_were_sent(odd: Run, read: Reader) -> None:
    in_page = {
        identity: [
            [
                {"role": role, "content": "\n\n".join(map(text, numbers))}
                for role, numbers in call["messages"]
            ]
            for call in answer["calls"]
        ]
        for identity, answer, text in answers(read)
    }
    calls = odd.calls().to_dict("records")
    sent = {key: call["messages"] for call in calls for key in call["trials"]}
    assert in_page == {
        identity: [json.loads(sent[row["trial"]])] for identity, row in kept(odd).items()
    }
    assert all(ODD in calls[0][-1]["content"] for calls in in_page.values())


def test_every_answer_in_the_page_is_the_row_it_was_kept_as(odd: Run, read: Reader) -> None:
    told = ("letter", "option", "score", "problem", "reasoning")
    in_page = {
        identity: {**{name: answer.get(name) for name in told}, "text": text(answer["text"])}
        for identity, answer, text in answers(read)
    }
    rows = kept(odd)
    assert in_page == {
        identity: {name: row[name] for name in (*told, "text")}
        | {"score": None if row["score"] is None else pytest.approx(row["score"])}
        for identity, row in rows.items()
    }
    assert {"prose around", None} == {row["problem"] for row in in_page.values()}


def test_text_that_looks_like_markup_or_script_stays_text(read: Reader) -> None:
    code = [text for attributes, text in read.scripts if not attributes]
    assert len(code) == len([one for one in read.scripts if "id" not in one[0]])
    assert not any("broken in" in text for text in code)
    assert "img" not in read.tags
    assert 'Is <b>bold</b> & "quoted" text shown as it is?' in read.shown
    assert all(one["dilemma"].endswith(ODD) for one in scenarios(read))


def test_the_page_may_load_nothing_and_runs_only_its_own_scripts(written: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', written)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-[A-Za-z0-9+/=]{44}' ?)+", rules["script-src"])
    assert {*rules} == {"default-src", "style-src", "script-src"}
    assert not re.search(r'\b(src|srcset|poster|action|data)="', written.split("<script")[0])


def test_a_page_grows_slowly_enough_for_48048_answers_in_25_megabytes(
    odd: Run, read: Reader
) -> None:
    packed = sum(len(text) for attributes, text in read.scripts if "id" in attributes)
    assert packed / len(odd.responses()) < (25e6 - 2e6) / 48_048


def test_a_raw_answer_stands_beside_its_reasoning_where_gzip_keeps_the_two_once(
    read: Reader,
) -> None:
    new = 0
    for one in scenarios(read):
        before: set[str] = set()
        for answer in one["answers"]:
            (raw,) = (text for text in answer["blocks"] if text.startswith(("{", "Sure!")))
            assert (answer["reasoning"] or ODD) in json.loads(raw.removeprefix("Sure! "))[
                "reasoning"
            ]
            assert not before & {*answer["blocks"]}
            before |= {*answer["blocks"]}
            new += 1
    assert new == len(read.pack("cells")["conditions"]["persona"]) * 8 * 2 * 3


def test_at_opening_no_dilemma_prompt_or_raw_answer_is_unpacked(read: Reader) -> None:
    one = scenarios(read)[0]
    brought = [text for answer in one["answers"] for text in answer["blocks"]]
    for text in (one["dilemma"], *brought, *read.pack("blocks")):
        assert text not in read.shown
    packed = {at["id"] for at, _ in read.scripts if "id" in at}
    opened = {"packed-cells", "packed-charts"}
    assert packed - opened == {"packed-blocks", *(f"packed-scenario-{at}" for at in range(8))}


def test_missing_answers_are_counted_by_kind_and_condition(odd: Run) -> None:
    counted = asked(number_run(odd))
    responses = odd.responses()
    unread = int((~responses["valid"]).sum())
    assert counted.kinds == ["prose around"]
    assert counted.total["asked"] == 8 * 2 * 3 * (1 + 3 + 3)
    assert counted.total["missing"] == counted.total["prose around"] == unread > 0
    assert counted.rows[0]["asked"] == 8 * 2 * 3
    assert counted.still_open == 0


@pytest.mark.parametrize("guarantee", ["by construction", "validated, not guaranteed"])
def test_what_is_only_validated_is_said_to_be_wherever_the_page_says_that_answers_can_be_read(
    tmp_path: Path, guarantee: str
) -> None:
    said, done = random_scores(1, 12, missing=0.1), random_scores(2, 12)
    run = open_run(write_run(tmp_path / "x", rows(said, done), persona("m_1", done, done)))
    outcome = {"answers": 144, "parsed": 140, "unreadable": 4}
    run.manifest["certificates"] = {
        "sim": Certificate("sim", guarantee=guarantee, outcome=outcome).to_json()
    }
    report = make_report(run)
    shown = Reader(page(report)).shown
    validated = guarantee != "by construction"
    for sentence in (
        "sim: validated, not guaranteed: 4 of 144 answers invalid, kept and counted as missing.",
        "Validated, not guaranteed. The provider of this model takes a JSON schema alone",
        "Answers of sim are validated, not guaranteed",
    ):
        assert (sentence in shown) is validated
    for sentence in (
        "Under a constraint every answer is readable by construction.",
        "Decoding was constrained to a finite language",
    ):
        assert (sentence in shown) is not validated
    assert {*report.tables["missing"]["guarantee"]} == {guarantee}


def test_a_scenario_file_changed_since_the_run_is_not_shown_for_what_was_asked(
    tmp_path: Path,
) -> None:
    run = odd_run(tmp_path)
    path = tmp_path / "scenarios" / "odd.jsonl"
    path.write_text(path.read_text().replace("You ", "Thou "))
    reader = Reader(page(make_report(open_run(run.folder))))
    assert all(one["dilemma"] is None and one["actions"] == [] for one in scenarios(reader))
    assert all(answer["calls"] for one in scenarios(reader) for answer in one["answers"])
    assert "they are read in the prompts" in reader.shown


def test_answers_taken_over_from_another_run_bring_their_prompts(tmp_path: Path) -> None:
    odd_run(tmp_path)
    again = (tmp_path / "experiments" / "odd.toml").read_text().replace('"explicit", ', "")
    second = open_run(ask(tmp_path, "again", again).folder)
    assert set(second.responses()["reused"]) == {"odd"}
    found = answer_texts(number_run(second))
    answers = [answer for one in found.scenarios for answer in one["answers"]]
    assert all(answer["reused"] == "odd" and answer["calls"] for answer in answers)


def test_a_run_with_one_condition_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    odd_run(tmp_path)
    text = (tmp_path / "experiments" / "odd.toml").read_text()
    alone = text.replace('["none", "explicit", "numeric"]', '["none"]')
    one = open_run(ask(tmp_path, "alone", alone).folder)
    shown = Reader(write_page(make_report(one)).read_text()).shown
    assert "comparisons: holds one condition; there is nothing to compare it with" in shown


def test_a_run_of_one_question_is_refused_in_one_message(tmp_path: Path) -> None:
    table = rows(random_scores(1, 4), random_scores(2, 4))
    run = open_run(write_run(tmp_path / "half", table[table["question"] == "value"]))
    with pytest.raises(StudyError, match="no row answers the action question"):
        make_report(run)


def test_a_difference_is_told_with_its_size_its_interval_and_its_p(tmp_path: Path) -> None:
    stated = random_scores(1, 40)
    table = open_run(
        write_run(
            tmp_path / "x",
            rows(stated, random_scores(2, 40)),
            persona("moderate_1", stated, stated),
        )
    ).compare()
    (one,) = findings(table).each
    row = table[(table["family"] == "primary")].iloc[0]
    assert one.verdict == "smaller"
    assert f"smaller by {-row['difference']:.3f} (95% interval {-row['high']:.3f}" in one.said
    assert f"0.000 against {row['reference_figure']:.3f}" in one.said
    assert one.corrected.startswith("Corrected for chance, values and actions are nearer")


def test_a_category_of_one_persona_is_compared_once_and_told_of_each_factor_level(
    tmp_path: Path,
) -> None:
    tables = [
        table.assign(temperature=level)
        for level in (0.2, 1.0)
        for table in (
            rows(random_scores(1, 12), random_scores(2, 12)),
            persona("moderate_1", random_scores(3, 12), random_scores(4, 12)),
        )
    ]
    vary: dict[str, list[Any]] = {"format": ["none", "explicit"], "temperature": [0.2, 1.0]}
    run = open_run(write_run(tmp_path / "x", *tables, **vary))
    table = run.compare()
    assert not table.loc[:, "factor":"measure"].duplicated().any()
    groups = [name for name, _ in findings(table).groups()]
    assert groups == ["temperature 0.2", "temperature 1.0", ""]
    assert "Temperature 1.0 against 0.2" in Reader(page(make_report(run))).shown


def test_personas_without_a_category_are_shown_each_by_name(tmp_path: Path) -> None:
    people = [
        persona(name, random_scores(at, 6), random_scores(at + 9, 6), category="")
        for at, name in enumerate(("egypt", "india"))
    ]
    run = open_run(write_run(tmp_path / "x", *people))
    reader = Reader(page(make_report(run)))
    assert reader.pack("cells")["who"] == "persona"
    assert "ad_by_persona" in reader.pack("charts")["figures"]
    assert "there is no baseline to hold against" in reader.shown


def comparison(**figures: float) -> pd.DataFrame:
    """A table with one planned comparison; figures of its distance, then of its corrected gap."""
    shared = {"factor": "category", "level": "maximal", "reference": "baseline", "model": "m"}
    shared |= {"persona": "(all)", "category": "maximal", "within": "all", "part": "(all)"}
    ad = {"figure": 0.5, "reference_figure": 0.6, "difference": -0.1, "low": -0.2, "high": 0.0}
    ad |= {"adjusted": 0.03, "detectable": 0.14, "missing": 0}
    gap = {"difference": 0.01, "low": -0.05, "high": 0.07, "adjusted": 0.8}
    ad |= {key: one for key, one in figures.items() if key in ad}
    gap |= {key[4:]: one for key, one in figures.items() if key.startswith("gap_")}
    return pd.DataFrame(
        [
            {"family": "primary", **shared, "measure": "AD", **ad},
            {"family": "exploratory", **shared, "measure": "gap", **gap},
        ]
    )


def test_a_smaller_distance_without_a_better_corrected_gap_is_not_sold_as_coherence() -> None:
    (one,) = findings(comparison()).each
    assert "milder answers alone may have narrowed the distance" in one.corrected
    (other,) = findings(comparison(gap_difference=-0.1, gap_adjusted=0.01)).each
    assert "on the contrary, values and actions are further apart" in other.corrected


def test_what_no_comparison_shows_is_said_to_be_unshown() -> None:
    found = findings(comparison(adjusted=0.2))
    assert found.each[0].said.startswith("no difference is shown")
    assert "One of 0.140 would have been seen four times in five" in found.each[0].said
    assert found.lead.startswith("In 1 of 1 planned comparisons no difference")


def test_where_no_scenario_counts_nothing_is_said() -> None:
    gone = dict.fromkeys(["figure", "difference", "low", "high", "adjusted"], nan)
    found = findings(comparison(**gone, **{f"gap_{key}": nan for key in ("difference", "low")}))
    assert found.each[0].said == "nothing can be said: no scenario counts on both sides."
    assert found.each[0].corrected == "Corrected for chance nothing can be said."
    assert found.lead == "In 1 of 1 planned comparisons nothing can be said."


def test_published_figures_stand_beside_the_same_model_format_category_and_personas(
    odd: Run,
) -> None:
    rows = pd.DataFrame(
        {
            "model": ["gpt-oss-20b", "gpt-oss-20b", "gpt-oss-20b", "other"],
            "format": ["explicit", "explicit", "bold", "explicit"],
            "category": ["maximal", "moderate", "maximal", "maximal"],
            "personas": [4, 1, 4, 4],
        }
    )
    first = {"scenarios": "dilemmas_1", "personas": "cultural_1"}
    settings = odd.manifest["settings"]

    def run_on(files: dict[str, str]) -> Run:
        return Run(odd.folder, odd.study, odd.manifest | {"settings": settings | files})

    found = beside(rows, run_on(first))
    assert found["published AD"].tolist() == pytest.approx([0.546, nan, nan, nan], nan_ok=True)
    assert found["published AR"].tolist() == pytest.approx([0.767, nan, nan, nan], nan_ok=True)
    assert "own 616 dilemmas" in found["source"][0]
    # Where personas have no category, no figure of a category is theirs.
    assert beside(rows.drop(columns="category"), run_on(first))["published AD"].isna().all()
    # They were found with the first edition: beside another set, or other personas, none stands.
    for files in (first | {"scenarios": "dilemmas"}, first | {"personas": "cultural"}):
        assert beside(rows, run_on(files))["published AD"].isna().all()
    assert beside(rows, Run(odd.folder, None, odd.manifest))["published AD"].isna().all()


def test_the_published_figures_show_what_their_publication_says_of_them() -> None:
    table = pd.read_csv(REPOSITORY / "experiments" / "published.csv")
    assert len(table) == 6 * 4
    ad, ar = (table.pivot(index="model", columns="category", values=one) for one in ("AD", "AR"))
    assert [*ad.idxmin(axis=1)] == ["moderate"] * 6
    assert [*(ar["moderate"] < ar["baseline"])] == [True] * 6


def test_a_published_file_that_lacks_a_column_is_refused(odd: Run, study: Study) -> None:
    run = Run(odd.folder, study, odd.manifest)
    path = study.root / "experiments" / "published.csv"
    path.write_text("model,AD,AR\nsim,.5,.6\n")
    with pytest.raises(StudyError, match=r"published.csv\n  lacks the column `source`"):
        beside(pd.DataFrame({"model": ["sim"]}), run)
    path.write_text("modell,AD,AR,source\nsim,.5,.6,here\n")
    with pytest.raises(StudyError, match='no column of a condition "modell"'):
        beside(pd.DataFrame({"model": ["sim"]}), run)


def test_the_methods_bear_the_numbers_of_the_run(odd: Run, read: Reader) -> None:
    parsed = int(odd.responses()["valid"].sum())
    assert (
        "8 dilemmas (4 values, 2 topics) were put to sim, as 3 personas and without one: "
        "7 conditions (format: explicit and numeric)." in read.shown
    )
    assert f"Of 336 answers {parsed} ({parsed / 336:.2%}) could be read" in read.shown
    # Two categories in each of two formats, and each format against none.
    assert "Holm-adjusted over the 6 planned comparisons" in read.shown
