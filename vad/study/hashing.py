"""Hashing: what decides an answer - the files of weights, and parts of a key - as a hash."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from .cache import file_sha256

WHOLE_FILE = 64 * 2**20
"""Weight files up to this size are hashed whole; of larger ones size, first and last megabyte."""

GGUF = ".gguf"
"""What a file of quantised weights, tokenizer and chat template is called."""


def hash_weights(folder: Path) -> str:
    """A hash of the files that decide answers; computed anew only when one was written since.

    Of a GGUF file, which holds all of them, it is the file's own SHA-256.
    """
    if folder.suffix == GGUF:
        return file_sha256(folder)
    return _hash_files(_stamps(folder))


def _stamps(folder: Path) -> tuple[tuple[Path, int, int], ...]:
    """The files that decide answers, each with its size and the time it was last written."""
    files = [folder]
    if folder.is_dir():
        kinds = (".json", ".safetensors", ".jinja", ".model")
        files = sorted(file for file in folder.iterdir() if file.suffix in kinds)
    states = ((file, file.stat()) for file in files)
    return tuple((file, state.st_size, state.st_mtime_ns) for file, state in states)


@lru_cache
def _hash_files(stamps: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for file, size, _ in stamps:
        digest.update(file.name.encode())
        with file.open("rb") as content:
            if size <= WHOLE_FILE:
                digest.update(content.read())
            else:
                digest.update(str(size).encode() + content.read(2**20))
                content.seek(-(2**20), 2)
                digest.update(content.read())
    return digest.hexdigest()


def digest(*parts: Any) -> str:
    """A hash of parts, the same on any machine: 24 hexadecimal digits."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()
