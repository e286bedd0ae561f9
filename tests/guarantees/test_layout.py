"""The tests mirror the folders of `vad/`, and none is built on another."""

import ast
from pathlib import Path

from tests.helpers.studies import REPOSITORY

TESTS = REPOSITORY / "tests"
ACROSS = {Path("guarantees")}
"""Folders of tests that hold `vad` as a whole to something."""


def imported(path: Path) -> set[str]:
    """The modules a file imports, and each name that it imports from one, as dotted names."""
    package = path.relative_to(REPOSITORY).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def test_every_test_stands_in_a_folder_that_vad_has_or_in_the_one_across_them() -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    packages = {
        path.parent.relative_to(REPOSITORY / "vad")
        for path in Path(REPOSITORY, "vad").rglob("*.py")
    }
    assert Path(".") not in folders
    assert folders - packages == ACROSS


def test_no_test_imports_a_test() -> None:
    tests = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in TESTS.rglob("test_*.py")
    }
    for path in TESTS.rglob("*.py"):
        assert not imported(path) & set(tests), path
