"""Table files: one table, written as programs write it, is read as one table."""

import bz2
import gzip
import io
import json
import lzma
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vad.analysis.answers import read_answers
from vad.analysis.conventions import THESIS2026
from vad.analysis.scores import score
from vad.analysis.table_files import read_table_file
from vad.errors import StudyError
from vad.study.scenarios import Option, Scenario, line_of, lines_of, parse_scenario

NAMES = [
    "NA",
    "001",
    "1",
    "01",
    "1e3",
    "1000",
    "None",
    "nan",
    "null",
    "True",
    "-",
    "Zoë",
    "a, b; c",
]
SIX = [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]

one_tmp = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def answers(draw: st.DrawFn) -> pd.DataFrame:
    """Both questions of some scenarios under some personas, names that could pass for others."""
    name = st.one_of(st.sampled_from(NAMES), st.text("abcé0128.", min_size=1, max_size=4))
    personas = draw(st.lists(name, min_size=1, max_size=3, unique=True))
    scenarios = draw(st.lists(name, min_size=3, max_size=6, unique=True))
    rows = [
        {
            "persona": who,
            "scenario": what,
            "question": question,
            "score": draw(st.sampled_from(SIX)),
        }
        for who in personas
        for what in scenarios
        for question in ("value", "action")
    ]
    rows[0]["score"], rows[1]["score"] = -1.0, -0.6
    return pd.DataFrame(rows, dtype=object)


def as_csv(table: pd.DataFrame, separator: str, decimal: str, end: str) -> str:
    shown = table.assign(score=[str(one).replace(".", decimal) for one in table["score"]])
    return shown.to_csv(index=False, sep=separator, lineterminator=end)


@one_tmp
@given(
    table=answers(),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
    ),
    told=st.booleans(),
    blank=st.sampled_from(["", "{end}", "{end}{end}", "{sep}{sep}{sep}{end}"]),
    again=st.booleans(),
)
def test_a_csv_is_read_alike_in_any_dialect_and_encoding(
    tmp_path: Path,
    table: pd.DataFrame,
    separator: str,
    decimal: str,
    end: str,
    encoding: str,
    told: bool,
    blank: str,
    again: bool,
) -> None:
    text = as_csv(table, separator, decimal, end)
    header, _, _ = text.partition(end)
    text = text + blank.format(sep=separator, end=end) + (header + end if again else "")
    if told:
        text = f"sep={separator}\n{text}"
    path = tmp_path / "answers.txt"
    path.write_bytes(text.encode(encoding))
    read = read_answers(path)
    assert [*read.items["persona"].unique()] == [*table["persona"].unique()]
    assert [*read.items["scenario"].unique()] == [*table["scenario"].unique()]
    assert read.rows["score"].tolist() == pytest.approx(table["score"].tolist())
    assert sum(read.reading.dropped.values()) == again + (blank.count("{end}"))


