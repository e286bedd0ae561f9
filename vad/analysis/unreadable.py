"""Unreadable answers, counted by what was wrong with them."""

from collections.abc import Sequence

import pandas as pd


def unreadable_by_kind(responses: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """How many answers could not be read: a row a group that has any, a column a kind.

    by: columns of responses, the index of what is returned. The kinds are those of `problem`, in
    the order of the alphabet.
    """
    unread = responses[responses["problem"].notna()]
    return unread.groupby([*by, "problem"], dropna=False).size().unstack(fill_value=0)
