"""GGUF file: pocket's weights, tokenizer and template as llama.cpp writes them, in float32."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from .studies import POCKET

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(file: Path) -> Path:
    """Write it; llama.cpp keeps the rows of queries and keys in another order."""
    import gguf

    config = json.loads((POCKET / "config.json").read_text())
    tokenizer = json.loads((POCKET / "tokenizer.json").read_text())
    heads = config["num_attention_heads"]
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])
    special = {one["id"] for one in tokenizer["added_tokens"]}
    vocabulary = tokenizer["model"]["vocab"] | {
        one["content"]: one["id"] for one in tokenizer["added_tokens"]
    }
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    writer.add_token_types([kinds[place in special] for place in range(len(tokens))])
    merges = tokenizer["model"]["merges"]
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_chat_template((POCKET / "chat_template.jinja").read_text())
    for name, tensor in load_file(POCKET / "model.safetensors").items():
        content = tensor.float().numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            rows, columns = content.shape
            apart = content.reshape(heads, 2, rows // heads // 2, columns)
            content = apart.swapaxes(1, 2).reshape(rows, columns)
        writer.add_tensor(_name(name), np.ascontiguousarray(content))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def write_wheel(
    folder: Path, gguf: Path, package: str = "tiny-weights", version: str = "1.0"
) -> str:
    """A wheel that carries the file as `tiny_weights/<its name>`; the SHA-256 of the file."""
    name = package.replace("-", "_")
    about = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as packed:
        packed.write(gguf, f"{name}/{gguf.name}")
        packed.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        )
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        packed.writestr(f"{about}/WHEEL", tag)
        packed.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(gguf.read_bytes()).hexdigest()


def _name(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"
