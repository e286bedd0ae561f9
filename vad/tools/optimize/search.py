"""Optimise: one of DSPy's optimisers on an experiment's program, its test part kept for the end.

1  the scenarios are split; the optimiser and the objective are given train and validation alone
2  the program as it is answers both, then the optimiser asks what it likes of them
3  every candidate that was asked anything is scored on all of validation
4  the test part is opened: the program as it is and the one that was found answer it
"""

import asyncio
import contextlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import dspy
import numpy as np

from ...design.experiment import Experiment
from ...design.plan import make_plan
from ...design.trials import Plan
from ...engines.base import Engine
from ...engines.capabilities import capabilities
from ...engines.factory import make_engine
from ...errors import EngineFailure, Halt, Interrupted, StudyError, unknown
from ...runs.guarantee.canary import ask_canary
from ...runs.guarantee.certificate import certify
from ...runs.lm import lm_of
from ...runs.session import Session
from ...study.hashing import digest
from ...study.models import Model
from .examples import Example, make_examples, one_of_each
from .holdout import HoldoutEngine, closed_files
from .objective import Objective
from .optimizers import OPTIMIZERS, WITH_DEMOS, Optimization, Proposals, demos_that_fit
from .result import OptimizationResult
from .scoreboard import Scoreboard
from .split import ScenarioPart
from .student import Student, StudentCalls, export_of

Say = Callable[[str], None]
Make = Callable[[Model, Any, str, Path], Engine]
HIGH = 0.75
"""The quantile of the program's own training scores from which on an example may become a demo."""
EVERY = 10.0
"""Seconds from one word about the calls so far to the next."""


def optimize(
    experiment: Experiment,
    optimizer: str,
    objective: Objective,
    runs: Path,
    log: Path,
    say: Say,
    make: Make = make_engine,
) -> OptimizationResult:
    """Optimise the one program of an experiment on its one model.

    log: a file for what optimiser and engine say on the side. Raises StudyError for an unknown
    optimiser, an experiment with several models or programs, too few scenarios, a candidate that
    cannot fit, and for whoever reaches for the test part.
    """
    if optimizer not in OPTIMIZERS:
        raise unknown("--optimizer", "optimizer", optimizer, "there are", OPTIMIZERS)
    if optimizer == "mipro" and importlib.util.find_spec("optuna") is None:
        said = "needs the package optuna, which is not installed"
        raise StudyError("--optimizer mipro", said, "install it: pip install 'vad[mipro]'")
    plan = make_plan(experiment)
    one_of_each(plan)
    work = _Work(plan, optimizer, objective, make_examples(plan, objective), runs, log, say)
    try:
        return asyncio.run(work.on(make))
    except Halt as refused:
        raise refused.error from None


