"""The simulated engine: one Python function answers, no weights, no other process.

The function takes the Call and returns the text of the answer. A profile names its file:

    [uniform]
    engine = "simulated"
    weights = "experiments/uniform.py"      # defines answer(call) -> str

In tests, `SimulatedEngine(function)` serves as the engine itself.
"""

import runpy
from collections.abc import Callable

from ..errors import EngineFailure, StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Call, EngineInfo, Reply
from .context import require_room_in_words, words


class SimulatedEngine:
    """An engine made of one function from a Call to a text (or to a whole Reply).

    max_model_len: the words, in place of tokens, of a prompt; None for no bound.
    """

    def __init__(
        self, function: Callable[[Call], str | Reply], max_model_len: int | None = None
    ) -> None:
        self.function = function
        self.max_model_len = max_model_len

    async def start(self) -> None:
        """Nothing to load."""

    async def answer(self, call: Call) -> Reply:
        """The function's answer; whatever it raises is an engine failure."""
        if self.max_model_len is not None:
            require_room_in_words(call, self.max_model_len)
        try:
            given = self.function(call)
        except EngineFailure:
            raise
        except Exception as error:
            raise EngineFailure(f"{type(error).__name__}: {error}") from error
        if isinstance(given, Reply):
            return given
        if not isinstance(given, str):
            raise EngineFailure(f"answer(call) returned {given!r:.60}, which is no text")
        return Reply(given, "stop", prompt_tokens=words(call), output_tokens=len(given.split()))

    async def close(self) -> None:
        """Nothing to end."""

    def about(self) -> EngineInfo:
        """A function has no version; its file's hash stands in the manifest."""
        return EngineInfo("simulated")


def load_simulated(model: Model, study: Study) -> SimulatedEngine:
    """The engine of a profile whose weights are a Python file with `answer(call)`."""
    path = model.folder(study) or study.root / model.weights
    place = study.place(path)
    try:
        content = runpy.run_path(str(path))
    except Exception as error:
        raise StudyError(place, f"{type(error).__name__}: {error}") from None
    if not callable(content.get("answer")):
        raise StudyError(place, "defines no answer(call); a simulated engine is that function")
    return SimulatedEngine(content["answer"], model.max_model_len)
