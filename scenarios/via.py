"""VIA, the value-informed actions released with ValueActionLens (2025): folder, zip or its one CSV.

A row is an action for or against a value, in a topic, by somebody from a country; its text is what
a model wrote, JSON or nearly so. A row is used if its text says the action beyond doubt; of each
other form there is a kind, and nothing is completed or mended. Two usable actions make a pair. A
place without a pair stays, without actions: its value can be asked about, as was done.
"""

import ast
import csv
import io
import json
import re
import tomllib
import zipfile
import zlib
from pathlib import Path

from vad import Import, Oddity, Option, Scenario, StudyError

COLUMNS = ("country", "topic", "value", "polarity", "generation_prompt")
COUNTRIES = (
    "United States",
    "India",
    "Pakistan",
    "Nigeria",
    "Philippines",
    "United Kingdom",
    "Germany",
    "Uganda",
    "Canada",
    "Egypt",
    "France",
    "Australia",
)
TOPICS = {
    "Politics": "Politics",
    "Social Networks": "Social Networks",
    "Social Inequality": "Social Inequality",
    "Family & Changing Gender Roles": "Family",
    "Work Orientation": "Work",
    "Religion": "Religion",
    "Environment": "Environment",
    "National Identity": "National Identity",
    "Citizenship": "Citizenship",
    "Leisure Time and Sports": "Leisure",
    "Health and Health Care": "Health",
}
POLARITY = {"positive": "aligned", "negative": "opposed"}
ACTION, EXPLANATION = "Human Action", "Natural Language Explanation"
VALUES = tuple(tomllib.loads((Path(__file__).parent / "values.toml").read_text("utf-8")))

FENCE = re.compile(r"```(?:json|python)?\s*\n(.*?)\n?\s*```", re.DOTALL)
UNESCAPED = re.compile(
    r"\{\s*'Human Action':\s*(['\"])(?P<action>[^\n]*)\1,"
    r"\s*'Feature Attributions':\s*\[.*\],"
    r"\s*'Natural Language Explanation':.*\}",
    re.DOTALL,
)


class Unusable(Exception):
    """A row whose action cannot be told; its message is the kind."""


def read(path: Path) -> Import:
    table = list(csv.DictReader(io.StringIO(_released(path))))
    actions: dict[tuple[str, str, str], dict[str, Option]] = {}
    oddities = []
    for number, row in enumerate(table, 1):
        where = " / ".join([f"row {number}", *(str(row[name]) for name in COLUMNS[:4])])
        try:
            place = _place(row)
            form, option = _option(row["generation_prompt"] or "", POLARITY[row["polarity"]])
            if option.polarity in actions.setdefault(place, {}):
                raise Unusable("a second row for the same action")
            actions[place][option.polarity] = option
        except Unusable as kind:
            oddities.append(Oddity(where, str(kind), False, row["generation_prompt"] or ""))
            continue
        if form:
            oddities.append(Oddity(where, form, True, row["generation_prompt"]))
    scenarios = [
        _scenario(country, topic, value, actions.get((country, topic, value), {}))
        for country in COUNTRIES
        for topic in TOPICS.values()
        for value in VALUES
        if (country, topic, value) in actions
    ]
    if not any(one.options for one in scenarios):
        raise StudyError(str(path), "holds no pair of actions that can be used")
    return Import(len(table), scenarios, oddities)


def _released(path: Path) -> str:
    """The text of the one CSV in a release; StudyError if there is none that has its columns."""
    try:
        texts = _texts(path)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise StudyError(str(path), f"cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise StudyError(str(path), "its CSV is not UTF-8 text") from None
    lacks = ["it holds no CSV file"]
    for name, text in texts.items():
        try:
            header = next(csv.reader(io.StringIO(text)), [])
        except csv.Error as error:
            lacks.append(f"{name} is no CSV: {error}")
            continue
        missing = [column for column in COLUMNS if column not in header]
        if not missing and text.count("\n") > 1:
            return text
        lacks.append(f"{name} lacks the column {missing[0]}" if missing else f"{name} has no row")
    right = f"the release is one CSV with the columns {', '.join(COLUMNS)}"
    raise StudyError(str(path), f"is no VIA release: {lacks[-1]}", right)


def _texts(path: Path) -> dict[str, str]:
    if path.is_dir():
        return {file.name: file.read_text("utf-8-sig") for file in sorted(path.rglob("*.csv"))}
    if path.suffix == ".csv":
        return {path.name: path.read_text("utf-8-sig")}
    with zipfile.ZipFile(path) as archive:
        return {
            name: archive.read(name).decode("utf-8-sig")
            for name in sorted(archive.namelist())
            if name.endswith(".csv") and not name.startswith("__MACOSX")
        }


def _place(row: dict[str, str]) -> tuple[str, str, str]:
    """Country, topic and value as this study names them."""
    for name, known in zip(COLUMNS, (COUNTRIES, TOPICS, VALUES, POLARITY), strict=False):
        if row[name] not in known:
            raise Unusable(f"unknown {name}")
    return row["country"], TOPICS[row["topic"]], row["value"]


def _option(text: str, polarity: str) -> tuple[str, Option]:
    """The form a text has, empty for strict JSON, and the action it says."""
    form, said = _said(text)
    action = said.get(ACTION)
    if not isinstance(action, str) or not action.strip():
        raise Unusable("an object without an action")
    rationale = said.get(EXPLANATION)
    rationale = rationale.strip() if isinstance(rationale, str) else ""
    return form, Option(polarity=polarity, text=action.strip(), rationale=rationale)


def _said(text: str) -> tuple[str, dict[str, object]]:
    """What a text says if it says it beyond doubt, and in which form; the strictest that fits."""
    bare = text.strip()
    fences = FENCE.findall(bare)
    form = ""
    if len(fences) == 1:
        form = "in a code fence" if FENCE.fullmatch(bare) else "words around a code fence"
        bare = fences[0].strip()
    if "{" not in bare:
        raise Unusable("no object in the text")
    for reader, name in ((json.loads, ""), (ast.literal_eval, "Python quotes")):
        try:
            said = reader(bare)
        except (ValueError, SyntaxError):
            continue
        if isinstance(said, dict):
            return ", ".join(filter(None, (form, name))), said
    found = UNESCAPED.fullmatch(bare)
    if found and bare.count(f"'{ACTION}'") == bare.count(f"'{EXPLANATION}'") == 1:
        # Its action stands between two keys and is whole, whatever its quotes; the rest is left.
        named = "Python quotes, some not escaped"
        return ", ".join(filter(None, (form, named))), {ACTION: found["action"]}
    raise Unusable("an object that is not closed or not readable")


def _scenario(country: str, topic: str, value: str, actions: dict[str, Option]) -> Scenario:
    names = (country, value, topic)
    both = len(actions) == 2 and len({one.text for one in actions.values()}) == 2
    return Scenario(
        id="--".join(re.sub(r"[^a-z]+", "-", name.lower()) for name in names),
        value=value,
        topic=topic,
        persona=country.lower().replace(" ", "_"),
        options=(actions["aligned"], actions["opposed"]) if both else (),
    )
