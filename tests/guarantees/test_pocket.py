"""The embedded model: what was planted in it is there, on dilemmas it was never shown."""

import json
import runpy
from typing import Any

import numpy as np
import pytest

from tests.helpers.studies import REPOSITORY
from vad.design.experiment import load_experiment
from vad.runs.run import run
from vad.runs.store.reader import read_table
from vad.study.loader import find_study
from vad.study.scenarios import load_values

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PEOPLE = ["moderate_1", "maximal_1", "maximal_2", "maximal_3", "maximal_4"]

PLANTED = """
model = "pocket"
scenarios = "dilemmas_1"
personas = "cultural_1"
repeats = 2
seed = 5

[only]
scenarios = [{ids}]
personas = [{people}]

[vary]
format = ["none", "explicit", "bold", "numeric", "statements"]
"""


def test_the_stated_level_moves_with_the_persona_as_planted_in_both_directions(root: Any) -> None:
    planted: dict[str, Any] = runpy.run_path(
        str(REPOSITORY / "experiments" / "pocket" / "respondents.py"), run_name="planted"
    )
    study = find_study(REPOSITORY)
    material = planted["load_material"]()
    shown = planted["shown"](material)
    unseen = [one for one in material.scenarios if one not in shown]
    values = load_values(study)
    by_group: dict[str, list[str]] = {}
    for one in unseen:
        if one.value in {each.value for each in shown}:
            by_group.setdefault(values[one.value].group, []).append(one.id)
    ids = [name for names in by_group.values() for name in names[:: len(names) // 4][:4]]
    path = root / "experiments" / "planted.toml"
    named = {"ids": json.dumps(ids)[1:-1], "people": json.dumps(PEOPLE)[1:-1]}
    path.write_text(PLANTED.format(**named))
    experiment = load_experiment(find_study(path), path)
    outcome = run(experiment, root / "runs", False, lambda state: None)
    rows = read_table(outcome.folder, "responses").query("question == 'value'")
    people = {persona.name: persona for persona in material.personas} | {"baseline": None}
    wanted = np.array([planted["stance"](people[persona]) for persona in rows["persona"]])
    stated = (1 - rows["score"].to_numpy()) / 2 * 5
    forward = np.array([row[0] == 0 for row in rows["order"]])
    assert set(forward) == {True, False}
    for direction in (forward, ~forward):
        assert np.corrcoef(wanted[direction], stated[direction])[0, 1] > 0.8
        for name in (*PEOPLE, "baseline"):
            mine = direction & rows["persona"].eq(name).to_numpy()
            assert abs(stated[mine].mean() - wanted[mine].mean()) < 0.8, name
    for name in PEOPLE[1:]:
        for group in by_group:
            mine = rows["value"].map(lambda value: values[value].group).eq(group).to_numpy()
            mine = mine & rows["persona"].eq(name).to_numpy()
            assert abs(stated[mine].mean() - wanted[mine].mean()) < 1.0, (name, group)
