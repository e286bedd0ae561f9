"""Columns: the names of the columns that tell conditions apart."""

from ..study.personas import BASELINE as BASELINE  # in the columns persona and category

NAMED = {"model", "program", "format", "decoding", "adapter"}
"""The settings that have a column in every run, varied or not."""


OF_PERSONA = ("personas", "persona_turn", "variable_order", "leave_out", "keep_only")
"""The settings that change nothing where no persona is shown; a baseline has their references."""


def column(setting: str) -> str:
    """A varied setting's column; `order` is each answer's own order, so the setting gives way."""
    return "option_order" if setting == "order" else setting
