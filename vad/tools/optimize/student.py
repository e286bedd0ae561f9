"""The student: a prompt program as the one module that DSPy's optimisers change and ask.

To be asked about a case is to hold all of its conversations, as a run would: the same messages, the
same constraint, the same strict reading.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

import dspy
import numpy as np

from ...analysis.measures import Array
from ...design.programs import Part
from ...design.trials import Conversation, Plan
from ...engines.base import Engine
from ...errors import EngineGone, Halt, Interrupted, StudyError
from ...runs.conversation import hold
from ...runs.session import Session
from ...study.hashing import digest
from ...study.models import Model
from ...study.questions import LEVEL, QUESTIONS
from .examples import Example
from .objective import Answered


def export_of(part: Part) -> str:
    """The name under which a program's file exports a part."""
    return part.questions[0] if len(part.questions) == 1 else "both"


class Student(dspy.Module):  # type: ignore[misc]
    """A program's modules under the names of its exports."""

    def __init__(self, modules: dict[str, dspy.Module], calls: "StudentCalls") -> None:
        super().__init__()
        self.calls = calls
        for export, module in modules.items():
            setattr(self, export, module)

    def forward(self, case: str, persona: str, scenario: str) -> dspy.Prediction:
        """All answers about a case, from whatever thread an optimiser asks."""
        return self.calls.wait(self, case)

    def state(self) -> str:
        """What tells this candidate from others: its instructions and demos, as JSON."""
        return json.dumps(self.dump_state(), sort_keys=True, default=str)


class StudentCalls:
    """Where students are asked: the cases that are open, one engine, one event loop.

    students: one of each state that was asked, in the order of their first question. failed: calls
    that no answer came to, by what was said.
    """

    def __init__(self, plan: Plan, engine: Engine, model: Model, lm: dspy.LM) -> None:
        self.plan = plan
        self.engine = engine
        self.model = model
        self.lm = lm
        self.loop = asyncio.get_running_loop()
        self.cases: dict[str, Example] = {}
        self.students: dict[str, Student] = {}
        self.failed: Counter[str] = Counter()
        self.stopped: Halt | None = None
        self._width = asyncio.Semaphore(model.concurrency)

    def __deepcopy__(self, memo: dict[int, Any]) -> "StudentCalls":
        """Candidates are copies of a student; they share the calls."""
        return self

    def open(self, cases: Iterable[Example]) -> None:
        """From now on these may be asked about."""
        self.cases |= {one.name: one for one in cases}

    def wait(self, student: Student, name: str) -> dspy.Prediction:
        """`ask` from a thread; what its predictors were given and answered goes where DSPy looks.

        Raises Refused for a case that is not open, and for whatever ends the whole affair.
        """
        if name not in self.cases:
            said = f'asks about "{name}", which is none of the examples given'
            self.stopped = Halt(StudyError("vad optimize", said))
        if self.stopped:
            raise self.stopped
        traced: list[Any] = []
        asking = self.ask(student, name, dspy.settings.lm, traced)
        try:
            prediction = asyncio.run_coroutine_threadsafe(asking, self.loop).result()
        except Halt as refused:
            self.stopped = refused
            raise
        except (EngineGone, StudyError) as stopping:
            self.stopped = Halt(stopping)
            raise self.stopped from None
        except CancelledError:
            self.stopped = Halt(Interrupted())
            raise self.stopped from None
        if dspy.settings.trace is not None:
            dspy.settings.trace.extend(traced)
        return prediction

    async def ask(
        self, student: Student, name: str, lm: dspy.LM, traced: list[Any]
    ) -> dspy.Prediction:
        """Hold a case's conversations with a student's modules: the answers, and its state."""
        case, state = self.cases[name], student.state()
        if state not in self.students:
            self.students[state] = student.deepcopy()
        decided = digest(state, lm.kwargs.get("rollout_id"))
        held = await asyncio.gather(
            *(self._hold(student, one, case, lm, decided) for one in case.conversations)
        )
        for _, trace in held:
            traced.extend(trace)
        rows = [row for some, _ in held for row in some]
        return dspy.Prediction(answered=_answered(case, rows), state=state)

    async def _hold(
        self, student: Student, one: Conversation, case: Example, lm: dspy.LM, decided: str
    ) -> tuple[list[dict[str, Any]], list[Any]]:
        """The rows of a conversation and its trace; where no answer came the rows say nothing."""
        own = getattr(student, export_of(one.part))
        one = replace(one, part=replace(one.part, module=own))
        constrained = case.condition.settings.decoding != "free"
        sampling = self.plan.sampling(case.condition)
        seed = digest(one.trials[0].key, decided)
        trace: list[Any] = []

        def failed(attempt: int, said: str) -> None:
            self.failed[said] += 1

        async with self._width:
            held = await hold(
                one,
                lambda: Session(self.engine, seed, sampling, constrained, self.model),
                failed,
                trace=trace,
            )
        if held:
            return held.responses(), trace
        return [
            {
                "scenario": trial.scenario.id,
                "question": trial.question.name,
                "repeat": trial.repeat,
                "score": None,
            }
            for trial in one.trials
        ], []


def _answered(case: Example, rows: Sequence[dict[str, Any]]) -> Answered:
    levels = {
        variable.key: variable.position(level)
        for variable, level in (case.condition.persona.items() if case.condition.persona else ())
    }
    asked = dict.fromkeys(row["scenario"] for row in rows if row["question"] == LEVEL)
    own = np.array([levels[key] for key in asked if key in levels], dtype=np.float64)
    values, actions, said = (_array(rows, name) for name in (*QUESTIONS, LEVEL))
    return Answered(values, actions, said, own)


def _array(rows: Sequence[dict[str, Any]], question: str) -> Array:
    """[scenarios, repeats] of one question, in the order asked."""
    scores: dict[str, dict[int, float]] = {}
    for row in rows:
        if row["question"] == question:
            given = np.nan if row["score"] is None else row["score"]
            scores.setdefault(row["scenario"], {})[row["repeat"]] = given
    found = [[of[repeat] for repeat in sorted(of)] for of in scores.values()]
    return np.array(found, dtype=np.float64).reshape(len(found), -1 if found else 0)
