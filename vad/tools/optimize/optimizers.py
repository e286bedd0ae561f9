"""DSPy's own optimisers by name, each held to what a study needs of it.

bootstrap         BootstrapFewShot: demos from training examples that score high
bootstrap_search  BootstrapFewShotWithRandomSearch: several such sets, the best in validation
mipro             MIPROv2: demos and instructions, chosen together in validation
gepa              GEPA: instructions, reflected upon and evolved, the best in validation
copro             COPRO: instructions, proposed and refined in training

No demo is taken that no answer backs (max_labeled_demos = 0): there are no right answers to show.
What an optimiser itself asks a model (a summary, a new instruction) is bounded like all answers.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.teleprompt.gepa import InstructionProposer

from ...constraints.adapter import PLAIN_SETTINGS, StudyAdapter
from ...constraints.bounds import bounded_texts
from ...errors import StudyError
from ...runs.guarantee.certificate import Certificate
from ...study.models import Model

DEMOS = 4
"""Demos a predictor is given at most: DSPy's own default."""

Metric = Callable[..., float]


@dataclass(frozen=True)
class Optimization:
    """What an optimiser is given.

    threshold: the score from which on an example may become a demo. demos: how many of them fit
    into the model's context. threads: examples asked about at once.
    """

    student: dspy.Module
    metric: Metric
    train: list[dspy.Example]
    validation: list[dspy.Example]
    threshold: float
    demos: int
    threads: int
    seed: int


def bootstrap(task: Optimization) -> dspy.Module:
    """Demos from training examples that score high."""
    found = dspy.BootstrapFewShot(
        metric=task.metric,
        metric_threshold=task.threshold,
        max_bootstrapped_demos=task.demos,
        max_labeled_demos=0,
    )
    return found.compile(task.student, trainset=task.train)


def bootstrap_search(task: Optimization) -> dspy.Module:
    """Several sets of such demos, the best in validation."""
    sets = 8
    found = dspy.BootstrapFewShotWithRandomSearch(
        metric=task.metric,
        metric_threshold=task.threshold,
        max_bootstrapped_demos=task.demos,
        max_labeled_demos=0,
        num_candidate_programs=sets,
        num_threads=task.threads,
    )
    # -3 is the program as it is; -2, labels alone, would be the same again.
    restrict = [-3, -1, *range(sets)]
    return found.compile(
        task.student, trainset=task.train, valset=task.validation, restrict=restrict
    )


def mipro(task: Optimization) -> dspy.Module:
    """Demos and instructions, chosen together in validation."""
    found = dspy.MIPROv2(
        metric=task.metric,
        metric_threshold=task.threshold,
        auto="light",
        max_bootstrapped_demos=task.demos,
        max_labeled_demos=0,
        num_threads=task.threads,
        seed=task.seed,
    )
    # It would describe the program by the source of the student, which says nothing of the study.
    return found.compile(
        task.student,
        trainset=task.train,
        valset=task.validation,
        program_aware_proposer=False,
    )


def gepa(task: Optimization) -> dspy.Module:
    """Instructions, reflected upon and evolved, the best in validation."""
    found = dspy.GEPA(
        metric=task.metric,
        auto="light",
        reflection_lm=dspy.settings.lm,
        # Its own proposer would bring DSPy's JSONAdapter, whose answers nothing bounds.
        instruction_proposer=InstructionProposer(adapter=dspy.settings.adapter),
        num_threads=task.threads,
        seed=task.seed,
    )
    return found.compile(task.student, trainset=task.train, valset=task.validation)


def copro(task: Optimization) -> dspy.Module:
    """Instructions, proposed and refined in training."""
    found = dspy.COPRO(metric=task.metric, breadth=6, depth=2)
    settings = {"num_threads": task.threads, "display_progress": False}
    return found.compile(task.student, trainset=task.train, eval_kwargs=settings)


OPTIMIZERS: dict[str, Callable[[Optimization], dspy.Module]] = {
    one.__name__: one for one in (bootstrap, bootstrap_search, mipro, gepa, copro)
}
WITH_DEMOS = ("bootstrap", "bootstrap_search", "mipro")


def demos_that_fit(certificate: Certificate, model: Model) -> int:
    """How many demos are sure to fit: each is at most a prompt and its answer."""
    if not certificate.tokenizer:
        return DEMOS
    one = certificate.longest_prompt + certificate.max_tokens
    fit = min(DEMOS, model.max_model_len // one - 1)
    if fit < 1:
        raise StudyError(
            f"experiments/models.toml: {model.name}.max_model_len",
            f"a prompt, its answer and one demo take up to {2 * one} tokens",
            f"set max_model_len = {2 * one} or more, or optimise without demos: gepa, copro",
        )
    return fit


class Proposals(StudyAdapter):
    """The adapter of what an optimiser itself asks: its texts bounded, several in turn.

    failed: what came of the calls that gave nothing, which DSPy passes over.
    """

    def __init__(self) -> None:
        super().__init__(PLAIN_SETTINGS)
        self.failed: Counter[str] = Counter()

    def __call__(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """As any call; n answers are n calls, as an engine gives one at a time."""
        kwargs = dict(lm_kwargs)
        several = kwargs.pop("n", 1) or 1
        held = bounded_texts(signature)  # type: ignore[arg-type]
        try:
            return [
                super(Proposals, self).__call__(lm, kwargs, held, demos, inputs)[0]
                for _ in range(several)
            ]
        except Exception as error:
            self.failed[f"{type(error).__name__}: {error}".splitlines()[0]] += 1
            raise
