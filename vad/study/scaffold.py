"""Begin: a fresh study, and the smallest file of each kind with its contract in its docstring."""

import keyword
import shutil
from importlib.resources import files
from pathlib import Path

from ..errors import StudyError
from .loader import ALL_FOLDERS, Study

LEFT_OUT = shutil.ignore_patterns("__pycache__", "drafts.jsonl", ".*")
FILE_KINDS = {
    "format": ("personas", ".py"),
    "program": ("signatures", ".py"),
    "experiment": ("experiments", ".toml"),
    "objective": ("objectives", ".py"),
}


def fresh_study(folder: Path) -> Path:
    """Copy the four folders that vad comes with into a new or empty folder.

    Raises StudyError where something is there already, or the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(str(folder), "is not empty", "name a folder that is not there yet")
    shipped = Path(str(files("vad.study") / "shipped"))
    # Installed from a clone, vad lies beside the four folders and ships no copy of them.
    source = shipped if shipped.is_dir() else Path(__file__).parents[2]
    try:
        for name in ALL_FOLDERS:
            shutil.copytree(source / name, folder / name, ignore=LEFT_OUT)
    except OSError as error:
        raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
    return folder


def new_file(study: Study, kind: str, name: str, filled: dict[str, str] | None = None) -> Path:
    """Write a file of a kind from its template; one that is there is never written over.

    filled: what stands for further words of the template. Raises StudyError for a name that is
    taken or cannot be imported, and where the folder cannot be written.
    """
    folder, suffix = FILE_KINDS[kind]
    path = study.root / folder / f"{name}{suffix}"
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise StudyError(
            f"new {kind}",
            f"found {name!r}; a name is lower-case letters, digits and underscores",
            "write, for example: in_their_own_words",
        )
    text = (files("vad.study") / "templates" / f"{kind}{suffix}.txt").read_text(encoding="utf-8")
    for word, put in ({"NAME": name} | (filled or {})).items():
        text = text.replace(word, put)
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise StudyError(study.place(path), "is there already", "name another") from None
    except OSError as error:
        raise StudyError(study.place(path), f"cannot be written: {error.strerror}") from None
    return path
