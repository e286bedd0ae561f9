"""Refusals: why a type cannot be made finite, and the line to write in its place."""

from typing import Any, get_origin

from ..errors import StudyError

LIST = "list[Literal[1, 2, 3]] = dspy.OutputField(min_length=1, max_length=10)"
TEXT = "str = dspy.OutputField(max_length=400)"
DAYS = "date = dspy.OutputField(ge=date(2026, 1, 1), le=date(2026, 12, 31))"
INSTEAD = {
    "str": ("a text without end", TEXT),
    "Reasoning": ("a text without end", "dspy.Reasoning = dspy.OutputField(max_length=400)"),
    "int": ("an int without both bounds", "int = dspy.OutputField(ge=1, le=10)"),
    "float": (
        "a number without both bounds and a step",
        "float = dspy.OutputField(ge=0, le=1, multiple_of=0.05)",
    ),
    "Decimal": (
        "a number that JSON has not",
        "float = dspy.OutputField(ge=0, le=1, multiple_of=0.05)",
    ),
    "date": ("a date without both bounds", DAYS),
    "datetime": ("a time to the microsecond", DAYS),
    "list": ("a list without end", LIST),
    "tuple": (
        "a tuple without end",
        "tuple[Literal[1, 2, 3], bool] = dspy.OutputField()",
    ),
    "set": ("a set, which JSON does not have", LIST),
    "frozenset": ("a set, which JSON does not have", LIST),
    "dict": (
        "a dict with any keys",
        'dict[Literal["first", "second"], Literal["yes", "no"]] = dspy.OutputField()',
    ),
    "Any": ("of any type", TEXT),
    "Code": ("code, whose lines JSON escapes", TEXT),
}
"""What is wrong with a type as it stands, and what to write in its place."""


def not_finite(annotation: Any, where: str, name: str, inside: tuple[Any, ...]) -> StudyError:
    """The error for a field whose texts have no end.

    name: of the field, "" for the entries of a list. inside: the models that it is a part of.
    """
    kind = get_origin(annotation) or annotation
    shown = getattr(annotation, "__name__", str(annotation))
    what, line = INSTEAD.get(getattr(kind, "__name__", ""), (f"the type {shown}", TEXT))
    if not name:
        write, arguments = line.split(" = dspy.OutputField")
        line = f"Annotated[{write}, Field{arguments}]" if arguments != "()" else write
    elif inside:
        line = f"{name}: {line.replace('dspy.OutputField', 'Field')}"
    else:
        line = f"{name}: {line}"
    return StudyError(where, f"is {what}: no budget of tokens could cover it", f"write: {line}")


def too_many(annotation: Any, where: str, most: int) -> StudyError:
    """The error for bounds that hold too many values."""
    kind = annotation.__name__
    return StudyError(
        where,
        f"is {'an' if kind == 'int' else 'a'} {kind} with more than {most} values",
        "write: a coarser multiple_of" if kind != "date" else "write: bounds nearer to each other",
    )
