"""Outlines' types, without the models that the whole of Outlines brings.

`import outlines` imports every engine it knows, and with them transformers and torch: seconds,
before a word is asked. Its types need none of that. They are imported here from the package as it
lies on disk, its own opening left out; whoever imports `outlines` later gets all of it, and these
same types in it.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any


def _types() -> Any:
    if "outlines" in sys.modules:
        from outlines.types import dsl

        return dsl
    found = find_spec("outlines")
    if not isinstance(found, ModuleSpec):
        raise ModuleNotFoundError("No module named 'outlines'", name="outlines")
    unopened = ModuleType("outlines")
    unopened.__path__ = found.submodule_search_locations or []
    sys.modules["outlines"] = unopened
    try:
        from outlines.types import dsl
    finally:
        del sys.modules["outlines"]
    return dsl


if TYPE_CHECKING:
    from outlines.types import dsl
else:
    dsl = _types()

__all__ = ["dsl"]
