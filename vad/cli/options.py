"""What several verbs take, and the experiment they are given."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..design.experiment import Experiment
    from ..study.loader import Study

Named = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A TOML file, or its name.")]
Limit = Annotated[int | None, typer.Option(help="Only the first N scenarios of a seeded order.")]
Model = Annotated[
    str | None,
    typer.Option(help="This model instead of the experiment's, or several: --model A,B."),
]
Seed = Annotated[int | None, typer.Option(help="This seed instead of the experiment's.")]
ParserName = Annotated[
    str,
    typer.Option(
        "--parser", help="strict, or lenient: what free answers are read by; tables say which."
    ),
]
Root = Annotated[Path | None, typer.Option("--study", help="The study's folder.")]
Runs = Annotated[Path | None, typer.Option(help="Where run folders are; default: STUDY/runs.")]


Share = Annotated[
    str | None, typer.Option("--shard", help="Only this share of the questions: 3/8.")
]


def load(
    name: str, study: Path | None, limit: int | None, model: str | None, seed: int | None
) -> "Experiment":
    """The experiment of a file or a name, in the study around it; StudyError if it is unsound."""
    from ..design.experiment import load_experiment
    from ..study.loader import locate_study

    found = locate_study(study, Path(name))
    return load_experiment(found, experiment_path(found, name), limit=limit, model=model, seed=seed)


def experiment_path(study: "Study", given: str) -> Path:
    """An experiment as a path, or by the name of its file in `experiments/`."""
    path = Path(given)
    if path.suffix != ".toml" and not path.exists():
        return study.root / "experiments" / f"{given}.toml"
    return path
