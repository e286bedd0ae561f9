"""An adversary: a model that means nothing, with a tokenizer made to break constrained decoding.

Random weights, so that it has no wish to answer, and a vocabulary in which quotes and braces never
stand alone where they could stand with something else: tokens cut from the answers themselves at
every place, tokens that span quote and brace, digits glued to letters, characters of several bytes
and pieces of them, white space of every kind, and special tokens that look like JSON. Built on the
spot, in a folder, without any hub.
"""

import json
import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

Style = Literal["bytes", "fallback"]
STYLES: tuple[Style, Style] = ("bytes", "fallback")
"""How a tokenizer writes what it has no token for: all of it in bytes (as GPT-2, Qwen), or bytes as
tokens of their own beside pieces of text (as Llama 2)."""

SPECIAL_TOKENS = ["<eos>", "<pad>", '{"reasoning', '"}<end>', '": "', 'A"', '"C"}', '{"{', '"",']
"""Special tokens, most of which look like the JSON that is asked for."""

APART = ["<eos>", "<pad>", '"}<end>', '{"{', '"",']
"""Those of them that stand in no answer. The backend guidance spells the fixed parts of an answer
with the tokenizer itself, special tokens among them, and then has no answer to give; our engine
refuses it such a tokenizer (engines/vllm.py), so its adversary has these alone."""

AWKWARD = [
    *('"}', '{"', '", "', '": "', '": ', '"A"}', 'A"}', '"}}', '"}\n', "}}", ' "', '"\n', '""'),
    *('B"} ', '"B"', "{}", "{ ", '{ "', " }", ":", "```json", "```", '{"a', "null", "true", "\\"),
    *('\\"', "\\u00", "\t", "\r\n", "\n\n", "  ", "A1", "1A", '1"', "9B", "2C}", "-1", "é", 'é"'),
    *("\u00a0", "\u2028", "\ufeff", "界", '界"', "😀", "\u200d", "\u0301", "\x7f", "\x00"),
]
HALVES = [b"\xc3", b"\xa9", b'\xa9"', b'"\xc3', b"\xe7\x95", b'\x8c"', b'\x8c"}', b"\xf0\x9f\x98"]
"""Parts of characters, some with the quote that follows or precedes them."""

PIECES = [
    *("th", "er", "on", "an", "re", "he", "in", "ed", "nd", "ha", "at", "en", "es", "of", "or"),
    *("0", "1", "42", "7x", "A", "F", '"', "{", "}", ",", ":", " ", " ", ".", "é", "界", "\n"),
]
TEMPLATE = (
    "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}[answer] "
)
HIDDEN = 64
PADDING = 61
"""Rows of the model that no token has; a real model's size is often rounded up."""


def build(
    folder: Path,
    size: int,
    style: Style,
    texts: list[str],
    seed: int,
    special: list[str] = SPECIAL_TOKENS,
) -> None:
    """Write a model of `size` tokens (at least 2,000) to a folder in the Hugging Face layout.

    texts: prompts, from which its ordinary words come, and answers, cut into tokens everywhere.
    """
    from transformers import PreTrainedTokenizerFast

    made = json.loads(_trained(texts, style, special))
    vocabulary: dict[str, int] = made["model"]["vocab"]
    for token in _tokens(texts, style, random.Random(f"{seed} {size} {style}")):
        if len(vocabulary) >= size:
            break
        vocabulary.setdefault(token, len(vocabulary))
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(made, ensure_ascii=False))
    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        eos_token=special[0],
        pad_token=special[1],
        additional_special_tokens=special[2:],
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    _weights(folder, len(tokenizer) + PADDING, seed)


def _weights(folder: Path, size: int, seed: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=32_768,
        initializer_range=0.2,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def _trained(texts: list[str], style: Style, special: list[str]) -> str:
    """A tokenizer that knows the words of the texts, so that prompts are of an ordinary length."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    known = special
    if style == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    else:
        tokenizer = Tokenizer(models.BPE(byte_fallback=True))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first")
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace("▁", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
        alphabet = []
        known = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(
        vocab_size=1_500, special_tokens=known, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    content = json.loads(tokenizer.to_str())
    # Bytes are ordinary tokens; only training had to be told of them first.
    content["added_tokens"] = [one for one in content["added_tokens"] if one["content"] in special]
    return json.dumps(content)


def _tokens(texts: list[str], style: Style, chance: random.Random) -> Iterator[str]:
    """Awkward tokens without end, as the vocabulary writes them."""
    for token in _raw(texts, chance):
        if style == "fallback":
            if isinstance(token, str):
                yield token.replace(" ", "▁")
            continue
        data = token if isinstance(token, bytes) else token.encode()
        yield "".join(map(_byte_letters().__getitem__, data))


def _raw(texts: Iterable[str], chance: random.Random) -> Iterator[str | bytes]:
    yield from AWKWARD
    yield from HALVES
    answers = [text for text in texts if text.startswith("{")]
    for text in answers:
        # Around the repeated middle of a long answer there is nothing new to cut.
        for start in [*range(min(60, len(text))), *range(max(0, len(text) - 60), len(text))]:
            yield from (text[start : start + length] for length in (2, 3, 5, 9, 14))
    while True:
        token = "".join(chance.choices(PIECES, k=chance.randint(2, 6)))
        yield token
        if chance.random() < 0.1:
            cut = token.encode()
            yield cut[chance.randint(0, 2) : len(cut) - chance.randint(0, 2)]


@cache
def _byte_letters() -> dict[int, str]:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters: dict[int, str] = bytes_to_unicode()
    return letters
