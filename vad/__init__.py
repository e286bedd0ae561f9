"""vad: what a language model says it values, what it says it would do, and the gap between."""

from typing import TYPE_CHECKING, Any

from .errors import EngineFailure, StudyError
from .persona import Persona, Variable
from .scenario import Option, Scenario

if TYPE_CHECKING:
    from .finite import Unicode
    from .opened import Run, open_run
    from .optimize.objective import Answered

__all__ = [
    "Answered",
    "EngineFailure",
    "Option",
    "Persona",
    "Run",
    "Scenario",
    "StudyError",
    "Unicode",
    "Variable",
    "open_run",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # What needs pandas or outlines waits until it is asked for: `import vad` stays fast.
    if name in ("Run", "open_run"):
        from . import opened

        return getattr(opened, name)
    if name == "Answered":
        from .optimize.objective import Answered

        return Answered
    if name == "Unicode":
        from . import finite

        return finite.Unicode
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
