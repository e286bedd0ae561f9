"""Unseen: while a program is optimised, its test part is out of reach, whoever asks for it.

The optimiser and the objective are handed examples of the train and validation parts alone. Beside
that, two doors are shut until the optimiser is done: no call may have a test scenario in its
prompt, and no file of the study's scenarios or runs may be opened.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...engines.base import Call, Engine, EngineInfo, Reply
from ...errors import Halt, StudyError
from ...study.loader import Study


class HoldoutEngine:
    """An engine that keeps what passes, and lets no text of the test part pass while it is shut.

    calls: by stage, prompt and answer of each, in the order in which the answers came.
    """

    def __init__(self, engine: Engine, tests: Iterable[str], where: str) -> None:
        self.engine = engine
        self.calls: dict[str, list[tuple[Call, Reply]]] = {}
        self.shut = True
        self._tests = tuple(tests)
        self._where = where

    def begin(self, stage: str) -> None:
        """From now on calls are of this stage."""
        self._stage = stage
        self.calls[stage] = []

    async def start(self) -> None:
        """As the engine does."""
        await self.engine.start()

    async def answer(self, call: Call) -> Reply:
        """The engine's answer; Refused for a prompt that holds a text of the test part."""
        if self.shut:
            told = "\n".join(message["content"] for message in call.messages)
            seen = next((text for text in self._tests if text in told), None)
            if seen is not None:
                raise Halt(
                    StudyError(
                        self._where,
                        f'a call was to ask about the test part: "{seen[:60]} ..."',
                        "what is optimised, and how well, rests on the examples given alone",
                    )
                )
        reply = await self.engine.answer(call)
        self.calls[self._stage].append((call, reply))
        return reply

    async def close(self) -> None:
        """As the engine does."""
        await self.engine.close()

    def about(self) -> EngineInfo:
        """As the engine does."""
        return self.engine.about()


_closed: list[tuple[tuple[Path, ...], Study]] = []
_hooked: list[bool] = []


@contextmanager
def closed_files(study: Study, folders: Sequence[Path]) -> Iterator[None]:
    """Until the end of this context any opening of a file in these folders is Refused."""
    if not _hooked:
        # Python has no way to take an audit hook back: one is set once, and idle but for here.
        sys.addaudithook(_open)
        _hooked.append(True)
    _closed.append((tuple(folder.resolve() for folder in folders), study))
    try:
        yield
    finally:
        _closed.pop()


def _open(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _closed or isinstance(arguments[0], int):
        return
    folders, study = _closed[-1]
    path = Path(os.path.realpath(os.fsdecode(arguments[0])))
    if any(path.is_relative_to(folder) for folder in folders):
        raise Halt(_told(study, path))


def _told(study: Study, path: Path) -> StudyError:
    """The error, with the line of the study's own file that opens the path."""
    frame = sys._getframe(2)
    own = study.root / "objectives"
    while frame and not Path(frame.f_code.co_filename).is_relative_to(own):
        frame = frame.f_back  # type: ignore[assignment]
    where = f"{study.place(Path(frame.f_code.co_filename))}: line {frame.f_lineno}" if frame else ""
    return StudyError(
        where or "vad optimize",
        f"opens {study.place(path)}, and the test part is not to be seen while optimising",
        "what is optimised, and how well, rests on the examples given alone",
    )
