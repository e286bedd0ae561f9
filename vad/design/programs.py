"""Prompt programs: the DSPy modules of a file in `signatures/`, and the contract they keep."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import dspy

from ..constraints.bounds import with_own_bounds
from ..constraints.choices import choices
from ..constraints.language import Language, among_items, each_item, language
from ..errors import StudyError
from ..study.hashing import digest
from ..study.loader import Study
from ..study.questions import QUESTIONS
from ..study.source import Quote, SourceLines
from .answering import declared
from .program_contract import (
    EXPORTS,
    answers_of,
    body_of,
    forms_of,
    inputs_of,
    no_settings_that_break,
    require_finite,
)
from .program_state import check_states, load_state, saved_state

FALLBACK = "direct"


@dataclass(frozen=True)
class Part:
    """One module of a program: the questions it answers and the inputs it takes.

    many: one call answers a question about many scenarios at once, an answer an item; `among` then
    holds it to the items of a call. hash: of its files and its saved state. returned: the line on
    which a module of the study's own returns.
    """

    module: dspy.Module
    questions: tuple[str, ...]
    inputs: tuple[str, ...]
    answers: dict[str, list[Any]]
    place: str
    many: bool = False
    hash: str = ""
    returned: Quote | None = None
    _among: dict[tuple[str, ...], "Part"] = field(default_factory=dict, repr=False)

    @cached_property
    def signatures(self) -> list[type[dspy.Signature]]:
        """The signatures of the module's predictors, in order."""
        return [predictor.signature for _, predictor in self.module.named_predictors()]

    @cached_property
    def languages(self) -> list[Language]:
        """What each of its LM calls may answer."""
        return [language(signature) for signature in self.signatures]

    @cached_property
    def constraint(self) -> str:
        """A hash of what its LM calls are held to."""
        return digest(*(one.regex for one in self.languages))

    def may_decline(self, question: str) -> bool:
        """Whether null is an answer to a question: an Optional choice, left open."""
        field, _ = declared(self.module, question)
        fields = [one.output_fields.get(field) for one in self.signatures]
        return any(None in (choices(one.annotation, one.metadata) or ()) for one in fields if one)

    def among(self, items: tuple[str, ...]) -> "Part":
        """This part held to exactly one answer for each of these items, in their order."""
        if items not in self._among:
            module = self.module.deepcopy()
            for _, predictor in module.named_predictors():
                for name, output in predictor.signature.output_fields.items():
                    if name in self.questions and each_item(output.annotation):
                        predictor.signature = among_items(predictor.signature, name, items)
            self._among[items] = replace(self, module=module)
        return self._among[items]


@dataclass(frozen=True)
class Program:
    """A program by name.

    parts: in the order asked, each in one form or in several that the repeats take in turn.
    """

    name: str
    parts: tuple[tuple[Part, ...], ...]


def load_program(study: Study, name: str, where: str, asks: Sequence[str] = QUESTIONS) -> Program:
    """The program of `signatures/NAME.py`; a question it leaves out is taken from `direct`,
    or else from the file of that question's name.

    asks: the questions it is to answer. A module's saved state, `NAME.value.json` beside the file,
    is loaded into it. Raises StudyError for an unknown name and for a file that breaks the contract
    (program_contract.py).
    """
    path = study.file("signatures", name, ".py", where, "prompt program")
    exports = [key for key in EXPORTS if hasattr(study.module("signatures", name), key)]
    if not exports:
        raise StudyError(
            study.place(path),
            "is no prompt program: it exports neither value nor action nor both",
            "write, for example: action = dspy.Predict(ChooseAction)",
        )
    check_states(study, name, exports)
    parts = []
    if "both" in exports and set(asks) & set(QUESTIONS):
        if not set(asks) >= set(QUESTIONS):
            raise StudyError(
                f"{study.place(path)}: both",
                "answers value and action together, and only one of them is asked",
                'write: asks = ["value", "action"]',
            )
        parts.append(_forms(study, name, "both", QUESTIONS))
        asks = [question for question in asks if question not in QUESTIONS]
    for question in asks:
        file = name if question in exports else _left_out(study, question)
        parts.append(_forms(study, file, question, (question,)))
    return Program(name, tuple(parts))


def _left_out(study: Study, question: str) -> str:
    """The file that answers a question which a program leaves out: `direct`, or its own name's."""
    if hasattr(study.module("signatures", FALLBACK), question):
        return FALLBACK
    own = (study.root / "signatures" / f"{question}.py").is_file()
    if not own or not hasattr(study.module("signatures", question), question):
        raise StudyError(
            f"signatures/{FALLBACK}.py",
            f"exports no {question}; what another program leaves out is taken from it, "
            f"or from signatures/{question}.py",
        )
    return question


def _forms(study: Study, file: str, export: str, questions: tuple[str, ...]) -> tuple[Part, ...]:
    sources = study.sources("signatures", file)
    lines = SourceLines(study, sources)
    forms = forms_of(getattr(study.module("signatures", file), export), export, lines)
    state = saved_state(study, file, export)
    if state and len(forms) > 1:
        raise StudyError(study.place(state), f"is one state, and {export} has several forms")
    hashed = hashlib.sha256()
    for source in [*sorted(set(sources)), *study.read_by(sources), *([state] if state else [])]:
        hashed.update(f"{study.place(source)} {study.hash(source)} ".encode())
    parts = []
    for form in forms:
        module = with_own_bounds(form)
        if state:
            load_state(study, module, state)
        loaded = hashed.hexdigest() + _as_loaded(module)
        parts.append(_part(module, export, questions, lines, loaded))
    if len({part.many for part in parts}) > 1:
        raise lines.named(export).error(
            "answers for many items in some of its forms and for one in others"
        )
    return tuple(parts)


def _as_loaded(module: dspy.Module) -> str:
    """A hash of a module's state and of its signatures: instructions, fields, and what is said of
    them, whichever way they came to be."""
    predictors = [predictor for _, predictor in module.named_predictors()]
    signatures = [
        [one.signature.instructions, {key: _said(it) for key, it in one.signature.fields.items()}]
        for one in predictors
    ]
    settings = [sorted(one.config.items()) for one in predictors]
    loaded = [module.dump_state(), signatures, settings]
    # An object's address, and the private name of a loaded study, differ from process to process.
    return digest(re.sub(r" at 0x[0-9a-f]+|_vad_study_\d+\.", "", json.dumps(loaded, default=repr)))


def _said(field: Any) -> list[Any]:
    """A field as it is told to a model and held to: its type, bounds and description."""
    told = field.json_schema_extra or {}
    bounds = [repr(one) for one in field.metadata]
    return [str(field.annotation), bounds, told.get("__dspy_field_type"), told.get("desc")]


def _part(
    module: dspy.Module, export: str, questions: tuple[str, ...], lines: SourceLines, hashed: str
) -> Part:
    found = {question: answers_of(module, question, lines, export) for question in questions}
    if len({many for _, many in found.values()}) > 1:
        raise lines.named(export).error("answers one question for many items and the other for one")
    no_settings_that_break(module, lines, export)
    part = Part(
        module,
        questions,
        inputs_of(module, len(questions) > 1, lines),
        {question: values for question, (values, _) in found.items()},
        f"{lines.place}: {export}",
        any(many for _, many in found.values()),
        hashed,
        lines.returned(body_of(module), type(module).__name__),
    )
    require_finite(part.among(("item",)).signatures if part.many else part.signatures, lines)
    return part
