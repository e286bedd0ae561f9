"""vad: what a language model says it values, what it says it would do, and the gap between."""

from .errors import EngineFailure, StudyError
from .persona import Persona, Variable
from .scenario import Option, Scenario

__all__ = ["EngineFailure", "Option", "Persona", "Scenario", "StudyError", "Variable"]
__version__ = "0.1.0"
