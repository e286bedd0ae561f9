"""Variety: plots, phrases, openings and settings that do not repeat themselves."""

from collections import Counter, defaultdict

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from ...study.scenarios import Scenario
from .finding import Finding
from .scenario_rules import words

MOST_ALIKE = 0.35
MEAN_ALIKE = 0.10
RUN_WORDS, RUN_DILEMMAS = 6, 3
OPENING_WORDS, OPENING_DILEMMAS = 4, 12
SETTINGS_SHARE = 300 / 616


def by_value(scenarios: list[Scenario]) -> dict[str, list[int]]:
    """Where the dilemmas of each value stand in a list."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(scenarios):
        places[one.value].append(place)
    return dict(places)


def _similarity(texts: list[str]) -> np.ndarray:
    vectors = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
    weights = vectors.fit_transform(texts)
    similarity: np.ndarray = (weights @ weights.T).toarray()
    np.fill_diagonal(similarity, 0)
    return similarity


def alike(scenarios: list[Scenario]) -> Finding:
    """No two dilemmas tell the same story."""
    similarity = _similarity([one.text for one in scenarios])
    pairs = np.argwhere(np.triu(similarity) >= MOST_ALIKE)
    where = [
        f"{scenarios[a].id} and {scenarios[b].id}: cosine {similarity[a, b]:.2f}; rewrite one"
        for a, b in pairs
    ]
    return Finding(
        "highest cosine of two dilemmas (TF-IDF)",
        f"{similarity.max():.3f}",
        f"< {MOST_ALIKE}",
        not where,
        where,
    )


def alike_within_values(scenarios: list[Scenario]) -> Finding:
    """Nor are the dilemmas of one value near one another."""
    similarity = _similarity([one.text for one in scenarios])
    means = {
        value: float(similarity[np.ix_(places, places)].sum() / (len(places) * (len(places) - 1)))
        for value, places in by_value(scenarios).items()
        if len(places) > 1
    }
    worst = max(means, key=lambda value: means[value]) if means else ""
    where = [
        f"{value}: mean cosine {mean:.3f}; vary its plots"
        for value, mean in means.items()
        if mean >= MEAN_ALIKE
    ]
    return Finding(
        "highest mean cosine within a value",
        f"{means[worst]:.3f} ({worst})" if means else "one dilemma a value",
        f"< {MEAN_ALIKE:.2f}",
        not where,
        where,
    )


OVERLAPPING = (
    ("Equality", "Social Inequality"),
    ("Social Justice", "Social Inequality"),
    ("Pleasure", "Leisure"),
    ("Enjoying Life", "Leisure"),
    ("Healthy", "Health"),
    ("Family Security", "Family"),
    ("Devout", "Religion"),
    ("A Spiritual Life", "Religion"),
    ("Protecting the Environment", "Environment"),
    ("Unity With Nature", "Environment"),
    ("National Security", "National Identity"),
    ("True Friendship", "Social Networks"),
    ("Sense of Belonging", "Social Networks"),
    ("Honoring of Parents and Elders", "Family"),
)
"""Values that name nearly what a topic names: their dilemma there must still be one of its own."""


def overlapping(scenarios: list[Scenario]) -> Finding:
    """Where value and topic nearly coincide, the dilemma is still one of its own."""
    similarity = _similarity([one.text for one in scenarios])
    mine = [n for n, one in enumerate(scenarios) if (one.value, one.topic) in OVERLAPPING]
    if not mine:
        return Finding("values and topics that overlap", "none here", "-", True)
    nearest = {n: int(similarity[n].argmax()) for n in mine}
    worst = max(mine, key=lambda n: similarity[n, nearest[n]])
    where = [
        f"{scenarios[n].id}: cosine {similarity[n, nearest[n]]:.2f} with {scenarios[nearest[n]].id}"
        for n in mine
        if similarity[n, nearest[n]] >= MOST_ALIKE / 2
    ]
    return Finding(
        f"values and topics that overlap, {len(mine)} pairs: highest cosine with any other",
        f"{similarity[worst, nearest[worst]]:.3f}",
        f"< {MOST_ALIKE / 2}",
        not where,
        where,
    )


def runs(scenarios: list[Scenario]) -> Finding:
    """No turn of phrase recurs."""
    runs: dict[str, set[str]] = defaultdict(set)
    for one in scenarios:
        for text in (one.text, *(option.text for option in one.options)):
            found = [word.lower() for word in words(text)]
            for start in range(len(found) - RUN_WORDS + 1):
                runs[" ".join(found[start : start + RUN_WORDS])].add(one.id)
    where = [
        f'"{run}" stands in {len(ids)}: {", ".join(sorted(ids))}; reword some'
        for run, ids in runs.items()
        if len(ids) > RUN_DILEMMAS
    ]
    most = max((len(ids) for ids in runs.values()), default=0)
    return Finding(
        f"most dilemmas that share a run of {RUN_WORDS} words",
        str(most),
        f"<= {RUN_DILEMMAS}",
        not where,
        where,
    )


def openings(scenarios: list[Scenario]) -> Finding:
    """Nor does a way to begin."""
    openings: dict[str, list[str]] = defaultdict(list)
    for one in scenarios:
        openings[" ".join(words(one.text)[:OPENING_WORDS]).lower()].append(one.id)
    where = [
        f'"{opening}" opens {len(ids)}: {", ".join(ids[:4])}, ...; begin some otherwise'
        for opening, ids in openings.items()
        if len(ids) > OPENING_DILEMMAS
    ]
    most = max(len(ids) for ids in openings.values())
    return Finding(
        f"most dilemmas that share their first {OPENING_WORDS} words",
        str(most),
        f"<= {OPENING_DILEMMAS}",
        not where,
        where,
    )


def distinct_settings(scenarios: list[Scenario]) -> Finding:
    """The settings are many, and no value has one twice."""
    distinct = {one.setting.lower() for one in scenarios if one.setting}
    wanted = round(SETTINGS_SHARE * len(scenarios))
    within = [
        f"{value}: two dilemmas set in {setting!r}; move one"
        for value, places in by_value(scenarios).items()
        for setting, count in Counter(scenarios[n].setting.lower() for n in places).items()
        if setting and count > 1
    ]
    return Finding(
        "distinct settings, no two alike within a value",
        str(len(distinct)),
        f">= {wanted}",
        len(distinct) >= wanted and not within,
        within,
    )
