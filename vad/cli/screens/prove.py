"""What `vad prove` prints: a row a backend and vocabulary, and what all runs so far add up to."""

from pathlib import Path

import pandas as pd
from rich.table import Table

from ...tools.stress.record import CellRecord
from .tables import console

COLUMNS = {
    "backend": "left",
    "vocabulary": "right",
    "tokenizer": "left",
    "answers": "right",
    "unreadable": "right",
    "below\n(95%)": "right",
    "longest,\nbytes": "right",
    "compile": "right",
    "memory": "right",
    "answers/s": "right",
    "answers/s,\nfree = 1": "right",
    "tokens/s,\nfree = 1": "right",
}


def print_proof(cells: list[CellRecord], record: Path) -> None:
    """The table of the cells, the unreadable answers if there are any, and the record's sums."""
    screen = console(132)
    table = Table(box=None, pad_edge=False)
    for name, justify in COLUMNS.items():
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for cell in cells:
        table.add_row(
            cell.backend,
            f"{cell.vocabulary:,}",
            cell.style,
            f"{cell.answers:,}",
            str(cell.unreadable),
            f"{cell.upper:.1e}" if not cell.unreadable else "-",
            f"{cell.longest} of {cell.bound}",
            f"{cell.compile_seconds:.1f} s",
            f"{cell.memory:.0f} MB",
            f"{cell.answers_a_second:.0f}",
            f"{cell.answer_pace:.2f}",
            f"{cell.token_pace:.2f}",
        )
    screen.print(table)
    for cell in cells:
        for example in cell.examples:
            screen.print(f"{cell.backend} {cell.vocabulary}: {example}", markup=False)
    rows = pd.read_csv(record)
    told, lost = int(rows["answers"].sum()), int(rows["unreadable"].sum())
    bound = f", below {3 / told:.1e} (95%)" if not lost and told else ""
    screen.print(
        f"all {len(rows)} rows of {record}: {told:,} answers, {lost} unreadable{bound}",
        highlight=False,
        soft_wrap=True,
    )
