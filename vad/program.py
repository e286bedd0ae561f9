"""Prompt programs: the DSPy modules of a file in `signatures/`, and the contract they keep."""

import hashlib
import inspect
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import dspy

from .decode import Language, each_item, language
from .errors import StudyError
from .finite import choices
from .model import REFUSED
from .order import digest
from .study import Study

QUESTIONS = ("value", "action")
EXPORTS = (*QUESTIONS, "both")
FALLBACK = "direct"

INPUTS = ("persona", "scenario", "value", "definition", "topic", "question", "options", "items")
"""What the engine fills in, by name, for a program that answers one question."""

INPUTS_BOTH = (
    *INPUTS[:5],
    "value_question",
    "value_options",
    "action_question",
    "action_options",
)
"""What it fills in for a program that answers both questions in one conversation."""


@dataclass(frozen=True)
class Part:
    """One module of a program: the questions it answers and the inputs it takes.

    many: one call answers a question about many scenarios at once, an answer an item; `among` then
    holds it to the items of a call.
    """

    module: dspy.Module
    questions: tuple[str, ...]
    inputs: tuple[str, ...]
    answers: dict[str, list[Any]]
    place: str
    many: bool = False
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

    def among(self, items: tuple[str, ...]) -> "Part":
        """This part held to exactly one answer for each of these items, in their order."""
        if items not in self._among:
            module = self.module.deepcopy()
            for _, predictor in module.named_predictors():
                for name, held in predictor.signature.output_fields.items():
                    if name in self.questions and each_item(held.annotation):
                        kind = dict[Literal[items], each_item(held.annotation)]  # type: ignore[misc, valid-type]
                        predictor.signature = predictor.signature.with_updated_fields(name, kind)
            self._among[items] = replace(self, module=module)
        return self._among[items]


@dataclass(frozen=True)
class Program:
    """A program by name; `hash` covers its files and saved state.

    parts: in the order asked, each in one form or in several that the repeats take in turn.
    """

    name: str
    parts: tuple[tuple[Part, ...], ...]
    hash: str


def load_program(study: Study, name: str, where: str) -> Program:
    """The program of `signatures/NAME.py`; a question it leaves out is taken from `direct`.

    Raises StudyError for an unknown name, a file that exports no dspy.Module, a module that takes
    an input nobody fills, and output fields that are unbounded or do not answer the question.
    """
    path = study.file("signatures", name, ".py", where, "prompt program")
    module = study.module("signatures", name)
    exported = {key: getattr(module, key) for key in EXPORTS if hasattr(module, key)}
    place = study.place(path)
    if not exported:
        raise StudyError(
            place,
            "is no prompt program: it exports neither value nor action nor both",
            "write, for example: action = dspy.Predict(ChooseAction)",
        )
    for key, found in exported.items():
        forms = found if isinstance(found, list) else [found]
        if not forms or not all(isinstance(form, dspy.Module) for form in forms):
            raise StudyError(
                f"{place}: {key}",
                f"is {found!r:.80}, and no dspy.Module",
                f"write, for example: {key} = dspy.Predict(MySignature)",
            )
    sources = study.sources("signatures", name)
    if "both" in exported:
        parts: tuple[tuple[Part, ...], ...] = (_forms(place, exported["both"], QUESTIONS),)
    else:
        missing = [question for question in QUESTIONS if question not in exported]
        if missing and name == FALLBACK:
            raise StudyError(place, f"exports no {missing[0]}; the program {FALLBACK} has both")
        if missing:
            fallback = study.module("signatures", FALLBACK)
            exported |= {question: getattr(fallback, question) for question in missing}
            sources += study.sources("signatures", FALLBACK)
        parts = tuple(_forms(place, exported[question], (question,)) for question in QUESTIONS)
    digest = hashlib.sha256()
    for source in sorted(set(sources)):
        digest.update(f"{source.name} {study.hash(source)} ".encode())
    return Program(name, parts, digest.hexdigest())


def _forms(
    place: str, exported: dspy.Module | list[dspy.Module], questions: tuple[str, ...]
) -> tuple[Part, ...]:
    forms = exported if isinstance(exported, list) else [exported]
    parts = tuple(_part(place, form, questions) for form in forms)
    if len({part.many for part in parts}) > 1:
        raise StudyError(
            parts[0].place, "answers for many items in some of its forms and for one in others"
        )
    return parts


def _part(place: str, module: dspy.Module, questions: tuple[str, ...]) -> Part:
    where = f"{place}: {'both' if len(questions) > 1 else questions[0]}"
    inputs = _inputs(where, module, INPUTS if len(questions) == 1 else INPUTS_BOTH)
    answers = {}
    many = []
    predictors = [predictor for _, predictor in module.named_predictors()]
    for predictor in predictors:
        # A max_tokens is looked at in each call: one that covers the answer does no harm.
        for key in sorted((set(predictor.config) & set(REFUSED)) - {"max_tokens"}):
            raise StudyError(where, f"sets {key}, which is refused: {REFUSED[key]}")
    for question in questions:
        fields = [
            predictor.signature.output_fields[question]
            for predictor in predictors
            if question in predictor.signature.output_fields
        ]
        if not fields:
            raise StudyError(
                where,
                f"no signature of it has an output field named {question}",
                f'write, for example: {question}: Literal["A", "B"] = dspy.OutputField()',
            )
        item = each_item(fields[-1].annotation)
        many.append(item is not None)
        values = choices(item or fields[-1].annotation, list(fields[-1].metadata))
        if values is None:
            raise StudyError(
                where,
                f"its output field {question} is no choice",
                f'write, for example: {question}: Literal["A", "B"] = dspy.OutputField()',
            )
        answers[question] = values
    if len(set(many)) > 1:
        raise StudyError(where, "answers one question for many items and the other for one")
    part = Part(module, questions, inputs, answers, where, many[0])
    for signature in part.among(("item",)).signatures if part.many else part.signatures:
        try:
            language(signature)
        except StudyError as error:
            raise StudyError(f"{place}: {error.where}", *error.lines) from None
    return part


def _inputs(where: str, module: dspy.Module, filled: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(module, dspy.Predict):
        names = list(module.signature.input_fields)
        required = names
    else:
        body = getattr(module, "aforward", None) or getattr(module, "forward", None)
        if body is None:
            raise StudyError(where, "has neither aforward nor forward")
        parameters = inspect.signature(body).parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            names = _predictor_inputs(module)
            required = names
        else:
            names = [parameter.name for parameter in parameters]
            required = [one.name for one in parameters if one.default is one.empty]
    for name in required:
        if name not in filled:
            raise StudyError(
                where,
                f'takes an input "{name}" that nothing fills',
                f"the engine fills: {', '.join(filled)}",
            )
    return tuple(name for name in names if name in filled)


def _predictor_inputs(module: dspy.Module) -> list[str]:
    predictors = [predictor for _, predictor in module.named_predictors()]
    return list(predictors[0].signature.input_fields) if predictors else []
