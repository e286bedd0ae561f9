"""Calibration: is `vad compare` right about respondents whose true difference is known?

    python -m tests.calibration --scenarios 616 --experiments 2000 --seed 2026

Each experiment draws its scenarios anew from a population of them, has the planted respondents
answer under the real dilemmas' option orders, and is compared as `vad compare` would. What its
intervals are to cover is the difference in the population, enumerated. Takes minutes.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from tests.helpers.studies import REPOSITORY
from vad.analysis.contrasts import Contrast
from vad.analysis.measures import Array
from vad.analysis.paired_tests import compare_pairs, contrast_figures
from vad.analysis.power.respondent import Orders, Respondent, answers, mean_scale, positions, truth
from vad.analysis.power.simulation import orders
from vad.analysis.resampling import MEASURES, scenario_columns
from vad.design.experiment import load_experiment
from vad.study.loader import Study

EXPERIMENT = "experiments/persona_formats.toml"
REPEATS = 3
POPULATION = 10_000
TOGETHER = 25
"""Experiments compared at a time; their scenarios take some 30 MB."""
BASELINE = Respondent()
MIDDLE = Respondent(stated=(0.3, 0.6), chosen=(0.1, 0.5), noise=0.3)
"""A persona of other habits: nearer to the middle, and less sure of itself."""


@dataclass(frozen=True)
class Population:
    """Conditions by name, the baseline first, and the scenarios they may be asked about.

    held: [conditions, 2, scenarios]; true: AR, AD and gap of each condition, [conditions, 3].
    """

    conditions: dict[str, Respondent]
    held: Array
    orders: Orders
    true: Array

    def contrasts(self) -> list[Contrast]:
        """Each condition against the baseline, and the mean of three of them, as a category."""
        single = [
            Contrast("persona", name, "baseline", True, ((place, 0),), (1.0,))
            for place, name in enumerate(self.conditions)
            if place
        ]
        pairs = tuple(one.pairs[0] for one in single[:3])
        return [*single, Contrast("category", "three", "baseline", True, pairs, (1 / 3,) * 3)]

    def differences(self) -> Array:
        """The true difference of each contrast: [contrasts, measures]."""
        return np.array(
            [
                sum(
                    weight * (self.true[a] - self.true[b])
                    for (a, b), weight in zip(one.pairs, one.weights, strict=True)
                )
                for one in self.contrasts()
            ]
        )


def population(seed: int) -> Population:
    """A twin of the baseline, a more coherent persona, and one without effect in each measure.

    The twin and the baseline change places in half of the scenarios, so that nothing at all sets
    them apart. The others without effect have other habits than the baseline and, in one measure,
    the same true figure.
    """
    experiment = load_experiment(Study(REPOSITORY), REPOSITORY / EXPERIMENT)
    _, shown = orders(experiment, experiment.conditions[0], REPEATS)
    half = (np.resize(one, (POPULATION // 2, *one.shape[1:])) for one in shown)
    values, actions = (np.concatenate([one, one]) for one in half)
    same = {f"same {measure}": MIDDLE for measure in MEASURES}
    conditions = {"baseline": BASELINE, "twin": BASELINE}
    conditions |= {"coherent": replace(BASELINE, coherence=0.6)} | same

    def held() -> Array:
        random = np.random.default_rng(seed)
        first = positions([*conditions.values()], POPULATION // 2, random)
        second = first[[1, 0, *range(2, len(first))]]
        return np.concatenate([first, second], axis=2)

    target = truth(BASELINE, held()[0], (values, actions))
    for place, measure in enumerate(MEASURES):
        row = [*conditions].index(f"same {measure}")

        def off(coherence: float, place: int = place, row: int = row, name: str = measure) -> float:
            conditions[f"same {name}"] = replace(MIDDLE, coherence=coherence)
            found = truth(MIDDLE, held()[row], (values, actions))
            return float(found[place] - target[place])

        off(brentq(off, -1, 1, xtol=1e-9))
    last = held()
    true = [
        truth(one, own, (values, actions))
        for one, own in zip(conditions.values(), last, strict=True)
    ]
    return Population(conditions, last, (values, actions), np.array(true))


def calibrate(whole: Population, scenarios: int, experiments: int, seed: int) -> pd.DataFrame:
    """A row a contrast and measure: its truth, and how often intervals and tests were right.

    Columns: contrast, measure, true, bias (mean estimate - true), covered (share of the intervals
    that hold the true difference), below and above (that miss it so), found (share with p <= .05).
    """
    random = np.random.default_rng(seed)
    scale = mean_scale(whole.orders)
    planned, wide = whole.contrasts(), len(whole.conditions)
    everyone = np.ones(scenarios, dtype=bool)
    rows = []
    for start in range(0, experiments, TOGETHER):
        some = min(TOGETHER, experiments - start)
        drawn = random.integers(0, POPULATION, some * scenarios)
        values, actions = (one[drawn] for one in whole.orders)
        added = [
            scenario_columns(*answers(one, own[:, drawn], (values, actions), random), scale)
            for one, own in zip(whole.conditions.values(), whole.held, strict=True)
        ]
        # [experiments x conditions, scenarios, columns]
        sums = np.stack([one.reshape(some, scenarios, -1) for one in added], axis=1)
        sums = sums.reshape(some * wide, scenarios, -1)
        first = range(0, some * wide, wide)
        pairs = [(base + a, base + b) for base in first for a, b in _pairs(planned)]
        compared = compare_pairs(sums, pairs, scale)
        for base in first:
            for one, truths in zip(planned, whole.differences(), strict=True):
                mine = [compared[base + a, base + b] for a, b in one.pairs]
                found = contrast_figures(one, mine, everyone)
                rows += [
                    {"contrast": one.level, "measure": measure, "true": true, **row}
                    for measure, true, row in zip(MEASURES, truths, found, strict=True)
                ]
    return _summary(pd.DataFrame(rows))


def _pairs(planned: list[Contrast]) -> list[tuple[int, int]]:
    return list(dict.fromkeys(pair for one in planned for pair in one.pairs))


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    below, above = table["high"] < table["true"], table["low"] > table["true"]
    judged = pd.DataFrame(
        {
            "contrast": table["contrast"],
            "measure": table["measure"],
            "true": table["true"],
            "bias": table["difference"] - table["true"],
            "covered": (table["low"] <= table["true"]) & (table["true"] <= table["high"]),
            "below": below,
            "above": above,
            "found": table["p"] <= 0.05,
        }
    )
    return judged.groupby(["contrast", "measure"], sort=False).mean().reset_index()


def main() -> None:
    """Print the table of a calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=616)
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    table = calibrate(population(given.seed), given.scenarios, given.experiments, given.seed)
    print(table.to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
