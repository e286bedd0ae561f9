"""Inputs: the fields of a signature that the engine fills, by name."""

INPUTS = ("persona", "scenario", "value", "definition", "topic", "question", "options", "items")
"""For a program that answers one question."""

INPUTS_BOTH = (
    *INPUTS[:5],
    "value_question",
    "value_options",
    "action_question",
    "action_options",
)
"""For a program that answers both questions in one conversation."""
