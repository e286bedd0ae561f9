"""Factors: what [vary] and [ablate] change -> the choices that conditions are made of.

[vary]      every combination of the levels runs; the first of each factor is its reference
[ablate]    one factor at a time: each level alone replaces what the experiment itself sets

`leave_out = "each"` and `keep_only = "each"` stand for every variable of the personas in turn.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StudyError, unknown

EACH = "each"
OF_VARIABLES = ("leave_out", "keep_only")


@dataclass(frozen=True)
class Choice:
    """One choice of all factors: the level of each, and where in the file each level stands."""

    levels: dict[str, Any]
    at: dict[str, str]


class Factors:
    """The factors of an experiment: `levels` of each in order, the reference first; `ablated` are
    the names of those that change one at a time."""

    def __init__(
        self,
        place: str,
        vary: Any,
        ablate: Any,
        base: Mapping[str, Any],
        may_vary: Collection[str],
        variables: Collection[str],
    ) -> None:
        self.place = place
        self.levels: dict[str, list[Any]] = {}
        self.ablated: list[str] = []
        for table, content in (("vary", vary), ("ablate", ablate)):
            if not isinstance(content, dict):
                raise StudyError(f"{place}: {table}", f"found {content!r}; write a table [{table}]")
            for key, given in content.items():
                where = f"{place}: {table}.{key}"
                if key not in may_vary:
                    raise unknown(where, "setting to vary", key, "an experiment has", may_vary)
                if key in self.levels:
                    raise StudyError(where, "stands under [vary] already")
                levels = _levels(where, key, given, variables)
                if table == "ablate" and base[key] in levels:
                    raise StudyError(
                        where,
                        f"names {base[key]!r}, which the experiment itself sets: "
                        "that is the reference",
                        "leave it out",
                    )
                if table == "ablate":
                    self.ablated.append(key)
                if table == "ablate" or given == EACH:
                    levels = [base[key], *levels]
                self.levels[key] = levels

    def choices(self) -> Iterator[Choice]:
        """Every combination of what is varied, each with the ablations one at a time."""
        crossed = [key for key in self.levels if key not in self.ablated]
        for places in itertools.product(*(range(len(self.levels[key])) for key in crossed)):
            chosen = dict(zip(crossed, places, strict=True)) | dict.fromkeys(self.ablated, 0)
            yield self._choice(chosen)
            for key in self.ablated:
                for place in range(1, len(self.levels[key])):
                    yield self._choice(chosen | {key: place})

    def _choice(self, places: dict[str, int]) -> Choice:
        levels = {key: self.levels[key][place] for key, place in places.items()}
        at = {}
        for key, place in places.items():
            ablated = key in self.ablated
            table, number = ("ablate", place - 1) if ablated else ("vary", place)
            at[key] = f"{self.place}: {table}.{key}[{number}]" if number >= 0 else ""
        return Choice(levels, {key: where for key, where in at.items() if where})


def _levels(where: str, key: str, given: Any, variables: Collection[str]) -> list[Any]:
    if key in OF_VARIABLES and given == EACH:
        return list(variables)
    if not isinstance(given, list) or not given:
        also = f' or {key} = "{EACH}"' if key in OF_VARIABLES else ""
        raise StudyError(where, f"found {given!r}; write a list: {key} = [...]{also}")
    twice = [level for place, level in enumerate(given) if level in given[:place]]
    if twice:
        raise StudyError(where, f"names {twice[0]!r} twice")
    return given