class _Work:
    """One optimisation, from its engine's start to its end."""

    def __init__(
        self,
        plan: Plan,
        optimizer: str,
        objective: Objective,
        cases: dict[ScenarioPart, list[Example]],
        runs: Path,
        log: Path,
        say: Say,
    ) -> None:
        self.plan = plan
        self.optimizer = optimizer
        self.objective = objective
        self.cases = cases
        self.runs = runs
        self.log = log
        self.say = say
        self.study = plan.experiment.study
        (self.model,) = plan.experiment.models.values()
        self.settings = plan.experiment.base
        self.demos = 0
        if optimizer in WITH_DEMOS:
            self.demos = demos_that_fit(certify(plan, self.model.name, fetch=True), self.model)
        self.book = Scoreboard(objective, cases)
        self.proposals = Proposals()

    async def on(self, make: Make) -> OptimizationResult:
        """All four steps on an engine of their own."""
        engine = make(self.model, self.study, self.settings.backend, self.log)
        try:
            await engine.start()
            if self.settings.decoding != "free" and capabilities(self.model).has_weights:
                await ask_canary(engine, self.model)
            with self.log.open("a", encoding="utf-8") as aside:
                return await self._optimized(engine, aside)
        finally:
            await engine.close()

    async def _optimized(self, engine: Engine, aside: TextIO) -> OptimizationResult:
        seen = [text for part in ("train", "validation") for text in _texts(self.cases[part])]
        watched = HoldoutEngine(
            engine, _texts(self.cases["test"]) - set(seen), self.study.place(self.objective.path)
        )
        sampling = self.plan.sampling(self.cases["train"][0].condition)
        loop = asyncio.get_running_loop()
        own = Session(watched, digest(self.settings.seed), sampling, True, self.model, loop=loop)
        self.lm = lm_of(own)
        calls = StudentCalls(self.plan, watched, self.model, self.lm)
        calls.open([*self.cases["train"], *self.cases["validation"]])
        (program,) = self.plan.experiment.programs.values()
        modules = {export_of(part): part.module.deepcopy() for (part,) in program.parts}
        student = Student(modules, calls)
        before = student.state()
        watched.begin("program as it is")
        with closed_files(self.study, [self.study.root / "scenarios", self.runs]):
            for part in ("train", "validation"):
                await self._score(calls, student, part)
            self._defined(before)
            self._tell(before, "as it is")
            watched.begin(self.optimizer)
            found = await self._compiled(calls, student, watched, aside)
            watched.begin("validation of candidates")
            self.book.scores[found.state()]
            for state in [*self.book.scores]:
                await self._score(calls, calls.students.get(state, found), "validation")
        self._tell(found.state(), f"as {self.optimizer} found it")
        watched.begin("test")
        watched.shut = False
        calls.open(self.cases["test"])
        for one in (student, found):
            await self._score(calls, one, "test")
        return OptimizationResult(
            self.plan,
            self.optimizer,
            self.objective,
            self.cases,
            found,
            before,
            found.state(),
            self.book.history(),
            self.book.difference(before, found.state()),
            watched.calls,
            calls.failed + self.proposals.failed,
            engine.about().__dict__,
        )

    async def _score(self, calls: StudentCalls, student: Student, part: ScenarioPart) -> None:
        """Ask a student what of a part it was not asked yet."""

        async def one(case: Example) -> None:
            answered = await calls.ask(student, case.name, calls.lm, [])
            # In a thread: an objective may itself ask a model, and waits for it.
            await asyncio.to_thread(self._judge, case.name, answered)

        await asyncio.gather(*(one(case) for case in self.book.open(student.state(), part)))

    async def _compiled(
        self, calls: StudentCalls, student: Student, watched: HoldoutEngine, aside: TextIO
    ) -> Student:
        """What the optimiser makes of the program, in a thread of its own."""
        scores = self.book.of(student.state(), "train")
        task = Optimization(
            student,
            self._metric(),
            [one.example() for one in self.cases["train"]],
            [one.example() for one in self.cases["validation"]],
            # DSPy takes 0 for no threshold at all.
            float(np.nanquantile(scores, HIGH)) or 1e-9,
            self.demos,
            max(1, min(16, self.model.concurrency)),
            self.settings.seed,
        )

        def compiled() -> dspy.Module:
            with dspy.context(lm=self.lm, adapter=self.proposals, disable_history=True):
                return OPTIMIZERS[self.optimizer](task)

        telling = asyncio.create_task(self._tell_calls(watched))
        try:
            with contextlib.redirect_stdout(aside), contextlib.redirect_stderr(aside):
                found = await asyncio.to_thread(compiled)
        except Exception as error:
            said = next(iter(self.proposals.failed), f"{type(error).__name__}: {error}")
            raise EngineFailure(f"{self.optimizer} gave up: {said}; see {self.log}") from error
        finally:
            telling.cancel()
            calls.stopped = Halt(Interrupted())
        assert isinstance(found, Student)
        calls.stopped = None
        return found

    def _defined(self, state: str) -> None:
        """StudyError where the objective says nothing of any example of a part."""
        for part in ("train", "validation"):
            if not np.isfinite(self.book.of(state, part)).any():
                raise StudyError(
                    self.study.place(self.objective.path),
                    f"is undefined for every example of the {part} part "
                    f"({len(self.cases[part])} of them)",
                    "see that there are enough repeats, and answers that can be read",
                )

    def _metric(self) -> Callable[..., float]:
        """The objective as DSPy calls it; what is undefined is worth nothing to an optimiser."""

        def metric(
            example: dspy.Example,
            prediction: dspy.Prediction,
            trace: Any = None,
            pred_name: Any = None,
            pred_trace: Any = None,
        ) -> float:
            return float(np.nan_to_num(self._judge(example.case, prediction)))

        return metric

    def _judge(self, case: str, prediction: dspy.Prediction) -> float:
        """The objective's score of a case, kept; Refused, as an optimiser would pass over it."""
        try:
            with dspy.context(lm=self.lm, adapter=self.proposals, disable_history=True):
                return self.book.keep(case, prediction)
        except Exception as error:
            raise Halt(error) from None

    async def _tell_calls(self, watched: HoldoutEngine) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.say(f"{self.optimizer}: {sum(map(len, watched.calls.values())):,} calls so far")

    def _tell(self, state: str, how: str) -> None:
        train, validation = (
            float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")
            for scores in (self.book.of(state, "train"), self.book.of(state, "validation"))
        )
        said = "not asked" if np.isnan(train) else f"{train:.3f}"
        self.say(f"{self.objective.name}, {how}: train {said}, validation {validation:.3f}")


def _texts(cases: Sequence[Example]) -> set[str]:
    return {text for one in cases for text in one.texts()}
