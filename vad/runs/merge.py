"""Merge: the runs of a plan's shards -> one run, as if it had been asked at once."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import StudyError
from .store.folder import RunFolder
from .store.lock import holder
from .store.reader import open_manifest, read_parts
from .store.schema import condition_columns

JOINED = ("models", "personas", "variables", "decides", "engines")
"""Entries of a manifest that hold something by name, of which each shard knows its own."""


@dataclass
class Merged:
    """What a merge came to, in trials; missing: which are not there, in words."""

    folder: Path
    planned: int
    answers: int
    missing: list[str] = field(default_factory=list)


def merge(shards: list[Path], into: Path | None) -> Merged:
    """Make one run of shards' runs, in `into` or beside them under the experiment's own name.

    Raises StudyError where they do not belong together: another plan, other files or weights,
    another served model, a shard or a trial that is there twice, a run that still goes on.
    """
    for place, path in enumerate(shards):
        if path.resolve() in [one.resolve() for one in shards[:place]]:
            raise StudyError(str(path), "is named twice")
    manifests = {path: open_manifest(path) for path in shards}
    whole = _belong_together(manifests)
    first = shards[0]
    folder = into or first.parent / Path(whole["experiment"]).stem
    if folder.exists():
        raise StudyError(str(folder), "is there already", "name another place: --into DIR")
    named = ["trial", *condition_columns(whole["vary"])]
    tables = {path: read_parts(path, "responses", named) for path in shards}
    _once(tables, named)
    merged = RunFolder(folder, whole["vary"])
    try:
        for path in shards:
            merged.take(path)
        counts = merged.counts()
        planned = whole.pop("shard")["questions"]
        certificates = {
            name: one | {"outcome": merged.counts(name)}
            for name, one in _certificates(manifests).items()
        }
        merged.write_manifest(
            whole
            | {
                "certificates": certificates,
                "counts": {"planned": planned, **counts},
                "merged": [path.name for path in shards],
            }
        )
    finally:
        merged.close()
    return Merged(folder, planned, counts["answers"], _missing(manifests, tables))


def _belong_together(manifests: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """The manifest of the whole, but for its counts."""
    seen: dict[int, Path] = {}
    whole: dict[str, Any] = {}
    for path, manifest in manifests.items():
        shard = manifest.get("shard")
        if not shard:
            raise StudyError(
                str(path),
                "is no shard of a run",
                f"ask one: vad run {manifest['experiment']} --shard 1/2",
            )
        if running := holder(path):
            raise StudyError(str(path), f"is still being asked ({running})", "wait for it")
        if shard["number"] in seen:
            raise StudyError(
                str(path), f"is shard {shard['number']}, as is {seen[shard['number']]}", "take one"
            )
        seen[shard["number"]] = path
        if not whole:
            whole, first = dict(manifest), path
        before, now = whole["decides"], manifest["decides"]
        changed = [key for key in sorted({*before} & {*now}) if before[key] != now[key]]
        if changed:
            raise StudyError(
                f"{path}: decides",
                f"differs from {first} in {', '.join(changed)}",
                "merge runs of the same files, settings and weights",
            )
        for key in ("of", "plan"):
            if shard[key] != whole["shard"][key]:
                raise StudyError(
                    f"{path}: shard.{key}",
                    f"is of another plan than {first}: found {shard[key]}",
                    "give each shard the same command, but for its number",
                )
        for name, engine in manifest.get("engines", {}).items():
            _same_served(path, first, name, engine, whole["engines"].get(name, engine))
        for key in JOINED:
            whole[key] = manifest.get(key, {}) | whole.get(key, {})
        whole["began"] = min(whole["began"], manifest["began"])
        whole["ended"] = max(whole["ended"], manifest["ended"])
    return whole


def _certificates(manifests: dict[Path, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was proved of each model, over its shards: counts added, the longest of all."""
    found: dict[str, dict[str, Any]] = {}
    for manifest in manifests.values():
        for name, one in manifest.get("certificates", {}).items():
            if name not in found:
                found[name] = dict(one)
                continue
            so_far = found[name]
            for key in ("calls", "prompt_tokens", "computed_tokens"):
                so_far[key] += one[key]
            for key in ("longest_answer", "longest_prompt", "max_tokens", "silent_tokens"):
                so_far[key] = max(so_far[key], one[key])
            # Where one shard's canary was not held, none is.
            so_far["canary"] = min((so_far["canary"], one["canary"]), key=lambda held: held is True)
    return found


def _same_served(
    path: Path, first: Path, name: str, engine: dict[str, Any], other: dict[str, Any]
) -> None:
    for key in ("model", "root"):
        mine, theirs = engine["notes"].get(key), other["notes"].get(key)
        if mine and theirs and mine != theirs:
            raise StudyError(
                str(path),
                f'{name} was answered by a server of "{mine}", and in {first} of "{theirs}"',
                "merge runs of one model",
            )


def _once(tables: dict[Path, list[pa.Table]], names: list[str]) -> None:
    """StudyError where two shards answer one trial of one condition."""
    seen: dict[tuple[Any, ...], Path] = {}
    for path, parts in tables.items():
        for part in parts:
            for row in zip(*(part[name].to_pylist() for name in names), strict=True):
                if seen.setdefault(row, path) != path:
                    raise StudyError(
                        str(path), f"answers the trial {row[0]} again that {seen[row]} has"
                    )


def _missing(
    manifests: dict[Path, dict[str, Any]], tables: dict[Path, list[pa.Table]]
) -> list[str]:
    of = next(iter(manifests.values()))["shard"]["of"]
    there = Counter(one["shard"]["number"] for one in manifests.values())
    said = [f"shard {number} of {of}" for number in range(1, of + 1) if number not in there]
    for path, manifest in manifests.items():
        open_ = manifest["counts"]["planned"] - sum(len(part) for part in tables[path])
        if open_ > 0:
            said.append(f"{open_:,} questions of {path.name}")
    return said
