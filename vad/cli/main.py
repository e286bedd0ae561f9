"""Main: the verbs, and how a command ends. Heavy imports wait inside the verbs."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from ..errors import EngineFailure, EngineGone, Interrupted, NotFetched, NothingReadable, StudyError
from .commands import engines, experiments, results

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Value-action dilemmas: what a language model says it values, what it says it would do, "
    "and the gap between the two.",
)


VERBS = (
    experiments.list_,
    experiments.check,
    experiments.show,
    experiments.run,
    experiments.status,
    experiments.merge,
    experiments.verify,
    engines.prove,
    engines.bench,
    experiments.optimize,
    results.compare,
    results.power,
    results.audit,
    results.report,
    results.score_,
)


for verb in VERBS:
    app.command(verb.__name__.rstrip("_"))(verb)


def main() -> None:
    """Run the command line; what a person can mend is one message and exit code 2."""
    try:
        _ending(_command)
    finally:
        # What was to be done is done: a signal now would only interrupt Python's own clearing up.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _command() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from .commands.models import app as models
    from .commands.new import app as new
    from .commands.new import init
    from .commands.personas import app as personas
    from .commands.scenarios import app as scenarios

    app.command()(init)
    app.add_typer(models, name="models")
    app.add_typer(new, name="new")
    app.add_typer(scenarios, name="scenarios")
    app.add_typer(personas, name="personas")
    # Verbs that load no weights need no torch; transformers would complain that it is missing.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    app()


def _ending(command: Callable[[], None]) -> None:
    try:
        command()
    except StudyError as error:
        _stop(str(error), 2)
    except (Interrupted, KeyboardInterrupt):
        _stop("stopped", 130)
    except EngineGone as error:
        _stop(f"{error}\nevery answer so far is saved; the same command goes on", 3)
    except (EngineFailure, NotFetched) as error:
        _stop(str(error), 3)
    except NothingReadable as error:
        right = "mend the profile and start anew with --new, or go on all the same with --anyway"
        _stop(f"{error}\nthey are saved; {right}", 3)
    except BrokenPipeError:
        raise SystemExit(141) from None
    except OSError as error:
        _stop(f"{error.filename or 'a file'}\n  {error.strerror or error}", 2)


def _stop(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(code)
