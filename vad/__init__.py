"""vad: what a language model says it values, what it says it would do, and the gap between."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import EngineFailure, ProgramFault, StudyError
from .study.personas import Persona, Variable
from .study.scenarios import Option, Scenario
from .version import VERSION as __version__

if TYPE_CHECKING:
    from .analysis import measures
    from .analysis.results import Run, open_run
    from .constraints.bounds import bounded
    from .constraints.permutations import Permutation
    from .constraints.texts import Unicode
    from .design.answering import answering
    from .runs.answer_rows import answer
    from .runs.guarantee.program_check import check
    from .runs.library import Adapter, engine
    from .tools.curation.importing import Import, Oddity
    from .tools.optimize.objective import Answered

__all__ = [
    "Adapter",
    "Answered",
    "EngineFailure",
    "Import",
    "Oddity",
    "Option",
    "Permutation",
    "Persona",
    "ProgramFault",
    "Run",
    "Scenario",
    "StudyError",
    "Unicode",
    "Variable",
    "__version__",
    "answer",
    "answering",
    "bounded",
    "check",
    "engine",
    "measures",
    "open_run",
]

LATER = {
    "Adapter": "runs.library",
    "Answered": "tools.optimize.objective",
    "Import": "tools.curation.importing",
    "Oddity": "tools.curation.importing",
    "Permutation": "constraints.permutations",
    "Run": "analysis.results",
    "Unicode": "constraints.texts",
    "bounded": "constraints.bounds",
    "measures": "analysis.measures",
    "answering": "design.answering",
    "answer": "runs.answer_rows",
    "check": "runs.guarantee.program_check",
    "engine": "runs.library",
    "open_run": "analysis.results",
}
"""Where a name is that needs pandas or outlines: loaded when asked for, `import vad` stays fast."""


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{LATER[name]}", __name__)
    return getattr(module, name, module)
