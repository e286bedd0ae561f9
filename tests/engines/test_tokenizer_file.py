"""A tokenizer read from its files says, to the byte, what transformers' own says."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.helpers.studies import POCKET
from vad.engines.tokenizer_file import TokenizerFile

MESSAGES = [
    {"role": "system", "content": "You are someone.\n\n"},
    {"role": "user", "content": "Was würdest du tun? <|user|> \"A\" 'B' & <b> 漢字 🙂  two spaces"},
]

TEMPLATES = {
    "Qwen's": "{%- for message in messages %}\n    {{- '<|im_start|>' + message.role + '\\n' + "
    "message.content + '<|im_end|>' + '\\n' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}",
    "one that marks what the model wrote": "{% for m in messages %}{% set x = m.content %}\n"
    "{% generation %}  {% set x = 'inner' %}{{ x }}\n{% endgeneration %}{{ x }}\n{% endfor %}",
    "one with JSON, loops and special tokens": "{{ bos_token }}{% for m in messages %}\n"
    "  {% if loop.last %}{% continue %}{% endif %}\n  {{ m | tojson(indent=1) }}{{ eos_token }}\n"
    "{% endfor %}{{ tools is none }}{{ documents is none }}{{ strftime_now('%Y') }}",
}


def both(folder: Path) -> tuple[TokenizerFile, Any]:
    found = TokenizerFile.read(folder)
    assert found is not None
    return found, AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


@pytest.fixture(params=["pocket", *TEMPLATES])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The embedded model's tokenizer, with its own template and with others."""
    if request.param == "pocket":
        return POCKET
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(POCKET / name, tmp_path / name)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATES[request.param])
    return tmp_path


@pytest.mark.parametrize("arguments", [{}, {"enable_thinking": False}])
def test_a_prompt_is_the_same_to_the_byte(folder: Path, arguments: dict[str, Any]) -> None:
    mine, theirs = both(folder)
    said = [
        one.apply_chat_template(
            MESSAGES, tokenize=False, add_generation_prompt=True, chat_template=None, **arguments
        )
        for one in (mine, theirs)
    ]
    assert said[0] == said[1]
    ids = [
        one.backend_tokenizer.encode(said[0], add_special_tokens=False).ids
        for one in (mine, theirs)
    ]
    assert ids[0] == ids[1]


def test_every_token_reads_the_same_and_the_special_ones_are_the_same() -> None:
    mine, theirs = both(POCKET)
    assert len(mine) == len(theirs)
    assert mine.get_vocab() == theirs.get_vocab()
    assert mine.eos_token_id == theirs.eos_token_id
    assert set(mine.all_special_ids) == set(theirs.all_special_ids)
    every = [[one] for one in range(len(mine))]
    for skip in (False, True):
        assert mine.batch_decode(every, skip) == theirs.batch_decode(
            every, skip_special_tokens=skip
        )
    for one in range(0, len(mine), 7):
        token = mine.convert_ids_to_tokens(one)
        assert token == theirs.convert_ids_to_tokens(one)
        assert mine.convert_tokens_to_string([token]) == theirs.convert_tokens_to_string([token])


@pytest.mark.parametrize(
    "entry",
    [
        {"tokenizer_class": "LlamaTokenizer"},
        {"auto_map": {"AutoTokenizer": ["mine.py", None]}},
        {"added_tokens_decoder": {"4096": {"content": "<|new|>", "special": True}}},
        {"bos_token": "<|none of the file's|>"},
        {"extra_special_tokens": {"image_token": "<|user|>"}},
        {"chat_template": [{"name": "default", "template": ""}]},
        {"clean_up_tokenization_spaces": True},
    ],
)
def test_what_transformers_would_add_to_is_left_to_transformers(
    entry: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(POCKET / name, tmp_path / name)
    config = json.loads((POCKET / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | entry))
    assert TokenizerFile.read(tmp_path) is None
