"""What goes wrong, and who is told.

StudyError      the person's input cannot be used: one message, exit code 2
  ProgramFault  the study's own code broke while it was asked: the run stops at once, saved
Unreadable      a model's answer cannot be read: data, counted by kind, never imputed
EngineFailure   an engine gave no answer: the trial stays open and is asked again
  DoesNotFit    a prompt and its budget exceed the context: the program that wrote it is at fault
EngineGone      the engine itself has died: the run stops, saved, and says how to go on
NotFetched      weights did not come: nobody answers where they are fetched from
NothingReadable a provider's first answers are all unreadable: the run stops, saved
Halt            what stops at once, whoever would catch an Exception and go on
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StudyError(Exception):
    """Bad input, told to its author: where it stands, what was found, what would be right.

    `where` names file and key ("experiments/x.toml: vary.format[3]"); the lines follow indented.
    """

    def __init__(self, where: str, *lines: str) -> None:
        self.where = where
        self.lines = lines
        super().__init__("\n  ".join([where, *lines]))


class ProgramFault(StudyError):
    """The study's own code broke, or answered what nobody offered: file, line, its words."""


class Unreadable(Exception):
    """An answer's text that is not what was asked for; `kind` is the name it is counted under."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        super().__init__(kind)


class EngineFailure(Exception):
    """No answer came: a finish reason other than "stop" under a constraint, a refused request."""


class DoesNotFit(EngineFailure):
    """A prompt that leaves no room for its answer; both in tokens."""

    def __init__(self, prompt: int, budget: int, length: int) -> None:
        self.need = prompt + budget
        super().__init__(
            f"a prompt of {prompt} tokens and a budget of {budget} exceed the context of {length}"
        )


class EngineGone(EngineFailure):
    """The engine has died or never started; nothing more can be asked of it."""


class NotFetched(Exception):
    """Weights that did not come: who was asked, and what was said."""


class NothingReadable(Exception):
    """A provider's first answers, paid for, that are all unreadable; `lines` a kind each."""

    def __init__(self, model: str, answers: int, lines: list[str]) -> None:
        said = f"{model}: all of its first {answers} answers are unreadable; it is asked no more"
        super().__init__("\n  ".join([said, *lines]))


class Halt(BaseException):
    """What stops a conversation or an optimiser at once; `error` says why.

    DSPy's modules and optimisers take any Exception for one bad answer, and go on.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(str(error))


class Interrupted(Exception):
    """The person stopped the run; what was answered is saved."""


def unknown(where: str, noun: str, name: str, has: str, names: Iterable[str]) -> StudyError:
    """The error for a name that nothing bears, with all names there are and the nearest one."""
    known = sorted(names)
    lines = [f'no {noun} "{name}"; {has} {", ".join(known) if known else "nothing"}']
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        lines.append(f'did you mean "{near[0]}"?')
    return StudyError(where, *lines)
