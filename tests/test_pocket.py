"""The embedded model: what was planted in it is there, on dilemmas it was never shown."""

import runpy
from typing import Any

import numpy as np
import pytest

from vad.experiment import load_experiment
from vad.run import run
from vad.scenario import load_values
from vad.store import read_table
from vad.study import find_study

from .conftest import REPOSITORY

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PLANTED = """
model = "pocket"
repeats = 2
seed = 5

[only]
scenarios = [{ids}]
personas = ["moderate_1", "maximal_1", "maximal_2", "maximal_3", "maximal_4"]

[vary]
format = ["none", "explicit", "bold", "numeric", "statements"]
"""


def test_stated_values_move_with_the_persona_as_planted_under_both_directions_of_the_scale(
    root: Any,
) -> None:
    training: dict[str, Any] = runpy.run_path(
        str(REPOSITORY / "experiments" / "pocket" / "train.py"), run_name="training"
    )
    study = find_study(REPOSITORY)
    material = training["load_material"]()
    shown = {one.id for one in training["shown"](material)}
    values = load_values(study)
    by_group: dict[str, list[str]] = {}
    for one in material.scenarios:
        if one.id not in shown:
            by_group.setdefault(values[one.value].group, []).append(one.id)
    ids = [name for names in by_group.values() for name in names[:4]]
    path = root / "experiments" / "planted.toml"
    path.write_text(PLANTED.format(ids=", ".join(f'"{name}"' for name in ids)))
    experiment = load_experiment(find_study(path), path)
    outcome = run(experiment, root / "runs", False, lambda state: None)
    rows = read_table(outcome.folder, "responses").query("question == 'value'")
    people = {persona.name: persona for persona in material.people} | {"baseline": None}
    wanted = np.array(
        [
            training["stance"](people[persona], values[value].group)
            for persona, value in zip(rows["persona"], rows["value"], strict=True)
        ]
    )
    stated = 2.5 * (1 - rows["score"].to_numpy())
    forward = np.array([row[0] == 0 for row in rows["order"]])
    for direction in (forward, ~forward):
        assert np.corrcoef(wanted[direction], stated[direction])[0, 1] > 0.6
    for name in ("maximal_1", "maximal_2", "maximal_3", "maximal_4"):
        for group in by_group:
            mine = rows["value"].map(lambda value: values[value].group).eq(group).to_numpy()
            mine &= rows["persona"].eq(name).to_numpy()
            assert abs(stated[mine].mean() - wanted[mine].mean()) < 1.2, (name, group)
