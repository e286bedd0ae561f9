"""New: `vad init`, and `vad new` for the smallest file of each kind."""

from pathlib import Path
from typing import Annotated

import typer

from ...study.loader import locate_study
from ...study.scaffold import fresh_study, new_file

app = typer.Typer(no_args_is_help=True, help="Write the smallest file of a kind, ready to change.")


Name = Annotated[str, typer.Argument(help="What it is to be called, in TOML and in every table.")]


Root = Annotated[Path | None, typer.Option("--study", help="The study's folder.")]


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
