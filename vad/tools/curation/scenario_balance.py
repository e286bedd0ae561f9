"""Balance: neither length nor wording tells which side an action is on, or how strong it is."""

from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from ...study.scenarios import Scenario
from .finding import Finding
from .scenario_rules import words
from .scenario_variety import by_value

ENOUGH = 50
"""Shares and classifiers are judged from this many dilemmas on."""

LENGTH_OVERALL, LENGTH_A_VALUE = 0.03, 0.12
LONGEST_ALIGNED = (0.45, 0.55)
INTENSITY_BY_LENGTH = 0.40
POLARITY_BY_WORDS = 0.60


def _lengths(scenarios: list[Scenario], side: str) -> np.ndarray:
    """Words of the options of one side, in order of intensity: [scenarios][options]."""
    return np.array(
        [
            np.mean([len(words(o.text)) for o in one.options if o.polarity == side])
            for one in scenarios
        ]
    )


def length_overall(scenarios: list[Scenario]) -> Finding:
    """Aligned and opposed actions are equally long."""
    aligned = _lengths(scenarios, "aligned").mean()
    opposed = _lengths(scenarios, "opposed").mean()
    apart = abs(aligned - opposed) / ((aligned + opposed) / 2)
    return Finding(
        "mean words, aligned and opposed, apart by",
        f"{apart:.1%} ({aligned:.2f} and {opposed:.2f})",
        f"<= {LENGTH_OVERALL:.0%}",
        bool(apart <= LENGTH_OVERALL),
    )


def length_by_value(scenarios: list[Scenario]) -> Finding:
    """They are so within each value."""
    aligned, opposed = _lengths(scenarios, "aligned"), _lengths(scenarios, "opposed")
    apart = {}
    for value, places in by_value(scenarios).items():
        a, b = aligned[places].mean(), opposed[places].mean()
        apart[value] = abs(a - b) / ((a + b) / 2)
    worst = max(apart, key=lambda value: apart[value])
    where = [
        f"{value}: {share:.1%} apart; even out its actions' lengths"
        for value, share in apart.items()
        if share > LENGTH_A_VALUE
    ]
    return Finding(
        "the same in the worst value",
        f"{apart[worst]:.1%} ({worst})",
        f"<= {LENGTH_A_VALUE:.0%}",
        not where,
        where,
    )


def longest(scenarios: list[Scenario]) -> Finding:
    """The longest of a dilemma's actions is on either side equally often."""
    share = 0.0
    for one in scenarios:
        longest = max(len(words(option.text)) for option in one.options)
        sides = [o.polarity for o in one.options if len(words(o.text)) == longest]
        share += sides.count("aligned") / len(sides)
    share /= len(scenarios)
    holds = LONGEST_ALIGNED[0] <= share <= LONGEST_ALIGNED[1]
    return Finding(
        "dilemmas whose longest action is aligned (ties shared)",
        f"{share:.1%}",
        "45-55%",
        holds or len(scenarios) < ENOUGH,
    )


def intensity_by_length(scenarios: list[Scenario]) -> Finding:
    """Guess each side's intensities from the rank of their lengths, by the rule that fits best."""
    hits: Counter[tuple[int, int]] = Counter()
    levels = ["mild", "moderate", "strong"]
    total = 0
    for one in scenarios:
        for side in ("aligned", "opposed"):
            mine = [o for o in one.options if o.polarity == side and o.intensity]
            if len(mine) != len(levels):
                continue
            total += len(levels)
            # Ties are broken by the text itself, which knows nothing of the intensity.
            ranked = sorted(mine, key=lambda option: (len(words(option.text)), option.text[::-1]))
            hits.update((place, levels.index(str(o.intensity))) for place, o in enumerate(ranked))
    if not total:
        return Finding("intensity told by length alone", "no three intensities", "-", True)
    rules = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    best = (
        max(sum(hits[place, level] for place, level in enumerate(rule)) for rule in rules) / total
    )
    return Finding(
        "intensity told by length alone (chance 33%)",
        f"{best:.1%}",
        f"<= {INTENSITY_BY_LENGTH:.0%}",
        best <= INTENSITY_BY_LENGTH or len(scenarios) < ENOUGH,
    )


def polarity_by_words(scenarios: list[Scenario]) -> dict[str, float]:
    """How often a bag-of-words logistic regression, trained on all other values, tells a value's
    aligned from its opposed actions: value -> accuracy, chance .5."""
    texts = [option.text for one in scenarios for option in one.options]
    labels = np.array([option.polarity == "aligned" for one in scenarios for option in one.options])
    group = np.array([one.value for one in scenarios for _ in one.options])
    counts = CountVectorizer(binary=True, min_df=2).fit_transform(texts).astype(np.float64)
    accuracy = {}
    for value in dict.fromkeys(group):
        test = group == value
        model = LogisticRegression(solver="liblinear").fit(counts[~test], labels[~test])
        accuracy[str(value)] = float((model.predict(counts[test]) == labels[test]).mean())
    return accuracy


def polarity_finding(scenarios: list[Scenario]) -> Finding:
    """Words that tell the sides of other values tell nothing of a value's own."""
    if len(by_value(scenarios)) < 2:
        return Finding("polarity told by wording", "one value only", "-", True)
    found = np.array(list(polarity_by_words(scenarios).values()))
    margin = 1.96 * found.std(ddof=1) / np.sqrt(len(found))
    return Finding(
        "polarity told by wording, trained on the other values (chance 50%)",
        f"{found.mean():.1%} (95% {found.mean() - margin:.1%} to {found.mean() + margin:.1%})",
        f"<= {POLARITY_BY_WORDS:.0%}",
        bool(found.mean() <= POLARITY_BY_WORDS) or len(scenarios) < ENOUGH,
    )
