"""What `vad optimize` prints at its end: candidates, test part, cost, the next command."""

from rich.table import Table

from ...report.formatting import format_number
from ...study.questions import LEVEL
from ...tools.optimize.result import OptimizationResult
from .tables import console


def print_optimization(found: OptimizationResult, name: str) -> None:
    """Each candidate with its scores, then what the test part says."""
    screen = console()
    table = Table(box=None, pad_edge=False)
    for column in ("candidate", "train", "examples", "validation", ""):
        table.add_column(column, justify="left" if not column else "right")
    for one in found.history:
        notes = [
            note
            for note, state in (("as it is", found.before), ("found", found.after))
            if one.state == state
        ]
        table.add_row(
            str(one.number),
            format_number("train", one.train),
            f"{one.asked:,}",
            format_number("validation", one.validation),
            ", ".join(notes),
        )
    screen.print(table)
    test = found.test
    conditions = len({case.condition.block for case in found.cases["test"]})
    print(
        f"\n{found.objective.name} on the test part, {test.units} {_units(found)} in {conditions} "
        f"conditions, asked only now:\n"
        f"  as it is {format_number('before', test.before)}, as {found.optimizer} found it "
        f"{format_number('after', test.after)}\n"
        f"  difference {format_number('difference', test.difference)}, 95% interval "
        f"{format_number('low', test.low)} to {format_number('high', test.high)}"
        + (f"; {test.missing} {_units(found)} without a score" if test.missing else "")
    )
    if found.after == found.before:
        print("  the program found is the program as it is")
    elif test.low <= 0 <= test.high:
        print("  the interval covers 0: no difference is shown")
    for stage, spent in found.cost().items():
        print(
            f"cost, {stage}: {spent['calls']:,} calls, {spent['prompt_tokens']:,} prompt tokens, "
            f"{spent['output_tokens']:,} output tokens"
        )
    for said, times in found.failed.most_common(3):
        print(f"{times} calls failed: {said}")
    (program,) = found.plan.experiment.programs.values()
    print(f'next: name it in an experiment, program = ["{program.name}", "{name}"]')


def _units(found: OptimizationResult) -> str:
    together = found.objective.together
    one = "variables" if found.objective.asks == (LEVEL,) else "scenarios"
    return one if together == 1 else f"sets of {together} {one}"
