"""Power: how many scenarios and repeats it takes to see a difference in AD, by simulation.

In each simulated experiment scenarios are drawn anew and tested as `vad compare` tests. The
difference is in one contrast of the primary family: the one whose scenarios vary most, so that the
others need no more. Where the answers come from:

a respondent    planted (`vad.planted`) in the experiment's own conditions, under its own option
                orders. Each condition's AD is lower than its reference's by the difference, with
                the experiment's repeats; with other repeats the same respondents are asked
a pilot         a finished run (`vad.pilot`): its scenarios are drawn with replacement, and what
                they add to the contrast is moved to the difference
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from scipy.stats import norm

from ...design.columns import column
from ...design.experiment import Experiment
from ...errors import StudyError
from ..contrasts import Contrast, contrasts, varied
from ..measures import Array
from ..resampling import SEED, Single, p_values, signs
from .pilot import pilot
from .respondent import AD_COLUMN, Orders, Respondent, at_distance, of_population
from .simulation import contributions, orders

ALPHA = 0.05
SIMULATED = 1_000
"""Experiments; a power of .8 is then found within .025 in 19 of 20 simulations."""
REPEATS = (1, 2, 3, 5)
LADDER = (10, 20, 50, 100, 200, 300, 400, 500, 750, 1000)
"""Numbers of scenarios tried, up to nine tenths of all there are, and those."""
POPULATION = 20_000
"""Scenarios over which true figures are taken."""


@dataclass(frozen=True)
class Power:
    """What `power` found; arrays are [scenarios, repeats] or [repeats].

    effect         the difference in AD; wanted: the power that is enough
    contrast       the one simulated; family: how many primary contrasts Holm goes by
    distance       the true AD of its references, with the experiment's repeats
    own            scenarios and repeats as the experiment stands; conditions: how many it has
    scenarios      the numbers of scenarios tried, the last all there are; repeats likewise
    alone          share of experiments in which p is below ALPHA
    adjusted       the same with Holm where no other contrast of the family differs, its least
    deviation      standard deviation over scenarios of what each adds to the difference
    piloted        how many scenarios of a pilot were drawn from; 0 without one
    """

    effect: float
    wanted: float
    contrast: Contrast
    family: int
    distance: float
    own: tuple[int, int]
    conditions: int
    scenarios: list[int]
    repeats: list[int]
    alone: Array
    adjusted: Array
    deviation: Array
    piloted: int


def power(experiment: Experiment, effect: float, wanted: float, run: Path | None = None) -> Power:
    """The power to see a difference of `effect` in AD, over scenarios and repeats.

    wanted: the power that is enough. run: a pilot's folder; None for the default respondent. Raises
    StudyError for a difference that AD or the respondent cannot have, a power that no test has, an
    experiment that compares nothing, and what `pilot` raises.
    """
    if not 0 < effect <= 2:
        raise StudyError(
            "--effect",
            f"found {effect:g}; a difference in AD is above 0 and at most 2",
            "write its size without its sign: --effect 0.05",
        )
    if not 0 < wanted < 1:
        raise StudyError("--power", f"found {wanted:g}; power is between 0 and 1", "usual: 0.8")
    family = _family(experiment)
    settings = experiment.conditions[0].settings
    most = sum(bool(one.options) for one in experiment.scenarios[settings.scenarios])
    piloted = 0
    if run is None:
        repeats = sorted({*REPEATS, settings.repeats})
        contrast, distance, added = _planted(experiment, family, effect, repeats)
    else:
        repeats = sorted({*(one for one in REPEATS if one <= settings.repeats), settings.repeats})
        contrast, distance, found = pilot(run, repeats)
        added, piloted = _drawn(found, effect, most), found.shape[1]
    own = min(settings.limit or most, most)
    tried = sorted({own, most, *(n for n in LADDER if n <= 0.9 * most)})
    p = np.array([[_p(one[:, :n]) for one in added] for n in tried])
    return Power(
        effect=effect,
        wanted=wanted,
        contrast=contrast,
        family=len(family),
        distance=distance,
        own=(own, settings.repeats),
        conditions=len(experiment.conditions),
        scenarios=tried,
        repeats=repeats,
        alone=(p <= ALPHA).mean(axis=2),
        adjusted=(p <= ALPHA / len(family)).mean(axis=2),
        deviation=added.std(axis=(1, 2)),
        piloted=piloted,
    )


def needed(tried: Sequence[int], found: Array, wanted: float) -> int | None:
    """The scenarios at which the power reaches `wanted`, in tens; None if the most do not do.

    tried, found: numbers of scenarios, ascending, and the power with each. Between two of them the
    power's normal quantile is taken as a line over the root of the number.
    """
    reached = np.flatnonzero(found >= wanted)
    if not len(reached):
        return None
    place = int(reached[0])
    if place == 0:
        return tried[0]
    edge = 0.5 / SIMULATED
    quantiles = norm.ppf(np.clip(found[place - 1 : place + 1], edge, 1 - edge))
    root = float(np.interp(norm.ppf(wanted), quantiles, np.sqrt(tried[place - 1 : place + 1])))
    return min(10 * ceil(root**2 / 10), tried[place])


def visible(found: Power, place: int, level: float) -> float:
    """The difference that all scenarios show with the power wanted, tested at `level`, two-sided.

    place: of the number of repeats. By the normal distribution, from the contributions' deviation.
    """
    errors = norm.ppf(1 - level / 2) + norm.ppf(found.wanted)
    return float(errors * found.deviation[place] / np.sqrt(found.scenarios[-1]))


def _family(experiment: Experiment) -> list[Contrast]:
    conditions = [dict(one.columns) for one in experiment.conditions]
    known = {column(key): levels for key, levels in experiment.vary.items()}
    family = [one for one in contrasts(conditions, varied(conditions, known)) if one.primary]
    if not family:
        raise StudyError(
            f"{experiment.place}: vary",
            "no two conditions are compared: none differs from a reference or a baseline",
            "vary a setting, the reference first: see experiments/persona_formats.toml",
        )
    return family


def _planted(
    experiment: Experiment, family: list[Contrast], effect: float, repeats: list[int]
) -> tuple[Contrast, float, Single]:
    """The contrast, its references' true AD, and what scenarios add to it with the difference."""
    own = experiment.conditions[0].settings.repeats
    shown = _shown(experiment, repeats[-1])
    random = np.random.default_rng(SEED)
    one = Respondent()
    shapes = list({_shape(contrast): contrast for contrast in reversed(family)}.values())
    spread = [contributions(like, (one, one), shown, [own], 1, random).std() for like in shapes]
    contrast = shapes[int(np.argmax(spread))]
    level, reference = (_many(shown[place], own) for place in contrast.pairs[0])
    distance = float(of_population(one, reference, SEED)[AD_COLUMN])
    both = (at_distance(one, distance - effect, level, SEED, "--effect"), one)
    return contrast, distance, contributions(contrast, both, shown, repeats, SIMULATED, random)


