"""vad personas check."""

from pathlib import Path
from typing import Annotated

import typer

from ...engines.capabilities import capabilities
from ...engines.tokenizer import TokenCount
from ...study.formats import Count, count_words
from ...study.loader import Study, locate_study

app = typer.Typer(no_args_is_help=True, help="Check personas and the formats that word them.")


@app.command()
def check(
    personas: Annotated[str, typer.Argument(help="A file of personas/, by its name.")] = "cultural",
    format_: Annotated[
        str, typer.Option("--format", help="Whose words are held against the dilemmas.")
    ] = "explicit",
    scenarios: Annotated[str, typer.Option(help="A file of scenarios/, by its name.")] = "dilemmas",
    model: Annotated[
        str | None, typer.Option(help="Whose tokens are counted; default: the first one here.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option(help="Write every shared word to this CSV, a row a dilemma.")
    ] = None,
    study: Annotated[Path | None, typer.Option("--study", help="The study's folder.")] = None,
) -> None:
    """Print what formats say, which words personas share with dilemmas, where each persona is.

    Exit code 1 if a format loses a variable or a level, two personas read alike, a placebo speaks,
    or a persona breaks what its category promises.
    """
    from ...study.personas import load_personas
    from ...study.scenarios import load_scenarios
    from ...tools.curation.persona_checks import check_personas
    from ...tools.curation.persona_formats import format_report
    from ...tools.curation.shared_words import shared_words, write_shared_words
    from ..screens.checks import print_findings
    from ..screens.personas import print_formats, print_places, print_positions, print_shared_words

    found = locate_study(study, None)
    file = load_personas(found, personas, "PERSONAS")
    dilemmas = load_scenarios(found, scenarios, "--scenarios")
    found.file("personas", format_, ".py", "--format", "persona format")
    unit, count = _counting(found, model)
    formats = [format_report(found, file, name, count) for name in found.names("personas", ".py")]
    names = [persona.name for persona in file.personas]
    shared = {
        one.format: list(shared_words(dict(zip(names, one.texts, strict=True)), dilemmas))
        for one in formats
        if one.texts and not one.silent
    }
    print_formats(file, formats, shared, len(dilemmas), unit)
    print_positions(file, formats, unit)
    print_places(file)
    print_shared_words(names, format_, shared.get(format_, []), len(dilemmas))
    if words:
        write_shared_words(words, shared)
        print(f"written: {words}")
    missed = print_findings(check_personas(file, formats))
    if missed:
        raise SystemExit(1)


def _counting(study: Study, name: str | None) -> tuple[str, Count]:
    """What is counted, and how: tokens of a model, words where no tokenizer is at hand."""
    from ...engines.profiles import load_profile, load_profiles
    from ...engines.tokenizer import Tokenizer, local_tokenizer

    if name is not None:
        return f"tokens of {name}", TokenCount(study, load_profile(study, name, "--model"))
    for model in load_profiles(study).values():
        if capabilities(model).has_weights and isinstance(
            local_tokenizer(model, study, False), Tokenizer
        ):
            return f"tokens of {model.name}", TokenCount(study, model)
    return "words", count_words
