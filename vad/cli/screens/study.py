"""What `vad list` prints: every name of a study."""

import json
from pathlib import Path
from textwrap import shorten

from ...errors import StudyError
from ...study.loader import Study
from ...study.scenarios import lines_of

ASKED = {"value", "action", "both", "level", "competing"}
"""The exports that make a file of signatures a program."""


def print_study(study: Study) -> None:
    """Every name of the study with what its file says of itself."""
    from ...engines.profiles import load_profiles

    programs: list[str] = []
    signatures: list[str] = []
    for name in study.names("signatures", ".py"):
        try:
            exports = study.assigned("signatures", name)
        except StudyError:
            exports = set()
        (programs if exports & ASKED else signatures).append(name)
    sections = (
        (
            "experiments",
            "experiments",
            ".toml",
            [name for name in study.names("experiments", ".toml") if name != "models"],
        ),
        ("programs", "signatures", ".py", programs),
        ("signatures", "signatures", ".py", signatures),
        ("questions", "signatures", ".toml", study.names("signatures", ".toml")),
        ("formats", "personas", ".py", study.names("personas", ".py")),
        ("personas", "personas", ".toml", study.names("personas", ".toml")),
        ("objectives", "objectives", ".py", study.names("objectives", ".py")),
        ("releases to import", "scenarios", ".py", study.names("scenarios", ".py")),
    )
    rows = {
        title: [(name, _about(study, study.root / folder / f"{name}{suffix}")) for name in names]
        for title, folder, suffix, names in sections
    }
    rows["scenarios"] = [
        (name, _about(study, study.root / "scenarios" / f"{name}.jsonl"))
        for name in study.names("scenarios", ".jsonl")
    ]
    try:
        rows["models"] = [
            (name, f"{model.engine}: {model.about or model.weights}")
            for name, model in load_profiles(study).items()
        ]
    except StudyError as error:
        rows["models"] = [("models.toml", error)]
    width = max(len(name) for section in rows.values() for name, _ in section)
    for title, section in rows.items():
        print(title)
        for name, about in section:
            if isinstance(about, StudyError):
                print(f"  {name:{width}}  BROKEN {'; '.join([about.where, *about.lines])}")
            else:
                print(f"  {name:{width}}  {shorten(about, 96 - width, placeholder=' ...')}")


def _about(study: Study, path: Path) -> str | StudyError:
    """What a file says of itself, or what is wrong with it: the others are listed all the same."""
    try:
        if path.suffix == ".jsonl":
            lines = [line for line in lines_of(study.read(path)) if line.strip()]
            for line in lines:
                json.loads(line)
            return f"{len(lines)} scenarios"
        if path.suffix == ".toml":
            study.toml(path)
        return study.about(path)
    except StudyError as error:
        return error
    except (ValueError, RecursionError) as error:
        return StudyError(study.place(path), f"is not JSON Lines: {error}")
