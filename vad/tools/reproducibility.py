"""Verify: a sample of a run's trials asked again, and what their differences do to its figures.

A trial's seed follows from its key, so an engine that computes the same number twice gives the same
answer twice. Few do: what is batched together decides how sums are rounded. The share of answers
that come out equal is measured here, and from it the noise floor: how far AR and AD of a condition
move if all of its answers were asked again.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from ..analysis.measures import Array, alignment_distance, alignment_rate
from ..analysis.results import Run
from ..design.trials import Conversation, Plan
from ..errors import StudyError
from ..runs.resume import next_folder, same_plan
from ..runs.run import Show, answer_plan, prepare_run
from ..runs.store.reader import open_manifest, read_table
from ..study.hashing import digest
from ..study.loader import Study

REDRAWS = 200


@dataclass(frozen=True)
class Verified:
    """What came of asking again.

    pairs: a row a trial: question, `before` and `again` (scores, NaN unreadable), `same_answer`
    (option, or both unreadable) and `same_text`. noise: a row a condition: its AR and AD, and the
    standard deviation of each over redraws of all its answers. before, now: what answered, with
    its version.
    """

    folder: Path
    pairs: pd.DataFrame
    noise: pd.DataFrame
    before: dict[str, str]
    now: dict[str, str]

    def share(self, column: str) -> tuple[float, float, float]:
        """The share of trials of which `same_answer` or `same_text` holds, with its exact 95%
        interval (Clopper and Pearson, 1934)."""
        same = self.pairs[column]
        found = binomtest(int(same.sum()), len(same)).proportion_ci(0.95, "exact")
        return float(same.mean()), float(found.low), float(found.high)


def verify(run: Run, study: Study, runs: Path, sample: int, seed: int, show: Show) -> Verified:
    """Ask `sample` trials of a run again, in a new folder `<run>-verify`; the run stays as it is.

    Raises StudyError if the run has no answers or what they depend on has changed since.
    """
    rows = run.responses()
    plan = same_plan(run.folder, study)
    asked = _sample(plan, set(rows["trial"]), sample, seed)
    folder = next_folder(runs, f"{run.folder.resolve().name}-verify")
    outcome = answer_plan(prepare_run(replace(plan, conversations=asked), folder), None, show)
    pairs = _pairs(rows, read_table(outcome.folder, "responses"))
    versions = [_versions(run.manifest), _versions(open_manifest(outcome.folder))]
    return Verified(outcome.folder, pairs, noise_floor(run, pairs, seed), *versions)


def noise_floor(run: Run, pairs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """AR and AD of each condition, and how far they move when every answer is asked again.

    Each answer is replaced by what one with its question and score became in `pairs` (one whose
    score the sample lacks stays), 200 times; the standard deviation over these.
    Columns: those of the conditions, ar, ar_noise, ad, ad_noise.
    """
    answers, random = run.answers, np.random.default_rng(seed)
    part = answers.grouped(answers.conditions)
    table = answers.items.iloc[part.first][answers.conditions].reset_index(drop=True)
    both = {"value": answers.values, "action": answers.actions}
    figures = np.array([_figures(both, part.of == place) for place in range(part.n)])
    drawn = np.empty((REDRAWS, *figures.shape))
    for number in range(REDRAWS):
        again = {
            name: _redrawn(scores, pairs[pairs["question"] == name], random)
            for name, scores in both.items()
        }
        drawn[number] = [_figures(again, part.of == place) for place in range(part.n)]
    spread = drawn.std(axis=0, ddof=1)
    for place, name in enumerate(("ar", "ad")):
        table[name], table[f"{name}_noise"] = figures[:, place], spread[:, place]
    return table


def _redrawn(scores: Array, pairs: pd.DataFrame, random: np.random.Generator) -> Array:
    again = scores.copy()
    before, became = pairs["before"].to_numpy(float), pairs["again"].to_numpy(float)
    for level in np.unique(before):
        cells, like = (
            np.isnan(each) if np.isnan(level) else each == level for each in (scores, before)
        )
        again[cells] = random.choice(became[like], int(cells.sum()))
    return again


def _figures(both: dict[str, Array], chosen: Any) -> tuple[float, float]:
    values, actions = both["value"][chosen], both["action"][chosen]
    return alignment_rate(values, actions), alignment_distance(values, actions)


def _sample(plan: Plan, answered: set[str], sample: int, seed: int) -> list[Conversation]:
    """Whole conversations, by a seeded order, until they hold `sample` trials; none twice."""
    different = {
        one.trials[0].key: one
        for one in plan.conversations
        if all(trial.key in answered for trial in one.trials)
    }
    chosen, count = set(), 0
    for key in sorted(different, key=lambda key: digest(seed, key)):
        if count >= sample:
            break
        chosen.add(key)
        count += len(different[key].trials)
    if not chosen:
        raise StudyError("--sample", "the run has no answer to ask for again")
    return [one for key, one in different.items() if key in chosen]


def _pairs(before: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    once, twice = before.drop_duplicates("trial"), again.drop_duplicates("trial")
    joined = once.merge(twice, on="trial", suffixes=("", "_again"))
    read, read_again = joined["valid"].astype(bool), joined["valid_again"].astype(bool)
    same = (read & read_again & (joined["option"] == joined["option_again"])) | ~(read | read_again)
    return pd.DataFrame(
        {
            "trial": joined["trial"],
            "question": joined["question"],
            "before": joined["score"],
            "again": joined["score_again"],
            "same_answer": same,
            "same_text": joined["text"] == joined["text_again"],
        }
    )


def _versions(manifest: dict[str, Any]) -> dict[str, str]:
    found = {"vad": str(manifest.get("vad"))}
    for engine in manifest.get("engines", {}).values():
        found |= engine.get("versions", {})
    return found
