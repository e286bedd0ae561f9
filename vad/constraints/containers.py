"""Containers: lists, tuples, rankings and objects, made of the languages of what they hold."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import StudyError
from .choices import choice, choice_text
from .field_language import FieldLanguage, NotRead, exactly, size
from .outlines_types import dsl

INLINE = ("{", ", ", "}")
"""What opens, parts and closes an object on one line."""

MOST_RANKED = 7
"""Values of a ranking: 5,040 orders, each of which stands in the expression."""


def array(item: FieldLanguage, least: int, most: int, kind: type) -> FieldLanguage:
    """A list of such items; kind: list or tuple, what is made of it."""
    more = dsl.Sequence([exactly(", "), item.term])
    rest = [dsl.QuantifyBetween(more, max(least - 1, 0), most - 1)] if most > 1 else []
    some: dsl.Term = dsl.Sequence([exactly("["), item.term, *rest, exactly("]")])
    shortest = [_row([item.longest] * least)] if least < most else []

    def read(content: Any) -> Any:
        if not isinstance(content, list):
            raise NotRead("wrong type")
        if not least <= len(content) <= most:
            raise NotRead("out of bounds")
        return kind(map(item.read, content))

    def shown(described: str) -> str:
        count = str(most) if least == most else f"{least} to {most}"
        entries = f"{count} {'entry' if most == 1 else 'entries'}"
        return f"[{item.shown('')}, ...] <{': '.join(filter(None, [described, entries]))}>"

    return FieldLanguage(
        some if least else dsl.Alternatives([exactly("[]"), some]),
        _row([item.longest] * most),
        read,
        {"type": "array", "items": item.schema, "minItems": least, "maxItems": most},
        shown,
        (*shortest, *(_row([text] + [item.longest] * (most - 1)) for text in item.tried)),
    )


def fixed_array(items: list[FieldLanguage]) -> FieldLanguage:
    """A tuple, each place of its own type."""
    terms = [one for item in items for one in (exactly(", "), item.term)][1:]
    longest = [item.longest for item in items]

    def read(content: Any) -> Any:
        if not isinstance(content, list):
            raise NotRead("wrong type")
        if len(content) != len(items):
            raise NotRead("out of bounds")
        return tuple(item.read(one) for item, one in zip(items, content, strict=True))

    return FieldLanguage(
        dsl.Sequence([exactly("["), *terms, exactly("]")]),
        _row(longest),
        read,
        {
            "type": "array",
            "prefixItems": [item.schema for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        },
        lambda said: _row([item.shown("") for item in items]) + (f" <{said}>" if said else ""),
        tuple(
            _row([*longest[:n], text, *longest[n + 1 :]])
            for n, item in enumerate(items)
            for text in item.tried
        ),
    )


def ranking(values: list[Any] | None, where: str) -> FieldLanguage:
    """A list in which each of these values stands once."""
    if not values or len(values) > MOST_RANKED:
        count = len(values or ())
        raise StudyError(
            where,
            f"is a ranking of {count} values, whose every order would stand in the expression; "
            f"of 1 to {MOST_RANKED} it can be held to",
            f"write, for example, a rank for each: "
            f"dict[Literal[...], Annotated[int, Field(ge=1, le={count or MOST_RANKED})]]",
        )
    one = choice(None, values, where)
    texts = list(one.tried)

    def read(content: Any) -> Any:
        if not isinstance(content, list):
            raise NotRead("wrong type")
        ranked = list(map(one.read, content))
        if len(ranked) != len(values) or any(ranked.count(value) > 1 for value in ranked):
            raise NotRead("out of bounds")
        return ranked

    return FieldLanguage(
        dsl.Sequence([exactly("["), _orders(texts), exactly("]")]),
        _row(texts),
        read,
        {
            "type": "array",
            "items": one.schema,
            "minItems": len(values),
            "maxItems": len(values),
            "uniqueItems": True,
        },
        lambda said: f"[{one.shown(said)}, ...] <each of the {len(values)} once, in order>",
        tuple(_row([first, *(text for text in texts if text != first)]) for first in texts),
    )


def _orders(texts: list[str]) -> dsl.Term:
    """All orders of some texts, those that begin alike together."""
    if len(texts) == 1:
        return exactly(texts[0])
    ways = [
        dsl.Sequence([exactly(f"{text}, "), _orders([one for one in texts if one != text])])
        for text in texts
    ]
    return dsl.Alternatives(ways)


def any_of(members: list[FieldLanguage]) -> FieldLanguage:
    """A text of any of these; read as the first of them that it is."""

    def read(content: Any) -> Any:
        kinds = []
        for member in members:
            try:
                return member.read(content)
            except NotRead as problem:
                kinds.append(str(problem))
        # What is nearly one of them says more than what is none.
        raise NotRead(next((kind for kind in kinds if kind == "out of bounds"), "wrong type"))

    return FieldLanguage(
        dsl.Alternatives([member.term for member in members]),
        max((member.longest for member in members), key=size),
        read,
        {"anyOf": [member.schema for member in members]},
        lambda said: " or ".join(
            [members[0].shown(said), *(member.shown("") for member in members[1:])]
        ),
        tuple(dict.fromkeys(text for one in members for text in (one.longest, *one.tried))),
    )


def json_object(
    held: dict[str, FieldLanguage],
    words: dict[str, str],
    make: Callable[[dict[str, Any]], Any] = dict,
    marks: tuple[str, str, str] = INLINE,
) -> FieldLanguage:
    """An object with these keys in their order.

    words: what is said of each field. make: the typed value of the values read. marks: what opens,
    parts and closes it.
    """
    opening, between, closing = marks if held else ("", "", "{}")
    leads = [f"{between if place else opening}{_key(name)}: " for place, name in enumerate(held)]
    terms = [
        term
        for lead, one in zip(leads, held.values(), strict=True)
        for term in (exactly(lead), one.term)
    ]
    longest = [one.longest for one in held.values()]

    def text(values: list[str]) -> str:
        parts = zip(leads, values, strict=True)
        return "".join(lead + value for lead, value in parts) + closing

    def read(content: Any) -> Any:
        if not isinstance(content, dict):
            raise NotRead("wrong type")
        if set(content) != set(held):
            raise NotRead("wrong keys")
        return make({name: one.read(content[name]) for name, one in held.items()})

    def shown(described: str) -> str:
        entries = [f"{_key(name)}: {one.shown(words.get(name, ''))}" for name, one in held.items()]
        return f"{{{', '.join(entries)}}}" + (f" <{described}>" if described else "")

    return FieldLanguage(
        dsl.Sequence([*terms, exactly(closing)]),
        text(longest),
        read,
        {
            "type": "object",
            "properties": {name: one.schema for name, one in held.items()},
            "required": list(held),
            "additionalProperties": False,
        },
        shown,
        tuple(
            text([*longest[:n], one, *longest[n + 1 :]])
            for n, field in enumerate(held.values())
            for one in field.tried
        ),
    )


def named_items(keys: list[Any], item: FieldLanguage, by_item: bool) -> FieldLanguage:
    """An object with an answer for each of these keys.

    by_item: an item that is missing, or answered with what it cannot be, is left as it stands: its
    own loss, told where its row is made.
    """
    names = {choice_text(key): key for key in keys}
    whole = json_object(dict.fromkeys(names, item), {})

    def read(content: Any) -> Any:
        if not isinstance(content, dict):
            raise NotRead("wrong type")
        if by_item:
            return {names.get(name, name): _as_read(item, one) for name, one in content.items()}
        return {names[name]: one for name, one in whole.read(content).items()}

    def shown(described: str) -> str:
        entries = [f"{_key(name)}: {item.shown(described)}" for name in names]
        few = entries if len(entries) < 4 else [*entries[:2], "...", entries[-1]]
        return f"{{{', '.join(few)}}}"

    return replace(whole, read=read, shown=shown)


def _as_read(item: FieldLanguage, content: Any) -> Any:
    try:
        return item.read(content)
    except NotRead:
        return content


def _row(texts: list[str]) -> str:
    return f"[{', '.join(texts)}]"


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
