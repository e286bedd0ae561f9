"""Begin: a fresh study, and the smallest file of each kind with its contract in its docstring."""

import keyword
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from .errors import StudyError
from .study import ALL_FOLDERS, Study, locate_study

LEFT_OUT = shutil.ignore_patterns("__pycache__", "drafts.jsonl", ".*")
KINDS = {
    "format": ("personas", ".py"),
    "program": ("signatures", ".py"),
    "experiment": ("experiments", ".toml"),
    "objective": ("objectives", ".py"),
}

app = typer.Typer(no_args_is_help=True, help="Write the smallest file of a kind, ready to change.")

Name = Annotated[str, typer.Argument(help="What it is to be called, in TOML and in every table.")]
Root = Annotated[Path | None, typer.Option("--study", help="The study's folder.")]


def fresh_study(folder: Path) -> Path:
    """Copy the four folders that vad comes with into a new or empty folder.

    Raises StudyError where something is there already, or the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(str(folder), "is not empty", "name a folder that is not there yet")
    shipped = Path(str(files("vad") / "study_template"))
    # Installed from a clone, vad lies beside the four folders and ships no copy of them.
    source = shipped if shipped.is_dir() else Path(__file__).parent.parent
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
    folder, suffix = KINDS[kind]
    path = study.root / folder / f"{name}{suffix}"
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise StudyError(
            f"new {kind}",
            f"found {name!r}; a name is lower-case letters, digits and underscores",
            "write, for example: in_their_own_words",
        )
    text = (files("vad") / "templates" / f"{kind}{suffix}.txt").read_text(encoding="utf-8")
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


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")]) -> None:
    """Write a fresh study, a copy of the one that vad comes with."""
    print(f"a study: {fresh_study(folder)}")
    print(f"next: cd {folder} && vad run quickstart")


@app.command("format")
def new_format(name: Name, study: Root = None) -> None:
    """A way to word a persona: personas/NAME.py."""
    found = locate_study(study, None)
    print(f"written: {found.place(new_file(found, 'format', name))}")
    print(f"next: vad new experiment try_{name} --format {name}")


@app.command("program")
def new_program(name: Name, study: Root = None) -> None:
    """A prompt program: signatures/NAME.py."""
    found = locate_study(study, None)
    print(f"written: {found.place(new_file(found, 'program', name))}")
    print(f"next: vad new experiment try_{name} --program {name}")


@app.command("objective")
def new_objective(name: Name, study: Root = None) -> None:
    """What a program is optimised for: objectives/NAME.py."""
    found = locate_study(study, None)
    print(f"written: {found.place(new_file(found, 'objective', name))}")
    print(f"next: vad optimize EXPERIMENT --optimizer bootstrap --objective {name}")


@app.command("experiment")
def new_experiment(
    name: Name,
    format: Annotated[str, typer.Option(help="The format to compare.")] = "explicit",
    program: Annotated[str | None, typer.Option(help="A program to compare with direct.")] = None,
    study: Root = None,
) -> None:
    """A comparison: experiments/NAME.toml."""
    found = locate_study(study, None)
    found.file("personas", format, ".py", "--format", "persona format")
    if program:
        found.file("signatures", program, ".py", "--program", "prompt program")
    programs = '"direct"' + (f', "{program}"' if program else "")
    formats = '"explicit"' + (f', "{format}"' if format != "explicit" else "")
    path = new_file(found, "experiment", name, {"[PROGRAM]": f"[{programs}]", "FORMAT": formats})
    print(f"written: {found.place(path)}")
    print(f"next: vad show {name} --trial 100, then vad run {name}")
