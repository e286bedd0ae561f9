"""What can be proved of a set of dilemmas: completeness, variety, balance, no tell-tale wording.

Each finding is a figure with its limit. Limits on the whole set apply where the set is large enough
for the figure to mean something; a user's own file with other values, topics or numbers of actions
is held to the same.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from ..scenario import Scenario, ValueInfo
from .rows import DIGITAL, row_faults, words

MOST_ALIKE = 0.35
MEAN_ALIKE = 0.10
RUN_WORDS, RUN_DILEMMAS = 6, 3
OPENING_WORDS, OPENING_DILEMMAS = 4, 12
SETTINGS_SHARE = 300 / 616
LENGTH_OVERALL, LENGTH_A_VALUE = 0.03, 0.12
LONGEST_ALIGNED = (0.45, 0.55)
INTENSITY_BY_LENGTH = 0.40
POLARITY_BY_WORDS = 0.60
DIGITAL_MOST = 2
ENOUGH = 50
"""Shares and classifiers are judged from this many dilemmas on."""


@dataclass
class Finding:
    """One figure: what it is, what it came to, its limit, whether it holds, where it does not."""

    name: str
    figure: str
    limit: str
    holds: bool
    where: list[str] = field(default_factory=list)


def check_dilemmas(
    scenarios: list[Scenario], values: dict[str, ValueInfo], topics: dict[str, str]
) -> list[Finding]:
    """All findings on a set of dilemmas, in the order they are printed."""
    checks: list[Callable[[], Finding]] = [
        lambda: _rows(scenarios, values),
        lambda: _complete(scenarios, values, topics),
        lambda: _alike(scenarios),
        lambda: _alike_within_values(scenarios),
        lambda: _overlapping(scenarios),
        lambda: _runs(scenarios),
        lambda: _openings(scenarios),
        lambda: _settings(scenarios),
        lambda: _length_overall(scenarios),
        lambda: _length_by_value(scenarios),
        lambda: _longest(scenarios),
        lambda: _intensity_by_length(scenarios),
        lambda: _polarity_by_words(scenarios),
        lambda: _digital(scenarios),
    ]
    return [check() for check in checks]


def _rows(scenarios: list[Scenario], values: dict[str, ValueInfo]) -> Finding:
    where = [f"{one.id}: {fault}" for one in scenarios for fault in row_faults(one, values)]
    return Finding(
        "rows that keep every rule of a single dilemma",
        f"{len(scenarios) - len({line.split(':')[0] for line in where})} of {len(scenarios)}",
        "all",
        not where,
        where,
    )


def _complete(
    scenarios: list[Scenario], values: dict[str, ValueInfo], topics: dict[str, str]
) -> Finding:
    used = {one.value for one in scenarios}, {one.topic for one in scenarios}
    wanted = {
        (value, topic)
        for value in values
        for topic in topics
        if value in used[0] and topic in used[1]
    }
    have = Counter((one.value, one.topic) for one in scenarios)
    where = [
        f"{value} x {topic}: no dilemma; write one" for value, topic in sorted(wanted - set(have))
    ]
    where += [f"{value} x {topic}: {n} dilemmas" for (value, topic), n in have.items() if n > 1]
    return Finding(
        "value x topic, one dilemma each",
        f"{len(wanted & set(have))} of {len(wanted)}",
        "all",
        not where,
        where,
    )


def _similarity(texts: list[str]) -> np.ndarray:
    vectors = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
    weights = vectors.fit_transform(texts)
    similarity: np.ndarray = (weights @ weights.T).toarray()
    np.fill_diagonal(similarity, 0)
    return similarity


def _alike(scenarios: list[Scenario]) -> Finding:
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


def _alike_within_values(scenarios: list[Scenario]) -> Finding:
    similarity = _similarity([one.text for one in scenarios])
    means = {
        value: float(similarity[np.ix_(places, places)].sum() / (len(places) * (len(places) - 1)))
        for value, places in _places(scenarios).items()
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


def _overlapping(scenarios: list[Scenario]) -> Finding:
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


def _runs(scenarios: list[Scenario]) -> Finding:
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


def _openings(scenarios: list[Scenario]) -> Finding:
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


def _settings(scenarios: list[Scenario]) -> Finding:
    distinct = {one.setting.lower() for one in scenarios if one.setting}
    wanted = round(SETTINGS_SHARE * len(scenarios))
    within = [
        f"{value}: two dilemmas set in {setting!r}; move one"
        for value, places in _places(scenarios).items()
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


def _lengths(scenarios: list[Scenario], side: str) -> np.ndarray:
    """Words of the options of one side, in order of intensity: [scenarios][options]."""
    return np.array(
        [
            np.mean([len(words(o.text)) for o in one.options if o.polarity == side])
            for one in scenarios
        ]
    )


def _length_overall(scenarios: list[Scenario]) -> Finding:
    aligned = _lengths(scenarios, "aligned").mean()
    opposed = _lengths(scenarios, "opposed").mean()
    apart = abs(aligned - opposed) / ((aligned + opposed) / 2)
    return Finding(
        "mean words, aligned and opposed, apart by",
        f"{apart:.1%} ({aligned:.2f} and {opposed:.2f})",
        f"<= {LENGTH_OVERALL:.0%}",
        bool(apart <= LENGTH_OVERALL),
    )


def _length_by_value(scenarios: list[Scenario]) -> Finding:
    aligned, opposed = _lengths(scenarios, "aligned"), _lengths(scenarios, "opposed")
    apart = {}
    for value, places in _places(scenarios).items():
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


def _longest(scenarios: list[Scenario]) -> Finding:
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


def _intensity_by_length(scenarios: list[Scenario]) -> Finding:
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


def _polarity_by_words(scenarios: list[Scenario]) -> Finding:
    if len(_places(scenarios)) < 2:
        return Finding("polarity told by wording", "one value only", "-", True)
    found = np.array(list(polarity_by_words(scenarios).values()))
    margin = 1.96 * found.std(ddof=1) / np.sqrt(len(found))
    return Finding(
        "polarity told by wording, trained on the other values (chance 50%)",
        f"{found.mean():.1%} (95% {found.mean() - margin:.1%} to {found.mean() + margin:.1%})",
        f"<= {POLARITY_BY_WORDS:.0%}",
        bool(found.mean() <= POLARITY_BY_WORDS) or len(scenarios) < ENOUGH,
    )


def _digital(scenarios: list[Scenario]) -> Finding:
    mine = [one for one in scenarios if one.topic == "Social Networks"]
    where = []
    for one in mine:
        found = DIGITAL.search(" ".join([one.text, *(option.text for option in one.options)]))
        if found:
            where.append(f'{one.id}: "{found.group()}"; social networks are people\'s ties')
    return Finding(
        "social networks read as digital platforms",
        f"{len(where)} of {len(mine)}",
        f"<= {DIGITAL_MOST}",
        len(where) <= DIGITAL_MOST,
        where,
    )


def _places(scenarios: list[Scenario]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(scenarios):
        places[one.value].append(place)
    return dict(places)
