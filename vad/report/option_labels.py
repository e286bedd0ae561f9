"""Options: what the scores of a run's answers were called."""

from ..analysis.results import Run
from ..study.questions import QUESTIONS, load_questions
from ..study.scale import equally_spaced
from ..study.scenarios import load_scenarios


def option_names(run: Run) -> dict[str, dict[float, str]]:
    """For each question the name of each score: {"value": {1.0: "strongly agree", ...}, ...}.

    A value's names are its scale's, an action's are polarity and intensity. A score with two names
    in one run has none, and without a study there are no names.
    """
    found: dict[str, dict[float, set[str]]] = {name: {} for name in QUESTIONS}

    def named(question: str, score: float, name: str) -> None:
        found[question].setdefault(round(score, 3), set()).add(name)

    if run.study is not None:
        for file in run.levels("questions"):
            for way in load_questions(run.study, file, f"{run.folder}: questions").value:
                for place, name in enumerate(way.scale):
                    named("value", equally_spaced(place, len(way.scale)), name)
        for file in run.levels("scenarios"):
            for scenario in load_scenarios(run.study, file, f"{run.folder}: scenarios"):
                for option, score in zip(scenario.options, scenario.scores(), strict=True):
                    intensity = f", {option.intensity}" if option.intensity else ""
                    named("action", score, f"{option.polarity}{intensity}")
    return {
        question: {score: next(iter(one)) for score, one in names.items() if len(one) == 1}
        for question, names in found.items()
    }
