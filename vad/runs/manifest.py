"""The manifest: what suffices to understand a run, and to run it again."""

import os
import platform
from datetime import UTC, datetime
from typing import Any

from ..design.trials import IDENTITY, Plan
from ..study.models import PUBLISHED
from ..version import VERSION
from .guarantee.certificate import Certificate


def compose_manifest(
    plan: Plan,
    before: dict[str, Any],
    began: str,
    engines: dict[str, Any],
    certificates: dict[str, Certificate],
    counts: dict[str, int],
) -> dict[str, Any]:
    """The manifest as it stands now; what `before` says of other models is kept."""
    experiment = plan.experiment
    return {
        "experiment": experiment.place,
        "vad": VERSION,
        "identity": IDENTITY,
        "began": before.get("began", began),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": experiment.base.model_dump(),
        "vary": experiment.vary,
        "ablated": experiment.ablated,
        "only": experiment.only.model_dump(),
        "sampling_where_nothing_else_is_said": PUBLISHED.model_dump(),
        "models": before.get("models", {})
        | {name: model.model_dump() for name, model in experiment.models.items()},
        "personas": before.get("personas", {})
        | {
            who.name: {variable.key: level for variable, level in who.items()}
            for who in (condition.persona for condition in experiment.conditions)
            if who
        },
        "variables": before.get("variables", {})
        | {
            variable.key: [level.name for level in variable.levels]
            for file in experiment.personas.values()
            for variable in file.variables
        },
        "decides": before.get("decides", {}) | experiment.decides(),
        "engines": before.get("engines", {}) | engines,
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "certificates": before.get("certificates", {})
        | {name: one.to_json() for name, one in certificates.items()},
        "counts": counts,
    }
