"""Cache: where fetched and dequantised weights lie, and what large files are known to hash to."""

import hashlib
import os
from pathlib import Path

PIECE = 2**20


def cache_folder() -> Path:
    """`VAD_CACHE`, or `~/.cache/vad`; nothing is made there yet."""
    return Path(os.environ.get("VAD_CACHE") or "~/.cache/vad").expanduser()


def file_sha256(file: Path) -> str:
    """The SHA-256 of a whole file, hexadecimal; computed anew only when it was written since."""
    state = file.stat()
    kept = _kept("hashes", str(file.resolve()))
    stamp = f"{state.st_size} {state.st_mtime_ns} "
    known = _read(kept)
    if known.startswith(stamp):
        return known.removeprefix(stamp)
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(PIECE):
            digest.update(piece)
    _write(kept, stamp + digest.hexdigest())
    return digest.hexdigest()


def last_start(identity: str) -> float | None:
    """Seconds that the engine of these weights took to start when it last did on this machine."""
    known = _read(_kept("starts", identity))
    return float(known) if known else None


def keep_start(identity: str, seconds: float) -> None:
    """Keep how long a start took."""
    _write(_kept("starts", identity), f"{seconds:.1f}")


def _kept(kind: str, name: str) -> Path:
    return cache_folder() / kind / hashlib.sha256(name.encode()).hexdigest()[:24]


def _read(kept: Path) -> str:
    try:
        return kept.read_text()
    except OSError:
        return ""


def _write(kept: Path, content: str) -> None:
    """Whole or not at all; a cache that cannot be written only costs time."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        written = kept.with_name(f"{kept.name}.{os.getpid()}")
        written.write_text(content)
        written.replace(kept)
    except OSError:
        return
