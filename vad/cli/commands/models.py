"""vad models: what profiles there are, and their weights brought to this machine."""

from typing import Annotated

import typer

from ..options import Root, Runs

app = typer.Typer(help="Every model profile: licence, size, whether its weights are here.")


@app.callback(invoke_without_command=True)
def models(context: typer.Context, study: Root = None, runs: Runs = None) -> None:
    """Every model profile: licence, size, where its weights come from, whether they are here."""
    if context.invoked_subcommand:
        return
    from ...study.loader import locate_study
    from ..screens.models import print_models

    found = locate_study(study, None)
    print_models(found, runs or found.root / "runs")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A profile of models.toml.")], study: Root = None
) -> None:
    """Bring a profile's weights into the cache. Exit code 3 where nobody answers."""
    from ...engines.profiles import load_profile
    from ...study.loader import locate_study
    from ..screens.models import fetch_shown, print_place

    found = locate_study(study, None)
    model = load_profile(found, name, "NAME")
    fetch_shown([model], found)
    print_place(model, found)