def _drawn(found: Array, effect: float, scenarios: int) -> Single:
    """A pilot's scenarios drawn with replacement, their mean moved to the difference.

    found: what each adds, [repeats, scenarios]; returns [repeats, experiments, scenarios]. Their
    deviation is taken up to what that of their population is on average.
    """
    few = found.shape[1]
    spread = (found - found.mean(axis=1, keepdims=True)) * np.sqrt(few / (few - 1))
    drawn = np.random.default_rng(SEED).integers(0, few, (SIMULATED, scenarios))
    moved: Single = (spread - effect).astype(np.float32)
    return moved[:, drawn]


def _shown(experiment: Experiment, repeats: int) -> list[Orders]:
    """The option orders of each condition; conditions that are asked alike share them."""
    known: dict[tuple[str | int, ...], Orders] = {}
    for scenario in experiment.scenarios[experiment.conditions[0].settings.scenarios]:
        if scenario.persona:
            raise StudyError(
                experiment.place,
                f"asks {scenario.id} of {scenario.persona} alone",
                "power is of experiments that ask all personas about the same scenarios",
            )
    found = []
    for condition in experiment.conditions:
        one = condition.settings
        key = (one.order, one.seed, one.questions, one.program, one.scenarios)
        if key not in known:
            known[key] = orders(experiment, condition, repeats)[1]
        found.append(known[key])
    return found


def _shape(one: Contrast) -> tuple[tuple[int, int], ...]:
    """Its pairs with its conditions numbered by appearance: alike in contrasts built alike."""
    number: dict[int, int] = {}
    return tuple(
        (number.setdefault(a, len(number)), number.setdefault(b, len(number))) for a, b in one.pairs
    )


def _many(some: Orders, repeats: int) -> Orders:
    """The same orders over and over, in POPULATION scenarios."""
    values, actions = (
        np.resize(one[:, :repeats], (POPULATION, repeats, one.shape[2])) for one in some
    )
    return values, actions


def _p(added: Single) -> Array:
    """The sign-flip p of each experiment: [experiments, scenarios] -> [experiments]."""
    scenarios = added.shape[1]
    return p_values(added.mean(axis=1), signs(scenarios) @ added.T / scenarios)
