"""Find a study and load what it holds: four folders, each file known by its name.

A study is the current folder or the nearest parent that holds `signatures/`, `personas/`,
`scenarios/` and `experiments/`. Its Python files are loaded by path under a private package, so
that they may import one another (`from .action import ChooseAction`) and collide with nothing.
"""

import ast
import hashlib
import importlib
import itertools
import os
import sys
import tomllib
import traceback
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import StudyError, unknown
from .opened import opened_files

FOLDERS = ("signatures", "personas", "scenarios", "experiments")
"""The four that a study holds."""
ALL_FOLDERS = (*FOLDERS, "objectives")
"""Those, and what programs are optimised for, where somebody optimises."""


_numbers = itertools.count(1)


class Study:
    """The folder that holds the four; every path is shown relative to it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._package = f"_vad_study_{next(_numbers)}"
        self._read: dict[Path, bytes] = {}
        self._opened: dict[Path, set[Path]] = {}

    def place(self, path: Path) -> str:
        """A path as its author knows it."""
        path = Path(os.path.realpath(path))
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def names(self, folder: str, suffix: str) -> list[str]:
        """The names in a folder of the study, by the ending of the file."""
        found = (path.stem for path in (self.root / folder).glob(f"*{suffix}"))
        return sorted(name for name in found if not name.startswith(("_", ".")))

    def read(self, path: Path) -> str:
        """A file's text, once; its hash is kept for the manifest.

        Raises StudyError for a file that is missing, unreadable or not UTF-8.
        """
        try:
            return self._bytes(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise StudyError(
                self.place(path), f"is not UTF-8 text: byte {error.start} cannot be read"
            ) from None

    def hash(self, path: Path) -> str:
        """sha256 of a file as it was first read, of whatever kind."""
        return hashlib.sha256(self._bytes(path)).hexdigest()

    def _bytes(self, path: Path) -> bytes:
        path = Path(os.path.realpath(path))
        if path not in self._read:
            try:
                self._read[path] = path.read_bytes()
            except OSError as error:
                raise StudyError(self.place(path), f"cannot be read: {error.strerror}") from None
        return self._read[path]

    def hashes(self, apart_from: Path) -> list[tuple[str, str]]:
        """Place and sha256 of every file read so far, bar the experiment and those of which single
        entries are used: model profiles, values and topics."""
        names = ("experiments/models.toml", "scenarios/values.toml", "scenarios/topics.toml")
        apart = {Path(os.path.realpath(apart_from)), *(self.root / name for name in names)}
        return sorted(
            (self.place(path), self.hash(path)) for path in self._read if path not in apart
        )

    def file(self, folder: str, name: str, suffix: str, where: str, noun: str) -> Path:
        """The file that bears a name; StudyError with the nearest name if there is none."""
        names = self.names(folder, suffix)
        if name not in names:
            raise unknown(where, noun, name, f"{folder}/ has", names)
        return self.root / folder / f"{name}{suffix}"

    def toml(self, path: Path) -> dict[str, Any]:
        """A TOML file as a dict; StudyError with the line if it is broken."""
        try:
            return tomllib.loads(self.read(path))
        except tomllib.TOMLDecodeError as error:
            raise StudyError(self.place(path), f"is not valid TOML: {error}") from None
        except RecursionError:
            raise StudyError(self.place(path), "is nested too deeply to be read") from None

    def about(self, path: Path) -> str:
        """What a file says of itself: a docstring's first line, a TOML's opening comment."""
        text = self.read(path)
        if path.suffix == ".py":
            try:
                doc = ast.get_docstring(ast.parse(text)) or ""
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return f"(cannot be loaded: {error})"
            return doc.split("\n")[0]
        lines = itertools.takewhile(lambda line: line.strip("# "), text.lstrip().splitlines())
        return " ".join(line.strip("# ") for line in lines if line.startswith("#"))

    def assigned(self, folder: str, name: str) -> set[str]:
        """The names a Python file assigns or imports at its top level, read without running it."""
        try:
            body = ast.parse(self.read(self.root / folder / f"{name}.py")).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return set()
        targets = [
            target for node in body if isinstance(node, ast.Assign) for target in node.targets
        ]
        imports = [
            alias for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
        ]
        return {target.id for target in targets if isinstance(target, ast.Name)} | {
            alias.asname or alias.name for alias in imports
        }

    def module(self, folder: str, name: str) -> ModuleType:
        """A Python file of the study, executed under the study's private package.

        Raises StudyError for whatever the file raises, with its line quoted.
        """
        path = self.root / folder / f"{name}.py"
        self.read(path)
        for package, place in ((self._package, self.root), *self._subpackages()):
            if package not in sys.modules:
                module = ModuleType(package)
                module.__path__ = [str(place)]
                module.__spec__ = ModuleSpec(package, None, is_package=True)
                sys.modules[package] = module
        try:
            with opened_files(self.root, self._opened):
                return importlib.import_module(f"{self._package}.{folder}.{name}")
        except Exception as error:
            raise self.broken(path, error) from None

    def sources(self, folder: str, name: str) -> list[Path]:
        """A Python file and, recursively, the files of the study that it imports."""
        found: list[Path] = []
        queue = [self.root / folder / f"{name}.py"]
        while queue:
            path = queue.pop(0)
            if path in found or not path.is_file():
                continue
            found.append(path)
            for node in ast.walk(ast.parse(self.read(path))):
                if isinstance(node, ast.ImportFrom) and node.level:
                    base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                    names = [base / f"{alias.name}.py" for alias in node.names]
                    queue += [base.with_suffix(".py"), base / "__init__.py", *names]
        return found

    def read_by(self, sources: Iterable[Path]) -> list[Path]:
        """The files that these Python files of the study opened while they were loaded."""
        found: set[Path] = set()
        return sorted(found.union(*(self._opened.get(path, set()) for path in sources)))

    def broken(self, path: Path, error: Exception, doing: str = "") -> StudyError:
        """The error for what a file of the study raised, with the study's own last line of it."""
        if isinstance(error, StudyError):
            return error
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            where = f"{self.place(Path(error.filename))}: line {error.lineno}"
            return StudyError(where, f"{error.msg}: {(error.text or '').strip()}")
        frames = traceback.extract_tb(error.__traceback__)
        folders = [self.root / folder for folder in ALL_FOLDERS]
        own = [
            frame
            for frame in frames
            if any(Path(frame.filename).is_relative_to(folder) for folder in folders)
        ]
        said = str(error).strip().splitlines()[0] if str(error) else ""
        message = f"{doing}{type(error).__name__}: {said}"
        if not own:
            return StudyError(self.place(path), message)
        where = f"{self.place(Path(own[-1].filename))}: line {own[-1].lineno}"
        return StudyError(where, message, f"in: {own[-1].line}")

    def _subpackages(self) -> list[tuple[str, Path]]:
        return [(f"{self._package}.{folder}", self.root / folder) for folder in ALL_FOLDERS]


def find_study(start: Path) -> Study:
    """The study that `start` (a file or folder) lies in; StudyError if no parent holds the four."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if all((folder / name).is_dir() for name in FOLDERS):
            return Study(folder)
    raise StudyError(
        str(start),
        "lies in no study: no folder from here up holds signatures/, personas/, scenarios/ "
        "and experiments/",
        "go to the study's folder, or name it with --study DIR",
    )


def locate_study(given: Path | None, near: Path | None) -> Study:
    """The study named, or the one around the current folder, or the one around `near`."""
    if given is not None or near is None or not near.exists():
        return find_study(given or Path.cwd())
    try:
        return find_study(Path.cwd())
    except StudyError:
        return find_study(near)
