"""Endless: what cannot be made finite, and the line to write in its place."""

from typing import Any, get_origin

from .errors import StudyError

LIST = "list[Literal[1, 2, 3]] = dspy.OutputField(min_length=1, max_length=10)"
INSTEAD = {
    str: ("a text without end", "str = dspy.OutputField(max_length=400)"),
    int: ("an int without both bounds", "int = dspy.OutputField(ge=1, le=10)"),
    float: ("a number without end of decimals", "int = dspy.OutputField(ge=0, le=100)"),
    list: ("a list without end", LIST),
    tuple: ("a tuple, which JSON does not have", LIST),
    set: ("a set, which JSON does not have", LIST),
    dict: (
        "a dict with any keys",
        'dict[Literal["first", "second"], Literal["yes", "no"]] = dspy.OutputField()',
    ),
}
"""What is wrong with a type as it stands, and what to write in its place."""


def endless(annotation: Any, where: str, name: str, inside: tuple[Any, ...]) -> StudyError:
    """The error for a field whose texts have no end.

    name: of the field, "" for the entries of a list. inside: the models that it is a part of.
    """
    kind = get_origin(annotation) or annotation
    shown = getattr(annotation, "__name__", str(annotation))
    what, line = INSTEAD.get(kind, (f"the type {shown}", INSTEAD[str][1]))
    if not name:
        write, arguments = line.split(" = dspy.OutputField")
        line = f"Annotated[{write}, Field{arguments}]"
    elif inside:
        line = f"{name}: {line.replace('dspy.OutputField', 'Field')}"
    else:
        line = f"{name}: {line}"
    return StudyError(where, f"is {what}: no budget of tokens could cover it", f"write: {line}")
