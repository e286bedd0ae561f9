"""Opened files: what a study's Python files read while they are loaded decides answers too."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_watched: list[tuple[Path, dict[Path, set[Path]]]] = []
_hooked: list[bool] = []

NOT_A_STUDYS = tuple(
    {os.path.realpath(path) for path in (*sysconfig.get_paths().values(), "/proc", "/dev", "/sys")}
)


@contextmanager
def opened_files(root: Path, found: dict[Path, set[Path]]) -> Iterator[None]:
    """Until the end of this context: which files each Python file below root opens, into `found`.

    A file opened by one study file for another is both's.
    """
    if not _hooked:
        # Python has no way to take an audit hook back: one is set once, and idle but for here.
        sys.addaudithook(_opened)
        _hooked.append(True)
    _watched.append((root, found))
    try:
        yield
    finally:
        _watched.pop()


def _opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _watched or isinstance(arguments[0], int):
        return
    path = os.path.realpath(os.fsdecode(arguments[0]))
    if path.endswith((".py", ".pyc")) or path.startswith(NOT_A_STUDYS) or not os.path.isfile(path):
        return
    root, found = _watched[-1]
    frame: Any = sys._getframe(1)
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(str(root)):
            found.setdefault(Path(name), set()).add(Path(path))
        frame = frame.f_back
