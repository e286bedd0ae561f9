"""A planted respondent: known positions, noise, habit of letters and gap, so that figures have a
truth.

In each scenario a respondent holds two positions on the scale of the scores: what it would say and
what it would do. Over the population of scenarios they are normal, and `coherence`, the correlation
of the two, is what a persona's gap is made of. An answer is the option nearest to the position plus
noise (an ordered probit); or, in a share of the answers, a letter, whatever option stands there.

Two ways lead from here to figures and share nothing but the positions: `answers` draws, `expected`
enumerates. A true figure is that of the expected sums. For AD this is its expectation; for AR and
the corrected gap, ratios of sums, it is what they tend to with more scenarios.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from ...errors import StudyError
from ...study.scale import equally_spaced
from ..measure_table import COMPARED, PRIMARY
from ..measures import Array
from ..resampling import COLUMNS, measures_of

Ranks = NDArray[np.intp]
Orders = tuple[Ranks, Ranks]
"""Of the value and the action question, [scenarios, repeats, options] each: the rank of the option
that stands at each letter, 0 the strongest agreement or alignment."""

AD_COLUMN = [one for one, _ in COMPARED].index(PRIMARY)


@dataclass(frozen=True)
class Respondent:
    """How one condition answers.

    stated, chosen  mean and standard deviation over scenarios of the positions, on the scale of the
                    scores; a position beyond 1 is one that the strongest option falls short of
    coherence       correlation over scenarios of the two positions, -1 to 1
    shared          share of a position's variance that all conditions have in common, 0 to 1
    noise           standard deviation of an answer about its position; 0: the nearest option
    letters         share of the answers that go to A, B, ... whatever stands there

    The defaults resemble the published baselines: 36% of the answers are "strongly agree", 33% the
    mildly aligned action, AD is .62 and AR .70 over three repeats. What repeats, conditions and
    letters have in common is not published. Assumed is that two repeats agree in three values of
    four and in two actions of three, that half of a position is the scenario's own, whoever is
    asked, and that one answer in twenty is an A for its place.
    """

    stated: tuple[float, float] = (0.45, 0.95)
    chosen: tuple[float, float] = (0.2, 0.45)
    coherence: float = 0.12
    shared: float = 0.5
    noise: float = 0.1
    letters: tuple[float, ...] = (0.05,)


def positions(
    respondents: Sequence[Respondent], scenarios: int, random: np.random.Generator
) -> Array:
    """Positions in scenarios drawn from the population: [respondents, 2, scenarios]."""
    common = random.standard_normal((2, scenarios))
    found = np.empty((len(respondents), 2, scenarios))
    for place, one in enumerate(respondents):
        own = random.standard_normal((2, scenarios))
        said, apart = np.sqrt(one.shared) * common + np.sqrt(1 - one.shared) * own
        done = one.coherence * said + np.sqrt(1 - one.coherence**2) * apart
        found[place, 0] = one.stated[0] + one.stated[1] * said
        found[place, 1] = one.chosen[0] + one.chosen[1] * done
    return found


def answers(
    one: Respondent, held: Array, orders: Orders, random: np.random.Generator
) -> tuple[Array, Array]:
    """Drawn values and actions, [scenarios, repeats] each, as scores on [-1, 1].

    held: the respondent's `positions`, [2, scenarios].
    """
    values, actions = (
        scores(order.shape[-1])[chosen_ranks(one, position, order, random)]
        for position, order in zip(held, orders, strict=True)
    )
    return values, actions


def chosen_ranks(
    one: Respondent, position: Array, order: Ranks, random: np.random.Generator
) -> Ranks:
    """The ranks of the options chosen in one question: [scenarios, repeats].

    position: [scenarios]; order: [scenarios, repeats, options].
    """
    scenarios, repeats, options = order.shape
    near = position[:, None] + one.noise * random.standard_normal((scenarios, repeats))
    steps = np.rint((1 - near) * (options - 1) / 2)
    preferred = np.clip(steps, 0, options - 1).astype(np.intp)
    drawn = random.random((scenarios, repeats))
    letter = np.searchsorted(np.cumsum(one.letters), drawn, side="right")
    by_letter = letter < len(one.letters)
    there = np.take_along_axis(order, np.where(by_letter, letter, 0)[..., None], axis=2)[..., 0]
    return np.where(by_letter, there, preferred)


def chances(one: Respondent, position: Array, order: Ranks) -> Array:
    """The probability of each rank: [scenarios, repeats, options]."""
    options = order.shape[2]
    cuts = scores(options)[:-1] - 1 / (options - 1)
    # Without noise the step from 0 to 1 is all but vertical.
    below = ndtr((cuts - position[:, None]) / max(one.noise, 1e-9))
    preferred = -np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=(1, 0)))
    letters = np.zeros(options)
    letters[: len(one.letters)] = one.letters
    by_letter = letters[np.argsort(order, axis=2)]
    found: Array = (1 - letters.sum()) * preferred[:, None, :] + by_letter
    return found


def expected(one: Respondent, held: Array, orders: Orders, scale: Array) -> Array:
    """What each scenario adds to the sums on average over the noise: [scenarios, columns].

    held: [2, scenarios]. The columns are those of `scenario_columns`, exact, by enumeration of all
    answers to all repeats; NaN of a sum that only other measures than AR, AD and the corrected gap
    are made of. scale: `mean_scale` of the orders.
    """
    given = [chances(one, position, order) for position, order in zip(held, orders, strict=True)]
    (of_values, stated), (of_actions, chosen) = map(_means, given)
    (said, not_said), (did, not_did) = map(_sides, given)
    apart = np.abs(stated[:, None] - chosen[None, :])
    width = np.sqrt(np.diff(scale))
    judged = (said + not_said) * (did + not_did)
    known = {
        "counted": np.ones(len(said)),
        "distance": np.einsum("si,ij,sj->s", of_values, apart, of_actions),
        "judged": judged,
        "hits": 2 * said * did,
        "shown": said * (did + not_did) + did * (said + not_said),
    }
    plain = [known.get(term, np.full(len(said), np.nan)) for term in COLUMNS]
    steps = [
        chance @ (means[:, None] <= scale[:-1]) * width
        for chance, means in ((of_values, stated), (of_actions, chosen))
    ]
    return np.hstack([np.column_stack(plain), *steps])


def truth(one: Respondent, held: Array, orders: Orders) -> Array:
    """The true AR, AD and corrected gap (thesis2026) in these scenarios: [measures]."""
    scale = mean_scale(orders)
    found: Array = measures_of(expected(one, held, orders, scale).mean(axis=0), scale)
    return found


def mean_scale(orders: Orders) -> Array:
    """All mean answers that the repeats can come to, in either question, in order."""
    both = [_scale(order.shape[1], order.shape[2]) for order in orders]
    return np.unique(np.concatenate(both))


def of_population(one: Respondent, orders: Orders, seed: int) -> Array:
    """The true AR, AD and corrected gap in the population of scenarios: [measures].

    Taken over as many scenarios as there are orders, their positions drawn by `seed`.
    """
    (held,) = positions([one], len(orders[0]), np.random.default_rng(seed))
    return truth(one, held, orders)


def at_distance(
    one: Respondent, distance: float, orders: Orders, seed: int, where: str
) -> Respondent:
    """The respondent with the coherence that puts its AD of the population at `distance`.

    Raises StudyError, said to stand at `where`, if no coherence does.
    """

    def off(coherence: float) -> float:
        there = of_population(replace(one, coherence=coherence), orders, seed)[AD_COLUMN]
        return float(there) - distance

    farthest, nearest = off(-1), off(1)
    if nearest > 0 or farthest < 0:
        raise StudyError(
            where,
            f"asks for a respondent with an AD of {distance:.2f}; with its positions, coherence "
            f"moves AD from {farthest + distance:.2f} to {nearest + distance:.2f}",
        )
    return replace(one, coherence=float(brentq(off, -1, 1, xtol=1e-6)))


def scores(options: int) -> Array:
    """The score of each rank, from 1 to -1."""
    return np.asarray(equally_spaced(np.arange(options, dtype=np.float64), options), np.float64)


def ranks(given: Sequence[float]) -> list[int]:
    """The rank of each option from its score, 0 the strongest."""
    return [round((1 - one) * (len(given) - 1) / 2) for one in given]


def _scale(repeats: int, options: int) -> Array:
    steps = repeats * (options - 1)
    return np.round(scores(steps + 1), 9)


def _means(chances: Array) -> tuple[Array, Array]:
    """The distribution of the mean over repeats, [scenarios, means], and the means."""
    _, repeats, options = chances.shape
    return _sum(chances), _scale(repeats, options)


def _sides(chances: Array) -> tuple[Array, Array]:
    """The chance that most repeats agree, and that most disagree: [scenarios] each."""
    _, repeats, options = chances.shape
    score = np.round(scores(options), 9)
    three = np.stack(
        [chances[..., side].sum(axis=2) for side in (score > 0, score == 0, score < 0)], axis=2
    )
    total = _sum(three)
    return total[:, :repeats].sum(axis=1), total[:, repeats + 1 :].sum(axis=1)


def _sum(chances: Array) -> Array:
    """The distribution of a sum of ranks over repeats: [scenarios, repeats x (ranks - 1) + 1]."""
    scenarios, repeats, ranks = chances.shape
    total = np.ones((scenarios, 1))
    for repeat in range(repeats):
        longer = np.zeros((scenarios, total.shape[1] + ranks - 1))
        for rank in range(ranks):
            longer[:, rank : rank + total.shape[1]] += total * chances[:, repeat, rank, None]
        total = longer
    return total
