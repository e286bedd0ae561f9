"""Packing: what the page's script opens, as JSON, gzipped, in base64."""

import base64
import gzip
import json
from typing import Any

import numpy as np
import pandas as pd

DECIMALS = 6


def pack(content: Any) -> str:
    """A content as text that can stand in HTML as it is."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def by_column(table: pd.DataFrame) -> dict[str, list[Any]]:
    """A table as a list a column, numbers rounded, None where missing."""
    return {str(name): [json_value(one) for one in table[name].tolist()] for name in table}


def json_value(content: Any) -> Any:
    """A number rounded, None where it is undefined; anything else as it is."""
    if not isinstance(content, float):
        return content
    return round(content, DECIMALS) if np.isfinite(content) else None
