"""Saved: the state of a DSPy module (instructions, demos) beside the program it belongs to.

`module.save("signatures/two_steps.action.json")` is all it takes: of the program two_steps, the
export action. What an optimiser found runs as a program of its own, from a file of two lines:

    \"""Tuned: two_steps with the demos that an optimiser chose; tuned.action.json holds them.\"""

    from .two_steps import action
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dspy

from ..errors import StudyError, unknown
from ..study.loader import Study


def saved_state(study: Study, name: str, export: str) -> Path | None:
    """The state beside a program's file that is meant for an export, if there is one."""
    path = study.root / "signatures" / f"{name}.{export}.json"
    return path if path.is_file() else None


def check_states(study: Study, name: str, exports: Iterable[str]) -> None:
    """StudyError for a state beside a program's file that belongs to none of its exports."""
    for path in (study.root / "signatures").glob(f"{name}.*.json"):
        export = path.name.split(".")[-2]
        if export not in exports:
            has = f"{name}.py exports"
            raise unknown(study.place(path), "module", export, has, exports)


def load_state(study: Study, module: dspy.Module, path: Path) -> None:
    """Put a saved state into a module, as `module.load` does.

    Raises StudyError for a file that is no state, is another module's, or names a model.
    """
    place = study.place(path)
    try:
        state: Any = json.loads(study.read(path))
    except ValueError as error:
        raise StudyError(place, f"is not JSON: {error}") from None
    expected = module.dump_state()
    held = sorted(set(state) - {"metadata"}) if isinstance(state, dict) else []
    if held != sorted(expected):
        raise StudyError(
            place,
            f"holds the state of {', '.join(held) or 'nothing'}; "
            f"the module has {', '.join(expected)}",
            f'save it anew: module.save("{place}")',
        )
    # The state of a predictor alone is its own; that of other modules has one by each name.
    alone = isinstance(module, dspy.Predict)
    for name, of in {"": state}.items() if alone else state.items():
        if of.get("lm"):
            raise StudyError(
                f"{place}: {name}.lm".replace(": .", ": "),
                "names a model; the experiment does that, and the run records it",
                'write: "lm": null',
            )
    try:
        module.load_state(state)
    except Exception as error:
        raise StudyError(place, f"cannot be loaded: {type(error).__name__}: {error}") from None
