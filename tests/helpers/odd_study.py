"""A run whose every text could pass for markup or script, some answers unreadable."""

import json
from pathlib import Path

from vad.analysis.results import Run, open_run

from .respondents import respond
from .studies import ask, copy_study

ODD = (
    "</script><script>document.title = 'broken in'</script> <!-- & \"quoted\" 'too' \u2028 "
    "<img src=x onerror=\"document.title='broken in'\"> &amp; \\u003c {{ 7 * 7 }}"
)
RESPONDENT = """
import json

ODD = {odd!r}

def answer(call):
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    said = json.dumps({{"reasoning": f"{{ODD}} {{call.seed}}", name: "ABCDEF"[call.seed % 6]}})
    return said if call.seed % 7 else "Sure! " + said
"""
EXPERIMENT = """# Is <b>bold</b> & "quoted" text shown as it is?
scenarios = "odd"
model = "sim"
decoding = "free"
repeats = 3

[only]
personas = ["moderate_1", "moderate_2", "maximal_1"]

[vary]
format = ["none", "explicit", "numeric"]
"""


def odd_study(folder: Path) -> None:
    """A copy of ours, its eight dilemmas and its respondent as odd as can be."""
    copy_study(folder)
    lines = (folder / "scenarios" / "dilemmas.jsonl").read_text().splitlines()
    scenarios = [json.loads(line) for line in lines]
    values = ["Equality", "Freedom", "Honest", "Obedient"]
    chosen = [one for one in scenarios if one["value"] in values]
    chosen = [one for one in chosen if one["topic"] in ("Work", "Family")]
    for one in chosen:
        one["text"] += f" {ODD}"
        one["setting"] = ODD
        one["options"][0]["text"] += f" {ODD}"
    text = "\n".join(json.dumps(one) for one in chosen)
    (folder / "scenarios" / "odd.jsonl").write_text(text)
    respond(folder, RESPONDENT.format(odd=ODD))


def odd_run(folder: Path) -> Run:
    """The run of that study's experiment."""
    odd_study(folder)
    return open_run(ask(folder, "odd", EXPERIMENT).folder)
