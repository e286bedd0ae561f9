"""Quote: the line of a plug-in's file that an error is about, read without running the file."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .study import Study


class Quote(NamedTuple):
    """Where a line stands ("signatures/action.py: line 16"), and how it reads."""

    where: str
    line: str


def quote_name(study: Study, path: Path, name: str) -> Quote:
    """The line that defines, assigns or imports a name at the top of a file; else the file."""
    for node in ast.parse(study.read(path)).body:
        if name in names_bound(node):
            return _quote(study, path, node)
    return Quote(study.place(path), "")


def quote_return(study: Study, path: Path, function: str) -> Quote:
    """The last line on which a function of a file returns; else the function's own line."""
    for node in ast.parse(study.read(path)).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
            return _quote(study, path, returns[-1] if returns else node)
    return quote_name(study, path, function)


def quote_field(study: Study, paths: Iterable[Path], signature: str, field: str) -> Quote | None:
    """The line of a signature's field, in the first of the files that has it.

    A signature made on the fly bears no class's name: then the first field of that name.
    """
    found = [
        (own.name == signature, path, line)
        for path in paths
        for own in ast.walk(ast.parse(study.read(path)))
        if isinstance(own, ast.ClassDef)
        for line in own.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and line.target.id == field
    ]
    if not found:
        return None
    _, path, line = next((one for one in found if one[0]), found[0])
    return _quote(study, path, line)


def quote_parameter(
    study: Study, paths: Iterable[Path], owner: str, parameter: str
) -> Quote | None:
    """The line on which a class's `aforward` or `forward` takes a parameter."""
    for path in paths:
        for own in ast.walk(ast.parse(study.read(path))):
            if not (isinstance(own, ast.ClassDef) and own.name == owner):
                continue
            for body in own.body:
                if not isinstance(body, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                for one in (*body.args.args, *body.args.kwonlyargs):
                    if body.name in ("aforward", "forward") and one.arg == parameter:
                        return _quote(study, path, one)
    return None


def names_bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a file defines, assigns or imports."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                yield target.id


def _quote(study: Study, path: Path, node: ast.AST) -> Quote:
    number: int = node.lineno  # type: ignore[attr-defined]
    line = study.read(path).splitlines()[number - 1].strip()
    return Quote(f"{study.place(path)}: line {number}", f"in: {line}")
