"""A model as judge of the dilemmas, and how far it agrees with the review made by reading.

The review failed some dilemmas, which were then rewritten. Their texts as first read stand in
`scenarios/rejected.jsonl`: with those that were never changed they are what a judge is held to.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn.metrics import cohen_kappa_score

from ...analysis.csv_files import write_csv
from ...design.option_orders import select
from ...engines.profiles import load_profile
from ...errors import StudyError
from ...study.loader import Study
from ...study.scenarios import Scenario, load_scenarios, load_values
from .calls import ask_each

REVIEW_QUESTIONS = (
    "correct_value",
    "real_tension",
    "opposed_oppose",
    "intensity_ordered",
    "harmless_equal",
    "plausible_for_all",
)


@dataclass(frozen=True)
class Agreement:
    """One question: shares of yes and Cohen's kappa (NaN where both sides always say the same)."""

    question: str
    review_yes: float
    judge_yes: float
    agree: float
    kappa: float


def judge(
    study: Study, model: str, limit: int | None, seed: int, out: Path
) -> tuple[pd.DataFrame, list[Agreement]]:
    """Ask a model the six questions about the reviewed dilemmas and hold it against the review.

    Writes a row a text to `out`. Judged are the dilemmas that stand as they were first read, and
    the rejected drafts; `scenarios/review_1.csv` has the reading of both.
    """
    profile = load_profile(study, model, "--model")
    values = load_values(study)
    review = load_review(study)
    scenarios = select(as_first_read(study, review), seed, limit)
    signature = study.module("signatures", "judge").JudgeScenario
    asked = [
        {
            "value": one.value,
            "definition": values[one.value].definition,
            "topic": one.topic,
            "scenario": one.text,
            "options": _options(one),
        }
        for one in scenarios
    ]
    answers = ask_each(study, profile, signature, asked, seed, study.root / "runs" / "engine.log")
    rows = [
        {"id": one.id}
        | {q: answer.fields[q] for q in REVIEW_QUESTIONS}
        | {"reasoning": answer.fields["reasoning"]}
        for one, answer in zip(scenarios, answers, strict=True)
        if answer.fields is not None
    ]
    judged = pd.DataFrame(rows, columns=["id", *REVIEW_QUESTIONS, "reasoning"])
    out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(judged, out)
    return judged, agreement(judged, review)


def as_first_read(study: Study, review: pd.DataFrame) -> list[Scenario]:
    """The texts the review was made on: dilemmas never changed, and rejected drafts."""
    unchanged = set(review[review["changed"].fillna("") == ""]["id"])
    kept = [one for one in load_scenarios(study, "dilemmas_1", "scenarios") if one.id in unchanged]
    return kept + load_scenarios(study, "rejected", "scenarios")


def agreement(judged: pd.DataFrame, review: pd.DataFrame) -> list[Agreement]:
    """Cohen's kappa a question, over the texts that both have read."""
    both = judged.merge(review, on="id", suffixes=("_judge", "_review"))
    found = []
    for question in REVIEW_QUESTIONS:
        said = both[f"{question}_judge"].astype(bool)
        read = both[f"{question}_review"].astype(bool)
        kappa = float(cohen_kappa_score(read, said)) if len(both) else float("nan")
        found.append(
            Agreement(
                question,
                float(read.mean()),
                float(said.mean()),
                float((read == said).mean()),
                kappa,
            )
        )
    return found


def load_review(study: Study) -> pd.DataFrame:
    """`scenarios/review_1.csv` with yes and no as booleans; StudyError if a column is missing."""
    path = study.root / "scenarios" / "review_1.csv"
    if not path.is_file():
        raise StudyError(study.place(path), "there is no review to hold a judge against")
    review = pd.read_csv(path, dtype=str)
    missing = {"id", "changed", *REVIEW_QUESTIONS} - set(review)
    if missing:
        raise StudyError(f"{study.place(path)}: {min(missing)}", "the column is missing")
    for question in REVIEW_QUESTIONS:
        review[question] = review[question].map({"yes": True, "no": False})
    return review


def _options(scenario: Scenario) -> str:
    return "\n".join(
        f"- {option.polarity} {option.intensity or ''}: {option.text}"
        for option in scenario.options
    )
