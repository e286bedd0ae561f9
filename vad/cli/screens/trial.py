"""What `vad show` prints: a trial, and for each call the prompt as the model gets it."""

from ...design.experiment import Experiment
from ...engines.capabilities import capabilities
from ...errors import StudyError


def print_trial(experiment: Experiment, which: str) -> None:
    """One trial: its condition, and for each call the prompt as the model gets it."""
    from ...design.plan import make_plan
    from ...engines.tokenizer import Tokenizer
    from ...runs.guarantee.dry_run import dry_run

    plan = make_plan(experiment)
    found = [
        (place, one, trial)
        for place, (one, trial) in enumerate(
            (one, trial) for one in plan.conversations for trial in one.trials
        )
        if which in (str(place), trial.key)
    ]
    if not found:
        raise StudyError(
            "--trial", f'no trial "{which}"; they run from 0 to {len(plan.trials) - 1}'
        )
    place, conversation, trial = found[0]
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
    try:
        tokens = Tokenizer(model, experiment.study) if capabilities(model).has_weights else None
    except StudyError:
        tokens = None
    for number, asked in enumerate(dry_run(conversation, model), 1):
        note = "" if number == 1 else ", earlier answers at their longest"
        print(f"\n----- call {number}: the prompt{note}")
        if tokens:
            print(tokens.prompt(asked.call.messages), end="")
        else:
            for message in asked.call.messages:
                print(f"[{message['role']}]\n{message['content']}")
        print(
            f"\n----- call {number}: the constraint"
            + ("" if condition.settings.decoding != "free" else " (not enforced: free)")
        )
        print(asked.call.language.regex)
        print(f"----- at most {asked.call.max_tokens} tokens")
