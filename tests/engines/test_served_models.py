"""Lists of models as servers give them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.json_values import ANY
from vad.engines.served_models import told_of
from vad.errors import EngineGone, StudyError
from vad.study.models import Model

URL = "http://far/v1"


def model(served_as: str = "") -> Model:
    return Model(name="far", weights="x", engine="server", base_urls=[URL], served_as=served_as)


CARD = {"id": "m", "owned_by": "vllm", "root": "/w", "max_model_len": "4096.0"}
TOLD = {"model": "m", "owned_by": "vllm", "root": "/w", "max_model_len": "4096"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"data": [CARD]}, TOLD),
        ([CARD], TOLD),
        ({"models": [{"name": "m"}]}, {"model": "m"}),
        (["m"], {"model": "m"}),
        ({"data": [{"id": None}, {}, None, 7, {"id": "m", "owned_by": None}]}, {"model": "m"}),
        ([{"id": "m", "max_model_len": "much", "root": 7}], {"model": "m"}),
        ([{"id": "m", "max_model_len": float("nan")}], {"model": "m"}),
    ],
)
def test_a_list_is_taken_as_far_as_it_goes(content: Any, told: dict[str, str]) -> None:
    assert told_of(model(), URL, 200, content) == told


@given(ANY, st.sampled_from([200, 403, 404, 405, 500]))
def test_with_a_name_of_its_own_no_list_is_needed(content: Any, status: int) -> None:
    if status == 200:
        content = {"data": content if not isinstance(content, list | str) else None}
    assert told_of(model("mine"), URL, status, content) == {"model": "mine"}


@given(ANY, st.sampled_from([200, 401, 404, 500]))
def test_whatever_a_list_is_it_is_a_model_or_a_message(content: Any, status: int) -> None:
    said = ""
    try:
        told_of(model(), URL, status, content)
    except (EngineGone, StudyError) as told:
        said = str(told)
    assert not said or status == 401 or "served_as" in said


def test_of_a_part_of_a_list_the_profiles_name_is_believed() -> None:
    content = {"data": [{"id": "a"}], "has_more": True}
    assert told_of(model("mine"), URL, 200, content) == {"model": "mine"}
    with pytest.raises(StudyError, match='is "mine"'):
        told_of(model("mine"), URL, 200, {"data": [{"id": "a"}]})
