"""Balance: neither length nor wording tells which side an action is on, or how strong it is."""

from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.multiclass import OneVsRestClassifier

from ...study.scenarios import Scenario
from .finding import Finding
from .scenario_rules import words
from .scenario_variety import by_value

ENOUGH = 50
"""Shares and classifiers are judged from this many dilemmas on."""

LENGTH_OVERALL, LENGTH_A_VALUE = 0.03, 0.12
LONGEST_ALIGNED = (0.45, 0.55)
INTENSITY_BY_LENGTH = 0.40
INTENSITY_BY_WORDS, POLARITY_BY_WORDS = 0.40, 0.53
WORD_PARTS = 8
"""Into how many parts the values are divided, each told by a classifier trained on the others."""


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


def told_by_words(scenarios: list[Scenario], label: str) -> np.ndarray:
    """How often a linear classifier of words tells a label (polarity, intensity) of an action.

    Single words and pairs of words that stand in two actions or more, present or not; logistic
    regression, trained on the other values (eight parts, each value in one). Returns a share a
    value, of its actions that have the label.
    """
    labelled = [
        (option.text, str(getattr(option, label)), one.value)
        for one in scenarios
        for option in one.options
        if getattr(option, label)
    ]
    texts, labels, group = (np.array(column) for column in zip(*labelled, strict=True))
    vectors = CountVectorizer(binary=True, ngram_range=(1, 2), min_df=2)
    counts = vectors.fit_transform(texts).astype(np.float64)
    right = np.zeros(len(texts))
    parts = GroupKFold(min(WORD_PARTS, len(set(group))))
    for train, test in parts.split(counts, labels, group):
        model = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
        right[test] = model.fit(counts[train], labels[train]).predict(counts[test]) == labels[test]
    return np.array([right[group == value].mean() for value in dict.fromkeys(group)])


def intensity_by_words(scenarios: list[Scenario]) -> Finding:
    """Words that tell the intensities of other values tell nothing of a value's own."""
    return _by_words(scenarios, "intensity", INTENSITY_BY_WORDS)


def polarity_by_words(scenarios: list[Scenario]) -> Finding:
    """Words that tell the sides of other values tell nothing of a value's own."""
    return _by_words(scenarios, "polarity", POLARITY_BY_WORDS)


def _by_words(scenarios: list[Scenario], label: str, limit: float) -> Finding:
    levels = {getattr(option, label) for one in scenarios for option in one.options} - {None}
    if len(levels) < 2 or len(by_value(scenarios)) < 2:
        return Finding(f"{label} told by words", "one level or one value only", "-", True)
    found = told_by_words(scenarios, label)
    margin = 1.96 * found.std(ddof=1) / np.sqrt(len(found))
    return Finding(
        f"{label} told by words, trained on other values (chance {1 / len(levels):.0%})",
        f"{found.mean():.1%} (95% {found.mean() - margin:.1%} to {found.mean() + margin:.1%})",
        f"<= {limit:.0%}",
        bool(found.mean() <= limit) or len(scenarios) < ENOUGH,
    )
