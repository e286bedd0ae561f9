"""The edition: what its metadata says of the files is true of them."""

import hashlib
import json
import tomllib

from tests.helpers.studies import REPOSITORY

FOLDER = REPOSITORY / "scenarios"
DILEMMAS_1 = "fb1c524862ca3905b921fcd29bac8c7f67f914645dd2d907af20ff8bfb4b2c8a"
CULTURAL_1 = "150709f2182869da066710d061f4d05436291f5dcc63947d86afdeb0b9c9129f"


def sha256(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()


def test_every_checksum_is_the_files_own() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    said = dict(line.split("  ")[::-1] for line in lines)
    assert said == {name: sha256(name) for name in said}
    assert {"dilemmas.jsonl", "dilemmas_1.jsonl", "../personas/cultural_1.toml"} <= set(said)


def test_the_metadata_names_each_file_as_it_is() -> None:
    package = json.loads((FOLDER / "datapackage.json").read_text())
    for one in package["resources"]:
        path = FOLDER / one["path"]
        assert one["bytes"] == path.stat().st_size
        assert one["hash"] == f"sha256:{sha256(one['path'])}"
    assert f"## {package['version']}," in (FOLDER / "CHANGES.md").read_text()


def test_the_first_edition_is_the_one_that_earlier_runs_recorded() -> None:
    assert sha256("dilemmas_1.jsonl") == DILEMMAS_1
    assert sha256("../personas/cultural_1.toml") == CULTURAL_1


def test_the_published_design_asks_the_first_edition() -> None:
    replicate = tomllib.loads((REPOSITORY / "experiments" / "replicate.toml").read_text())
    assert (replicate["scenarios"], replicate["personas"]) == ("dilemmas_1", "cultural_1")
