"""Each published architecture, tiny and with random weights, answers through its profile."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.studies import POCKET, REPOSITORY
from vad.design.experiment import load_experiment
from vad.engines.profiles import load_profiles
from vad.runs.run import run
from vad.runs.store.reader import read_manifest, read_table
from vad.study.loader import Study

PROFILES = tomllib.loads((REPOSITORY / "experiments" / "models.toml").read_text())

# Each family's template in its shape, in words of our own.
GEMMA = (
    "{% for m in messages %}<|turn>{{ m.role }}\n{{ m.content }}<turn|>\n{% endfor %}<|turn>model\n"
    "{% if not enable_thinking %}<|channel>thought\n<channel|>{% endif %}"
)
HARMONY = (
    "{% for m in messages %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endfor %}"
    "<|start|>assistant"
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
QWEN = CHATML + "<think>\n{% if not enable_thinking %}\n</think>\n\n{% endif %}"

SIZE = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
}
LAYERS = ["sliding_attention"] * 3 + ["full_attention"]
SMALL_GEMMA = {
    "intermediate_size": 128,
    "head_dim": 32,
    "layer_types": LAYERS,
    "sliding_window": 64,
}
EXPERTS = {"num_experts": 4, "moe_intermediate_size": 32}
LINEAR = {
    "head_dim": 32,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
# Config class, its size, special tokens (the last ends an answer), template.
Family = tuple[str, dict[str, Any], list[str], str]
TURNS = ["<|turn>", "<|channel>", "<channel|>", "<turn|>"]
IM = ["<|im_start|>", "<|im_end|>"]
E_GEMMA = SMALL_GEMMA | {
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "hidden_size_per_layer_input": 16,
    "num_kv_shared_layers": 2,
}
FAMILIES: dict[str, Family] = {
    "gemma-4-e2b-it": ("Gemma4Text", E_GEMMA, TURNS, GEMMA),
    "gemma-4-e4b-it": ("Gemma4Text", E_GEMMA, TURNS, GEMMA),
    "gemma-4-26b-a4b-it": (
        "Gemma4Text",
        SMALL_GEMMA
        | EXPERTS
        | {"enable_moe_block": True, "top_k_experts": 2, "hidden_size_per_layer_input": 0},
        TURNS,
        GEMMA,
    ),
    "gemma-4-31b-it": (
        "Gemma4Text",
        SMALL_GEMMA | {"hidden_size_per_layer_input": 0},
        TURNS,
        GEMMA,
    ),
    "gpt-oss-20b": (
        "GptOss",
        {"intermediate_size": 64, "head_dim": 32, "num_local_experts": 4, "sliding_window": 64}
        | {"num_experts_per_tok": 2},
        ["<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|return|>"],
        HARMONY,
    ),
    "qwen3.6-27b": ("Qwen3_5Text", LINEAR | {"intermediate_size": 128}, IM, QWEN),
    "qwen3.6-27b-thinking": ("Qwen3_5Text", LINEAR | {"intermediate_size": 128}, IM, QWEN),
    "qwen3.6-35b-a3b": (
        "Qwen3_5MoeText",
        LINEAR | EXPERTS | {"num_experts_per_tok": 2, "shared_expert_intermediate_size": 32},
        IM,
        QWEN,
    ),
    "lfm2.5-1.2b": (
        "Lfm2",
        {"intermediate_size": 128, "block_auto_adjust_ff_dim": False, "full_attn_idxs": [1, 3]}
        | {"conv_dim": 64, "block_dim": 64, "num_attention_heads": 2},
        IM,
        CHATML,
    ),
}
# Without a GPU there is no chunked prefill, and vLLM caches no convolution's prefix without it.
ON_VLLM: dict[str, dict[str, Any]] = {
    "gemma-4-31b-it": {},
    "gpt-oss-20b": {},
    "lfm2.5-1.2b": {"enable_prefix_caching": False},
}


def build(name: str, folder: Path) -> Path:
    """The family's architecture with random weights and pocket's tokenizer, saved as a hub's."""
    import torch
    import transformers

    config, size, special, template = FAMILIES[name]
    kind = getattr(transformers, f"{config}Config", None)
    if kind is None:
        pytest.skip(f"transformers {transformers.__version__} knows no {config}Config")
    tokenizer = transformers.AutoTokenizer.from_pretrained(POCKET)
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    if template is QWEN:
        tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.eos_token = special[-1]
    tokenizer.chat_template = template
    made = SIZE | size
    if config == "Gemma4Text":
        made = made | {"vocab_size_per_layer_input": len(tokenizer)}
    torch.manual_seed(2026)
    model = getattr(transformers, config.removesuffix("Text") + "ForCausalLM")(
        kind(
            **made,
            vocab_size=len(tokenizer),
            bos_token_id=tokenizer.convert_tokens_to_ids("<|pad|>"),
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def answers_of(root: Path, name: str, engine: str) -> tuple[Any, Any, Any]:
    """Responses, calls and manifest of one dilemma asked through the profile, weights replaced."""
    profile = PROFILES[name] | {
        "weights": str(build(name, root / "weights")),
        "engine": engine,
        "engine_args": (ON_VLLM[name] | {"dtype": "float32"}) if engine == "vllm" else {},
    }
    if "thinking" in profile:
        profile["thinking"] = profile["thinking"] | {"characters": 200}
    lines = "".join(f"{key} = {toml(value)}\n" for key, value in profile.items())
    (root / "experiments" / "models.toml").write_text(f"[tiny]\n{lines}")
    (root / "experiments" / "one.toml").write_text(
        'model = "tiny"\nlimit = 1\nrepeats = 2\ntemperature = 1.0\ntop_p = 1.0\ntop_k = 0\n'
    )
    experiment = load_experiment(Study(root), root / "experiments" / "one.toml")
    folder = run(experiment, root / "runs", False, lambda state: None).folder
    return read_table(folder, "responses"), read_table(folder, "calls"), read_manifest(folder)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def test_every_published_model_has_a_profile_that_says_what_was_not_verified() -> None:
    models = load_profiles(Study(REPOSITORY))
    open_ones = {
        name
        for name, model in models.items()
        if name != "pocket" and not (model.validated or model.source)
    }
    assert open_ones == set(FAMILIES)
    for name in open_ones:
        assert "never run" in models[name].unverified
        assert models[name].memory_gb
    gemini = models["gemini-3.5-flash"]
    assert gemini.validated
    assert gemini.api_key_env == "GEMINI_API_KEY"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_the_architecture_answers_through_its_profile_on_transformers(
    root: Path, name: str
) -> None:
    responses, calls, manifest = answers_of(root, name, "transformers")
    assert len(responses) == 4
    assert responses["valid"].all()
    assert set(responses["finish_reason"]) == {"stop"}
    assert manifest["certificates"]["tiny"]["canary"] is True
    assert manifest["certificates"]["tiny"]["context"] is True
    thought = PROFILES[name].get("thinking")
    assert calls["text"].str.contains("</think>").all() == bool(thought)


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("name", ON_VLLM)
def test_the_architecture_answers_through_its_profile_on_vllm(root: Path, name: str) -> None:
    responses, _, manifest = answers_of(root, name, "vllm")
    assert len(responses) == 4
    assert responses["valid"].all()
    assert manifest["certificates"]["tiny"]["canary"] is True
    assert manifest["engines"]["tiny"]["name"] == "vllm"
