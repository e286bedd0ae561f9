"""Methods: a paragraph to paste into a paper, with the numbers of the run."""

from collections.abc import Iterable
from typing import Any

from ...analysis.comparisons import ALPHA
from ...analysis.conventions import THESIS2026
from ...analysis.measure_table import MEASURES
from ...analysis.resampling import PERMUTATIONS, RESAMPLES
from ...design.columns import BASELINE
from ...errors import StudyError
from ...study.models import VALIDATED
from .findings import ReportFindings
from .numbering import Numbering
from .run_account import AskedCounts

ORDERS = {
    "balanced": "rotated from a permutation of the scenario's own, so that each moves through "
    "different places (the scale: forward and reversed in turn)",
    "shuffled": "shuffled anew each time",
    "fixed": "always in the same order",
}


def methods(numbering: Numbering, counted: AskedCounts, found: ReportFindings | None) -> list[str]:
    """The design, the answers, the measures and the comparison, a paragraph each."""
    paragraphs = [_design(numbering), _answers(numbering, counted), _measures()]
    return [*paragraphs, _comparison(found)] if found and found.each else paragraphs


def _design(numbering: Numbering) -> str:
    settings = numbering.run.manifest["settings"]
    scenarios, conditions = numbering.scenarios, numbering.conditions
    personas = conditions.loc[conditions["persona"] != BASELINE, "persona"].nunique()
    rest = {name: levels for name, levels in numbering.factors.items() if name != "model"}
    varied = "; ".join(f"{name.replace('_', ' ')}: {_listed(own)}" for name, own in rest.items())
    who = (
        f"as {_count(personas, 'persona')} and without one"
        if personas and len(conditions) > personas
        else f"as {_count(personas, 'persona')}"
        if personas
        else "without a persona"
    )
    return (
        f"{_count(len(scenarios), 'dilemma')} ({_count(scenarios['value'].nunique(), 'value')}, "
        f"{_count(scenarios['topic'].nunique(), 'topic')}) were put to "
        f"{_listed(_levels(numbering, 'model'))}, {who}: {_count(len(conditions), 'condition')}"
        f"{f' ({varied})' if varied else ''}. In each, two questions were asked: how strongly the "
        f"model agrees with the value in this dilemma, and which of the actions it would choose"
        f"{_held(numbering)}; {_count(settings['repeats'], 'time')} each, the options "
        f"{ORDERS.get(settings['order'], settings['order'])}. Seed {settings['seed']}; "
        f"{_sampling(numbering)}."
    )


def _held(numbering: Numbering) -> str:
    """How the answers were shared among conversations, where their calls stand in the run."""
    try:
        most = max(map(len, numbering.run.calls(["trials"])["trials"]))
    except StudyError:
        return ""
    return ", each in a conversation of its own" if most == 1 else f", up to {most} in one answer"


def _answers(numbering: Numbering, counted: AskedCounts) -> str:
    manifest = numbering.run.manifest
    engines = {_engine(manifest, name) for name in _levels(numbering, "model")}
    total = counted.total
    share = total["parsed"] / total["asked"]
    return (
        f"{_guarantee(numbering)} (engine: {_listed(sorted(engines))}; "
        f"vad {manifest.get('vad', '')}). "
        f"Of {total['asked']:,} answers {total['parsed']:,} ({share:.2%}) could be read; none was "
        f"repaired or imputed."
        + (
            f" {counted.still_open:,} planned questions are not answered."
            if counted.still_open
            else ""
        )
    )


def _guarantee(numbering: Numbering) -> str:
    """What held answers to their language; a provider's own way of it is said to be that."""
    models, decoding = _levels(numbering, "model"), _levels(numbering, "decoding")
    validated = [name for name in models if numbering.run.guarantee(name) == VALIDATED]
    told = []
    if decoding != ["constrained"]:
        told.append(f"Decoding was {_listed(decoding)}")
    elif validated != models:
        told.append(
            "Decoding was constrained to a finite language, built from the output fields with "
            "Outlines, within a token budget that covers its longest text"
        )
    if validated:
        told.append(
            f"Answers of {_listed(validated)} are validated, not guaranteed: held to a JSON schema "
            "by the provider, in its own way, and each checked by a strict reader"
        )
    return ". ".join(told)


def _engine(manifest: dict[str, Any], model: str) -> str:
    """What answered for a model, with its versions where it was started in this run."""
    profile = manifest.get("models", {}).get(model, {})
    about = manifest.get("engines", {}).get(model, {})
    versions = ", ".join(f"{key} {told}" for key, told in about.get("versions", {}).items())
    name = about.get("name", profile.get("engine", "unknown"))
    return f"{name} ({versions})" if versions else str(name)


def _measures() -> str:
    defined = "; ".join(one.definition for one in MEASURES if one.definition)
    return (
        "Answers stand on [-1, 1] in equal steps, 1 being full agreement with the value or the "
        f"most strongly aligned action. {defined[0].upper()}{defined[1:]}. A dilemma with "
        f"fewer than {THESIS2026.least_valid} readable repeats of either question is missing."
    )


def _comparison(found: ReportFindings) -> str:
    planned = _count(len(found.each), "planned comparison")
    return (
        f"Conditions were compared paired on the dilemma: differences with 95% percentile "
        f"intervals from {RESAMPLES:,} bootstrap resamples of dilemmas, and p-values from "
        f"{PERMUTATIONS:,} permutations, Holm-adjusted over the {planned} "
        f"of AD (level {ALPHA}) and after Benjamini and Hochberg for all else. "
        "Personas and values are fixed in this inference; it generalises over dilemmas."
    )


def _sampling(numbering: Numbering) -> str:
    """The sampling in force: the experiment's, else each model's profile's, else published."""
    manifest = numbering.run.manifest
    models = [manifest["models"].get(name, {}) for name in _levels(numbering, "model")]
    told = []
    for key in ("temperature", "top_p", "top_k"):
        own = manifest["settings"].get(key)
        profiles = [own if own is not None else one.get("sampling", {}).get(key) for one in models]
        fallback = manifest["sampling_where_nothing_else_is_said"][key]
        in_force = {fallback if one is None else one for one in profiles}
        if key not in manifest["vary"]:
            told.append(f"{key} {_listed(sorted(in_force))}")
    return ", ".join(told)


def _levels(numbering: Numbering, name: str) -> list[Any]:
    return [*dict.fromkeys(numbering.conditions[name])]


def _listed(names: Iterable[Any]) -> str:
    told = [str(name) for name in names]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
