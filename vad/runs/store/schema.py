"""Schema: the columns of a run's tables."""

import pandas as pd
import pyarrow as pa

RESPONSES: dict[str, pa.DataType] = {
    "trial": pa.string(),
    "model": pa.string(),
    "program": pa.string(),
    "format": pa.string(),
    "persona": pa.string(),
    "category": pa.string(),
    "decoding": pa.string(),
    "adapter": pa.string(),
    "scenario": pa.string(),
    "value": pa.string(),
    "topic": pa.string(),
    "question": pa.string(),
    "repeat": pa.int16(),
    "order": pa.list_(pa.int8()),
    "text": pa.string(),
    "reasoning": pa.string(),
    "letter": pa.string(),
    "option": pa.int8(),
    "score": pa.float64(),
    "fields": pa.string(),
    "probabilities": pa.list_(pa.float64()),
    "expected": pa.float64(),
    "valid": pa.bool_(),
    "problem": pa.string(),
    "finish_reason": pa.string(),
    "prompt_tokens": pa.int32(),
    "cached_tokens": pa.int32(),
    "output_tokens": pa.int32(),
    "seconds": pa.float64(),
    "reused": pa.string(),
}


CALLS: dict[str, pa.DataType] = {
    "trials": pa.list_(pa.string()),
    "number": pa.int16(),
    "messages": pa.string(),
    "constraint": pa.string(),
    "max_tokens": pa.int32(),
    "temperature": pa.float64(),
    "top_p": pa.float64(),
    "top_k": pa.int32(),
    "seed": pa.int64(),
    "rollout": pa.int32(),
    "text": pa.string(),
    "finish_reason": pa.string(),
    "prompt_tokens": pa.int32(),
    "cached_tokens": pa.int32(),
    "unseen_tokens": pa.int32(),
    "output_tokens": pa.int32(),
    "seconds": pa.float64(),
}


TRIAL_COLUMNS = ("trial", *[*RESPONSES][[*RESPONSES].index("scenario") :])
"""The columns of responses that are a trial's own; every other tells conditions apart."""


ASKED_ONCE = ("scenario", "question", "repeat")
"""What a condition is asked once; a folder holds one answer to it."""


READ_COLUMNS = (*[*RESPONSES][: [*RESPONSES].index("order")], "text", "score", "valid", "problem")
"""The columns of responses that every reader needs."""


NEVER_EMPTY = ("trial", "scenario", "question", "repeat", "valid")


def condition_columns(responses: pd.DataFrame) -> list[str]:
    """The columns that tell conditions apart: all that are no trial's own."""
    return [str(name) for name in responses if name not in TRIAL_COLUMNS]
