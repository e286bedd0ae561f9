"""What `vad show` prints: a trial, and for each call the prompt as the model gets it."""

from contextlib import suppress
from typing import TYPE_CHECKING

from ...design.experiment import Experiment
from ...engines.capabilities import capabilities
from ...engines.tokenizer import Tokenizer, local_tokenizer
from ...errors import StudyError, unknown

if TYPE_CHECKING:
    from ...design.trials import Conversation, Plan, Trial
    from ...runs.session import RecordedCall


def print_trial(experiment: Experiment, which: str | None, named: dict[str, str]) -> None:
    """One trial: its condition, and for each call the prompt as the model gets it, path by path.

    which: its number in the plan or its key. named: columns of the trial looked for, the first that
    has them all.
    """
    from ...design.plan import make_plan
    from ...runs.guarantee.dry_run import every_path

    plan = make_plan(experiment)
    place, conversation, trial = _find(plan, which, named)
    condition = plan.condition(trial)
    model = experiment.models[condition.settings.model]
    sampling = plan.sampling(condition)
    print(f"trial {place}, key {trial.key}")
    for name, value in condition.columns.items():
        print(f"{name}: {value}")
    others = len(conversation.trials) - 1
    if others:
        print(f"asked in one call with {others} others; its own item: {trial.item or 'none'}")
    print(f"scenario: {trial.scenario.id}, question: {trial.question.name}, repeat {trial.repeat}")
    print(
        f"options in order: {', '.join(map(str, trial.order))}; their scores: "
        + ", ".join(f"{trial.question.scores[option]:+.1f}" for option in trial.order)
    )
    print(f"temperature {sampling.temperature}, top_p {sampling.top_p}, top_k {sampling.top_k}")
    shown = None
    if capabilities(model).has_weights:
        with suppress(StudyError):
            tokens = local_tokenizer(model, experiment.study, fetch=False)
            shown = tokens if isinstance(tokens, Tokenizer) else None
    free = "" if condition.settings.decoding != "free" else " (not enforced: free)"
    paths = every_path(conversation, model).with_new_prompts()
    known: set[str] = set()
    for number, path in enumerate(paths, 1):
        if len(paths) > 1:
            more = "" if path.ended else ", followed no further"
            print(f"\n===== path {number} of {len(paths)}{more}")
        _print_calls(path.calls, shown, free, known)


def _print_calls(
    calls: "list[RecordedCall]", tokens: Tokenizer | None, free: str, known: set[str]
) -> None:
    """Each call's prompt, constraint and bound; one that an earlier path had is named alone."""
    for number, asked in enumerate(calls, 1):
        prompt = str(asked.call.messages)
        if prompt in known:
            print(f"\n----- call {number}: as before, answered {asked.reply.text[:100]}")
            continue
        known.add(prompt)
        note = "" if number == 1 else ", earlier answers as on this path"
        print(f"\n----- call {number}: the prompt{note}")
        if tokens:
            print(tokens.prompt(asked.call.messages), end="")
        else:
            for message in asked.call.messages:
                print(f"[{message['role']}]\n{message['content']}")
        print(f"\n----- call {number}: the constraint{free}")
        print(asked.call.language.regex)
        print(f"----- at most {asked.call.max_tokens} tokens")


def _find(
    plan: "Plan", which: str | None, named: dict[str, str]
) -> "tuple[int, Conversation, Trial]":
    """The trial of that number or key, or the first one that is of all that is named."""
    every = enumerate((one, trial) for one in plan.conversations for trial in one.trials)
    seen: dict[str, set[str]] = {key: set() for key in named}
    for place, (one, trial) in every:
        columns = plan.condition(trial).columns | {
            "question": trial.question.name,
            "scenario": trial.scenario.id,
        }
        for key in named:
            seen[key].add(str(columns[key]))
        by_name = all(str(columns[key]) == value for key, value in named.items())
        if by_name and which in (None, str(place), trial.key):
            return place, one, trial
    for key, value in named.items():
        if value not in seen[key]:
            raise unknown(f"--{key}", key, value, "the plan has", seen[key])
    if which is None:
        said = ", ".join(f"{key} {value}" for key, value in named.items())
        raise StudyError("vad show", f"no trial is of {said} together")
    raise StudyError("--trial", f'no trial "{which}"; they run from 0 to {len(plan.trials) - 1}')
