"""Permutation: a ranking, a list in which each of its values stands exactly once."""

from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from .choices import choices

T = TypeVar("T")


class Permutation(list[T], Generic[T]):
    """A ranking of a Literal's values, or an Enum's, the first of them first:

        ranking: vad.Permutation[Literal["honesty", "care", "duty"]] = dspy.OutputField()

    The answer is a list in which each value stands exactly once. The expression holds every order,
    so a ranking is of at most seven values.
    """

    ranked: ClassVar[Any] = None

    def __class_getitem__(cls, ranked: Any) -> Any:
        """The type of a ranking of these."""
        return _of(ranked)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A list of the values, each of which stands in it once."""
        items = handler.generate_schema(cls.ranked)
        return core_schema.no_info_after_validator_function(
            cls._each_once, core_schema.list_schema(items)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As a list's, with its length, and no value twice."""
        count = cls.length()
        return handler(schema) | {"minItems": count, "maxItems": count, "uniqueItems": True}

    @classmethod
    def length(cls) -> int:
        """How many values are ranked."""
        return len(choices(cls.ranked, []) or ())

    @classmethod
    def _each_once(cls, values: list[Any]) -> list[Any]:
        if len(values) != cls.length() or any(values.count(one) > 1 for one in values):
            raise PydanticCustomError("permutation", "each value has to stand exactly once")
        return values


@cache
def _of(ranked: Any) -> Any:
    return type("Permutation", (Permutation,), {"ranked": ranked})
