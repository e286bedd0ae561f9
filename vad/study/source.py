"""Quote: the line of a plug-in's file that an error is about, read without running the file."""

import ast
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProgramFault, StudyError
from .loader import Study


@dataclass(frozen=True)
class Quote:
    """Where a line stands ("signatures/action.py: line 16"), and how it reads."""

    where: str
    line: str = ""

    def error(self, said: str, *right: str) -> StudyError:
        """The error about this line: what was found, the line, what would be right."""
        return StudyError(self.where, *self._lines(said, right))

    def fault(self, said: str, *right: str) -> ProgramFault:
        """The same, where the line broke while it was run."""
        return ProgramFault(self.where, *self._lines(said, right))

    def _lines(self, said: str, right: tuple[str, ...]) -> tuple[str, ...]:
        return (said, *([f"in: {self.line}"] if self.line else []), *right)


class SourceLines:
    """The lines of some files of a study, the first of them the plug-in itself."""

    def __init__(self, study: Study, paths: Sequence[Path]) -> None:
        self.study = study
        self.paths = paths

    @property
    def place(self) -> str:
        """The plug-in's file."""
        return self.study.place(self.paths[0])

    def named(self, name: str) -> Quote:
        """The line of the plug-in that defines, assigns or imports a name; else the file."""
        return self._find(lambda owner, node: not owner and name in names_bound(node))

    def returned(self, function: str, of: str = "") -> Quote:
        """The last line on which a function, or a class's own, returns; else where it begins."""

        def last(owner: str, node: ast.stmt) -> ast.AST | None:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return None
            if (owner, node.name) != (of, function):
                return None
            returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
            return returns[-1] if returns else node

        return self._find(last)

    def field(self, signature: str, field: str) -> Quote:
        """The line of a signature's field.

        A signature made on the fly bears no class's name: then the first field of that name.
        """

        def of(owner: str, node: ast.stmt) -> bool:
            return isinstance(node, ast.AnnAssign) and field in names_bound(node) and bool(owner)

        return self._find(lambda owner, node: owner == signature and of(owner, node), of)

    def parameter(self, owner: str, parameter: str) -> Quote:
        """The line on which a class's `aforward` or `forward` takes a parameter."""

        def taken(cls: str, node: ast.stmt) -> ast.AST | None:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return None
            if cls != owner or node.name not in ("aforward", "forward"):
                return None
            every = (*node.args.args, *node.args.kwonlyargs)
            return next((one for one in every if one.arg == parameter), None)

        return self._find(taken)

    def _find(self, *matches: Callable[[str, ast.stmt], ast.AST | bool | None]) -> Quote:
        for match in matches:
            for path in self.paths:
                for owner, node in _statements(self.study.read(path)):
                    found = match(owner, node)
                    if found:
                        return self._quote(path, node if found is True else found)
        return Quote(self.place)

    def _quote(self, path: Path, node: ast.AST) -> Quote:
        number: int = node.lineno  # type: ignore[attr-defined]
        line = self.study.read(path).splitlines()[number - 1].strip()
        return Quote(f"{self.study.place(path)}: line {number}", line)


def last_line(error: BaseException) -> Quote | None:
    """The last line of a study's program that an error passed through, if it did."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.parent.name == "signatures":
            return Quote(f"signatures/{path.name}: line {frame.lineno}", frame.line or "")
    return None


def names_bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement defines, assigns or imports."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                yield target.id


def _statements(text: str) -> Iterator[tuple[str, ast.stmt]]:
    """The statements at the top of a file, and of its classes with the class's name."""
    for node in ast.parse(text).body:
        yield "", node
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, inner) for inner in node.body)
