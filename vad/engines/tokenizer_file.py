"""A tokenizer as its files have it, without transformers: `tokenizers` counts, Jinja writes.

transformers takes seconds to import and brings torch along. Where it would add nothing to what
stands in tokenizer.json, the same library reads that file here, and the chat template is rendered
as transformers renders it. Where it might (a class of its own, tokens that its configuration alone
names), `read` says so, and the caller takes transformers.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

PLAIN = {"TokenizersBackend", "PreTrainedTokenizerFast"}
"""The tokenizer classes that are what their file says, no more."""

NAMED = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")

ADDS = ("auto_map", "added_tokens_decoder", "split_special_tokens", "clean_up_tokenization_spaces")
"""Entries of a configuration by which transformers changes what the file says."""

PATCHED = 100_000
"""Tokens from which on transformers may mend the file's own splitting of words."""


class TokenizerFile:
    """What tokenizer.json, tokenizer_config.json and the chat template of a folder hold."""

    def __init__(self, backend: Any, special: dict[str, str], more: list[str], template: str):
        self.backend_tokenizer = backend
        self.chat_template = template
        self._named = special
        self.eos_token_id = backend.token_to_id(special.get("eos_token", ""))
        every = dict.fromkeys([*special.values(), *more])
        self.all_special_ids = [backend.token_to_id(token) for token in every]

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The tokenizer of a folder; None where it takes transformers to know it."""
        try:
            config = json.loads((folder / "tokenizer_config.json").read_text())
        except (OSError, ValueError):
            return None
        file, written = folder / "tokenizer.json", folder / "chat_template.jinja"
        if config.get("tokenizer_class") not in PLAIN or any(map(config.get, ADDS)):
            return None
        if not file.is_file() or (folder / "additional_chat_templates").exists():
            return None
        template = written.read_text() if written.is_file() else config.get("chat_template") or ""
        more = config.get("extra_special_tokens", config.get("additional_special_tokens")) or []
        named = {f"{name}_token": config.get(f"{name}_token") for name in NAMED}
        special = {name: token for name, token in named.items() if token is not None}
        told = [template, *special.values(), *(more if isinstance(more, list) else [None])]
        if not all(isinstance(one, str) for one in told):
            return None
        try:
            backend = Tokenizer.from_file(str(file))
        except Exception:  # tokenizers raises no kind of its own; transformers says what is wrong
            return None
        known = {one.content for one in backend.get_added_tokens_decoder().values() if one.special}
        if not known.issuperset(told[1:]) or len(backend.get_vocab()) > PATCHED:
            return None
        return cls(backend, special, more, template)

    def __len__(self) -> int:
        return int(self.backend_tokenizer.get_vocab_size())

    def get_vocab(self) -> dict[str, int]:
        """Every token with its number."""
        vocabulary: dict[str, int] = self.backend_tokenizer.get_vocab()
        return vocabulary

    def convert_ids_to_tokens(self, number: int) -> str:
        """A token as the vocabulary has it."""
        return str(self.backend_tokenizer.id_to_token(number))

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """What tokens read, put together."""
        decoder = self.backend_tokenizer.decoder
        return str(decoder.decode(tokens)) if decoder else " ".join(tokens)

    def decode(self, ids: list[int]) -> str:
        """What tokens read, special ones too."""
        return str(self.backend_tokenizer.decode(ids, skip_special_tokens=False))

    def batch_decode(self, many: list[list[int]], skip_special_tokens: bool = False) -> list[str]:
        """What each row of tokens reads."""
        texts: list[str] = self.backend_tokenizer.decode_batch(many, skip_special_tokens)
        return texts

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        tokenize: bool,
        add_generation_prompt: bool,
        chat_template: str | None,
        **arguments: Any,
    ) -> str:
        """The messages as the template writes them; `tokenize` is for transformers' own."""
        written = _compiled(chat_template or self.chat_template)
        more = self._named | arguments
        given = {"messages": messages, "add_generation_prompt": add_generation_prompt}
        return str(written.render(**({"tools": None, "documents": None} | given | more)))


@cache
def _compiled(template: str) -> jinja2.Template:
    """A template in the environment that chat templates are written for.

    As `_cached_compile_jinja_template` of transformers/utils/chat_template_utils.py.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment.from_string(template)


class _Generation(Extension):
    """The tag {% generation %}, which marks what a model wrote and changes no text."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 has it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller: Callable[[], str]) -> str:
        return caller()


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(
    content: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Without HTML's escapes, unlike Jinja's own."""
    return json.dumps(
        content,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