@one_tmp
@given(
    table=answers(), kind=st.sampled_from(["xlsx", "json", "jsonl", "columns", "index", "parquet"])
)
def test_other_formats_hold_the_same_answers(
    tmp_path: Path, table: pd.DataFrame, kind: str
) -> None:
    table = table.assign(note=[f"Say\u2028so \x85{n}" for n in range(len(table))])
    path = tmp_path / "answers"
    if kind == "xlsx":
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            pd.DataFrame({"About": ["these answers"]}).to_excel(book, sheet_name="Notes")
            table.to_excel(book, sheet_name="Data", index=False)
    elif kind == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False) for row in table.to_dict("records"))
        path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    elif kind == "parquet":
        table["tags"] = pd.Series([["a", "b"]] * len(table), dtype=object)
        table["meta"] = pd.Series([{"a": 1}] * len(table), dtype=object)
        table.astype({"score": float}).set_index(["persona", "scenario"]).to_parquet(path)
    else:
        written = {
            "json": table.to_json(orient="records"),
            "columns": table.to_json(orient="columns"),
            "index": table.to_json(orient="split"),
        }
        path.write_text(written[kind], encoding="utf-8")
    read = read_answers(path)
    assert [*read.items["persona"].unique()] == [*table["persona"].unique()]
    assert [*read.items["scenario"].unique()] == [*table["scenario"].unique()]
    assert read.rows["score"].tolist() == pytest.approx(table["score"].tolist())
    assert read.conditions == ["persona"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_unpacked_whatever_its_name(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    text = "scenario,question,letter\ns,value,A\ns,action,F\n"
    (tmp_path / "x.csv").write_bytes(pack(text.encode()))
    assert read_table_file(tmp_path / "x.csv").table["letter"].tolist() == ["A", "F"]


@pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "None", "#N/A", " ", "."])
def test_a_word_for_missing_is_a_name_in_names_and_missing_in_answers(
    tmp_path: Path, word: str
) -> None:
    text = "persona,scenario,question,letter,valid\n"
    for persona in ("NA", "None"):
        for scenario, letters in (("s1", "AF"), ("s2", "FA"), ("s3", "AA")):
            text += f"{persona},{scenario},value,{letters[0]},true\n"
            text += f"{persona},{scenario},action,{letters[1]},true\n"
        text += f'{persona},s4,value,"{word}",true\n{persona},s4,action,A,"{word}"\n'
    (tmp_path / "x.csv").write_text(text)
    read = read_answers(tmp_path / "x.csv")
    assert read.items["persona"].unique().tolist() == ["NA", "None"]
    overall = score(read, THESIS2026).overall
    assert (overall["missing"], overall["answers"]) == (4, 16)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.xls", b"\xd0\xcf\x11\xe0rest", "old kind"),
        ("x.xlsx", b"PK\x03\x04no", "cannot be read"),
        ("x.csv", b"a,question\n\x00\x01\x02\x81", "no text"),
        ("x.csv", b'question,letter\nvalue,"A\n', "line 2"),
        ("x.csv", b"question,letter\nvalue,A,B\nvalue,A,B\n", "row 1.*has 3 cells, the header 2"),
        ("x.csv", b"question,letter,letter\nvalue,A,B\n", "two columns `letter`"),
        ("x.jsonl", b'{"question": "value"}\n{"question"\n', "line 2 is not JSON"),
        ("x.json", b"[1, 2]", "no list of objects"),
        ("x.json", b'{"question": ["value"], "letter": []}', "different lengths"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=f"(?s){message}"):
        read_table_file(tmp_path / name)


def test_a_workbook_with_answers_on_two_sheets_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"question": ["value"], "letter": ["A"]})
    with pd.ExcelWriter(tmp_path / "x.xlsx") as book:
        table.to_excel(book, sheet_name="first", index=False)
        table.to_excel(book, sheet_name="second", index=False)
    with pytest.raises(StudyError, match="2 of its sheets hold answers: first, second"):
        read_table_file(tmp_path / "x.xlsx")


def test_row_names_without_a_header_as_r_writes_them_are_row_names(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('"question","letter"\n"1","value","A"\n"2","action","F"\n')
    read = read_table_file(tmp_path / "x.csv")
    assert read.table["letter"].tolist() == ["A", "F"]
    assert read.left_aside == {"(no name)": "has no name"}


@given(st.text(st.sampled_from('a\u2028\u2029\x85\v\f\x1c"\\{'), min_size=1))
def test_a_scenario_that_was_written_is_read_by_us_and_by_readers_that_split_lines(
    text: str,
) -> None:
    options = (Option(polarity="aligned", text=text), Option(polarity="opposed", text="no"))
    scenario = Scenario(id="s", value="v", topic="t", text=text, options=options)
    line = line_of(scenario)
    raw = scenario.model_dump_json() + "\n"
    assert [parse_scenario(one, "x") for one in lines_of(raw + raw) if one] == [scenario] * 2
    (own,) = line.splitlines()
    assert Scenario.model_validate_json(own) == scenario
    assert next(io.StringIO(line)) == line
