"""Fields: an output field's type -> its language, the same that reads, describes and shows it.

Literal       its values, written as JSON; Enum (StrEnum, IntEnum): its members' values
bool          true or false
int           with both bounds (ge, gt, le, lt; multiple_of too), at most 10,000 values
float         the same, with a step: multiple_of
date          between two days
str           with max_length, of printable ASCII; Unicode is of any living script; or with a
              pattern that has an end. dspy.Reasoning alike
list          of any of these, with max_length; min_length = max_length fixes its length
tuple         of fixed length, or as a list
Permutation   a list in which each of its values stands once
Optional, |   the texts of each member, null among them
dict          over a Literal of keys, each of which stands in it once
models        pydantic's, and TypedDict, with fields of all these, nested as deep as they are

What cannot be made finite, or what pydantic would check beyond what decoding can be held to, is
refused with the line to write.
"""

import types
from collections.abc import Callable, Iterable
from datetime import date
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

import dspy
from annotated_types import MultipleOf
from pydantic import BaseModel, RootModel
from typing_extensions import get_type_hints, is_typeddict

from ..errors import StudyError
from .choices import choice, choices
from .containers import (
    INLINE,
    any_of,
    array,
    fixed_array,
    json_object,
    named_items,
    ranking,
)
from .field_language import FieldLanguage
from .metadata import MOST_VALUES, ItemByItem, bounds, lengths, require_known, unannotated
from .permutations import Permutation
from .refusals import not_finite, too_many
from .texts import is_text, text

Fields = dict[str, tuple[Any, list[Any], str]]
"""Each field's type, what else its definition says of it (`FieldInfo.metadata`), and its words."""


def key_values(annotation: Any) -> list[Any]:
    """The keys of `dict[Literal[...], X]`, each of which the language holds once; else none."""
    if get_origin(annotation) is not dict:
        return []
    key = get_args(annotation)[0]
    return (choices(key, []) or []) if get_origin(key) is Literal or _is_enum(key) else []


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def object_of(
    fields: Fields,
    where: str,
    marks: tuple[str, str, str] = INLINE,
    inside: tuple[Any, ...] = (),
    make: Callable[[dict[str, Any]], Any] = dict,
) -> FieldLanguage:
    """A JSON object with these keys in their order; make: the typed value of what was read."""
    held = {
        name: field_of(annotation, metadata, f"{where}.{name}", name, inside)
        for name, (annotation, metadata, _) in fields.items()
    }
    words = {name: described for name, (_, _, described) in fields.items()}
    return json_object(held, words, make, marks)


def field_of(
    annotation: Any, metadata: Iterable[Any], where: str, name: str, inside: tuple[Any, ...] = ()
) -> FieldLanguage:
    """The language of one field; StudyError, with the line to write, if its texts have no end.

    name: of the field, "" for the entries of a list. inside: the models that it is a part of.
    """
    annotation, said = unannotated(annotation, metadata)
    require_known(said, where)
    values = choices(annotation, said)
    if values is not None:
        return choice(annotation, values, where)
    if is_text(annotation):
        return text(annotation, said, where, name, inside).quoted()
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        kinds = get_args(annotation)
        return any_of([field_of(kind, said, where, name, inside) for kind in kinds])
    if origin in (list, tuple):
        return _array(annotation, origin, said, where, name, inside)
    if keys := key_values(annotation):
        held = field_of(get_args(annotation)[1], said, where, name, inside)
        by_item = any(isinstance(one, ItemByItem) for one in said)
        return named_items(keys, held, by_item)
    if isinstance(annotation, type) and issubclass(annotation, Permutation):
        return ranking(choices(annotation.ranked, []), where)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, where, inside)
    if is_typeddict(annotation):
        return _typed_dict(annotation, where, inside)
    stepped = annotation in (int, date) or any(isinstance(one, MultipleOf) for one in said)
    if annotation in (int, float, date) and stepped and None not in bounds(said):
        raise too_many(annotation, where, MOST_VALUES)
    raise not_finite(annotation, where, name, inside)


def bare_field(annotation: Any, metadata: Iterable[Any], where: str, name: str) -> FieldLanguage:
    """A field without quotes around a text or a choice; all else as in JSON."""
    kind, said = unannotated(annotation, metadata)
    require_known(said, where)
    values = choices(kind, said)
    if values is not None:
        return choice(kind, values, where, bare=True)
    if is_text(kind):
        return text(kind, said, where, name, ())
    return field_of(kind, said, where, name)


def _array(
    annotation: Any, origin: Any, said: list[Any], where: str, name: str, inside: tuple[Any, ...]
) -> FieldLanguage:
    """A list of bounded length, or a tuple."""
    kinds = get_args(annotation)
    if origin is tuple and kinds and kinds[-1] is not Ellipsis:
        items = [field_of(kind, [], f"{where}[{n}]", "", inside) for n, kind in enumerate(kinds)]
        most, least = lengths(said, len(items))
        if (most is not None and most < len(items)) or least > len(items):
            raise StudyError(where, f"is a tuple of {len(items)}, of another length than is said")
        return fixed_array(items)
    most, least = lengths(said, 0)
    if most is None or not kinds:
        raise not_finite(annotation, where, name, inside)
    if not 0 <= least <= most or most < 1:
        raise StudyError(where, f"is to have at least {least} and at most {most} entries")
    return array(field_of(kinds[0], [], f"{where}[]", "", inside), least, most, origin)


def _model(model: type[BaseModel], where: str, inside: tuple[Any, ...]) -> FieldLanguage:
    _require_end(model, where, inside)
    checks = model.__pydantic_decorators__
    named = [*checks.field_validators, *checks.model_validators, *checks.validators]
    named += [key for key in model.model_config if key.startswith("str_")]
    renamed = [f"alias of {key}" for key, one in model.model_fields.items() if one.alias]
    if issubclass(model, dspy.Type):
        raise not_finite(model, where, where.rpartition(".")[2], inside)
    for found in [*named, *renamed]:
        raise StudyError(
            where,
            f"{model.__name__} asks for more than decoding can be held to: {found}",
            "leave that out, and look at the answers after the run",
        )
    if issubclass(model, RootModel) or not model.model_fields:
        raise StudyError(where, f"{model.__name__} has no fields of its own to write")
    nested: Fields = {
        key: (one.annotation, one.metadata, one.description or "")
        for key, one in model.model_fields.items()
    }
    return object_of(nested, where, inside=(*inside, model), make=lambda values: model(**values))


def _typed_dict(kind: Any, where: str, inside: tuple[Any, ...]) -> FieldLanguage:
    _require_end(kind, where, inside)
    if kind.__optional_keys__:
        shown = ", ".join(sorted(kind.__optional_keys__))
        raise StudyError(
            where,
            f"{kind.__name__} has keys that may be left out: {shown}",
            "write: Optional[...], which null answers",
        )
    nested: Fields = {
        key: (one, [], "") for key, one in get_type_hints(kind, include_extras=True).items()
    }
    return object_of(nested, where, inside=(*inside, kind))


def _require_end(model: Any, where: str, inside: tuple[Any, ...]) -> None:
    if model in inside:
        raise StudyError(
            where,
            f"is a {model.__name__} within a {model.__name__}, without end",
            "write: a model of its own for each level",
        )
