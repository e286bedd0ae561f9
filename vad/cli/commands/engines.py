"""The verbs that try the engine itself: is every answer readable, and how fast do they come."""

from typing import Annotated

import typer

from ...errors import StudyError
from ..options import Limit, Model, Named, Root, Runs, load


def prove(
    experiment: Named = "prove",
    answers: Annotated[int, typer.Option(min=1, help="Of each backend and vocabulary.")] = 1000,
    backend: Annotated[
        str, typer.Option(help="One or several, with commas.")
    ] = "outlines,xgrammar,guidance",
    vocabulary: Annotated[
        str, typer.Option(help="Sizes of the adversary's vocabulary, with commas.")
    ] = "4096",
    limit: Limit = None,
    seed: Annotated[
        int, typer.Option(help="Of weights, tokens and draws; odd: bytes as tokens apart.")
    ] = 2026,
    study: Root = None,
    runs: Runs = None,
) -> None:
    """Have models that mean nothing answer an experiment's questions, and read every answer.

    Needs vLLM, no weights and no hub. Exit code 1 if a single answer is unreadable.
    """
    from ...tools.stress.prove import prove as prove_all
    from ..screens.progress import progress
    from ..screens.prove import print_proof

    loaded = load(experiment, study, limit, None, None)
    record = (runs or loaded.study.root / "runs") / "prove.csv"
    sizes = [_size(one) for one in vocabulary.split(",")]
    names = [one.strip() for one in backend.split(",")]
    with progress() as show:
        cells = prove_all(loaded, names, sizes, answers, seed, record, show)
    print_proof(cells, record)
    if any(cell.failed for cell in cells):
        raise SystemExit(1)


def bench(
    experiment: Named = "pocket_quickstart",
    questions: Annotated[int, typer.Option(min=1, help="In each round, at most.")] = 480,
    rounds: Annotated[int, typer.Option(min=1, help="Of each way.")] = 5,
    ways: Annotated[
        str, typer.Option(help="Some of the four, with commas.")
    ] = "raw,run,dspy,simulated",
    model: Model = None,
    study: Root = None,
) -> None:
    """What we cost: raw vLLM, a whole run on it, DSPy's default path, an instant engine.

    Needs vLLM, and LiteLLM for DSPy's path.
    """
    from ...tools.bench.rounds import bench as measure
    from ...tools.bench.rounds import choose
    from ..screens.bench import print_bench

    task, names = choose(load(experiment, study, questions, model, None), questions, ways)
    print_bench(measure(task, names, rounds, lambda line: print(line, flush=True)))


def _size(text: str) -> int:
    if not text.strip().isdecimal():
        raise StudyError("--vocabulary", f'found "{text}"; write sizes: 4096,32768')
    return int(text)
