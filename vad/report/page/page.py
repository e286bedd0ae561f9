"""The page: RUN/report.html, one file that opens offline and asks no one for anything.

    findings.py   what changed, by how much, how sure, in sentences
    account.py    what was asked, parsed and missing; the certificate; versions and hashes
    methods.py    a text to paste into a paper
    numbering.py       conditions and scenarios, numbered
    cells.py      the figures of every cell
    answers.py    every dilemma with its prompts and raw answers (prompts.py: shared text once)
    packing.py    how the page's script gets them
    page.html.jinja, tables.html.jinja, page.css, *.js    the page itself

Its content security policy names the page's scripts by their hashes and allows nothing else: no
text can become a script, whatever it holds, and no request can be made.
"""

import base64
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...analysis.measure_table import primary_first, shown_in
from ...analysis.parsers import SAID
from ...analysis.results import Run
from ...design.columns import BASELINE
from ...engines.capabilities import ENGINES
from ...errors import StudyError
from ...study.models import VALIDATED
from ...version import VERSION
from ..formatting import format_number, typeset
from ..published import beside
from ..report import Report
from .cell_scores import cells
from .charts import charts
from .embedded_json import pack
from .findings import figure, findings
from .methods import methods
from .numbering import Numbering, number_run
from .raw_answers import answer_texts
from .run_account import asked, certificate, provenance

SCRIPT_NAMES = ("dom", "data", "filters", "figures", "grid", "dilemma", "drill", "main")


def write_page(report: Report) -> Path:
    """Write `RUN/report.html`; StudyError if it cannot be written.

    What cannot be said of the run (nothing to compare, a figure that is not defined, a study that
    is gone or has changed since) the page says.
    """
    text = page(report)
    path = report.run.written / "report.html"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StudyError(str(path), f"cannot be written: {error.strerror}") from None
    return path


def page(report: Report) -> str:
    """The page as one HTML text."""
    run, numbering = report.run, number_run(report.run)
    counted = asked(numbering)
    found = findings(report.tables["comparisons"]) if "comparisons" in report.tables else None
    told = answer_texts(numbering)
    # In a function of its own, or its short names would be those of the page's script too.
    drawing = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    scripts = [f"(() => {{{drawing}}})();", "\n".join(map(_asset, _named(SCRIPT_NAMES, "js")))]
    packs = {"cells": cells(numbering), "charts": charts(report, numbering), "blocks": told.blocks}
    packs |= {f"scenario-{at}": one for at, one in enumerate(told.scenarios)}
    question, rest = _question(run)
    by_category = _categories(report, numbering)
    published = [row for row in by_category if row["source"] == row["source"]]
    environment = Environment(
        loader=PackageLoader("vad.report.page", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["figure"] = figure
    environment.filters["written"] = lambda cell, name: typeset(format_number(name, cell))
    return environment.get_template("page.html.jinja").render(
        name=run.folder.resolve().name,
        question=question,
        rest=rest,
        summary=_summary(numbering),
        notes=_notes(numbering, counted.still_open),
        found=found,
        left_out=report.left_out,
        categories=by_category,
        published=published,
        published_measures=primary_first(shown_in("published")),
        measures=primary_first(shown_in("page")),
        sources=[*dict.fromkeys(row["source"] for row in published)],
        said_back=_rows(report.tables.get("fidelity", pd.DataFrame())),
        said_back_by_variable=_rows(report.tables.get("fidelity_by_variable", pd.DataFrame())),
        factors=run.factors,
        who=run.who,
        counted=counted,
        conditions=_rows(numbering.conditions.assign(guarantee=_guarantees(numbering))),
        validated=VALIDATED,
        told=[*run.factors, "persona"],
        certificates=[
            (name, run.guarantee(name), certificate(one), one["outcome"])
            for name, one in run.manifest.get("certificates", {}).items()
        ],
        methods=methods(numbering, counted, found),
        provenance=provenance(run),
        manifest=json.dumps(run.manifest, indent=1, ensure_ascii=False),
        version=VERSION,
        licences=_asset("licences.txt"),
        style=Markup(_asset("page.css")),
        scripts=[Markup(script) for script in scripts],
        hashes=Markup(" ".join(map(_hash, scripts))),
        packs={name: pack(content) for name, content in packs.items()},
    )


def _categories(report: Report, numbering: Numbering) -> list[dict[str, Any]]:
    """The categories with the number of their personas and what was published of them."""
    keys = [*report.run.factors, report.run.who]
    known = numbering.conditions.groupby([*{**dict.fromkeys(keys), "format": None}], dropna=False)
    personas = known.size().rename("personas").reset_index()
    table = report.tables["categories"].merge(personas, on=keys, how="left")
    return _rows(beside(table, report.run))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): one for key, one in row.items()} for row in table.to_dict("records")]


def _question(run: Run) -> tuple[str, str]:
    """What the experiment's file says of itself, if it is still there: a sentence, the rest."""
    path = run.study.root / run.manifest["experiment"] if run.study else None
    if run.study is None or path is None or not path.is_file():
        return "", ""
    first, _, rest = re.sub(r"(?<=[.?!]) ", "\n", run.study.about(path), count=1).partition("\n")
    return first, rest


def _summary(numbering: Numbering) -> str:
    manifest = numbering.run.manifest
    models = ", ".join(dict.fromkeys(numbering.conditions["model"]))
    began, ended = (str(manifest.get(key, ""))[:10] for key in ("began", "ended"))
    days = began if began == ended else f"{began} to {ended}"
    return (
        f"{models} · {len(numbering.conditions):,} conditions · "
        f"{len(numbering.scenarios):,} dilemmas · "
        f"{len(numbering.run.answers.rows):,} answers · {days}"
    )


def _notes(numbering: Numbering, still_open: int) -> list[str]:
    """What a reader must know before the first figure."""
    profiles = numbering.run.manifest.get("models", {})
    engines = {profiles.get(name, {}).get("engine") for name in numbering.conditions["model"]}
    notes = []
    if not any(ENGINES[name].has_weights for name in engines if name in ENGINES):
        notes.append(
            "These answers come from a simulated respondent, a program: they say nothing about "
            "language models."
        )
    if numbering.run.parser == "lenient":
        notes.append(f"Every figure rests on {SAID}.")
    notes += [f"{sentence}." for sentence in numbering.run.not_guaranteed()]
    if still_open:
        notes.append(f"The run is not complete: {still_open:,} planned questions have no answer.")
    if (numbering.conditions["persona"] != BASELINE).all():
        notes.append("No condition is without a persona: there is no baseline to hold against.")
    if not numbering.dilemmas:
        notes.append(
            "The study's dilemmas are not at hand as they were asked: they are read in the prompts."
        )
    return notes


def _guarantees(numbering: Numbering) -> list[str]:
    both = zip(numbering.conditions["model"], numbering.conditions["decoding"], strict=True)
    return [numbering.run.guarantee(*one) for one in both]


def _named(names: tuple[str, ...], ending: str) -> list[str]:
    return [f"{name}.{ending}" for name in names]


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
