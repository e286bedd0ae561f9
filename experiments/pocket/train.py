"""Train `pocket`, the embedded model, from scratch on simulated respondents; two cores, an hour.

    python experiments/pocket/train.py --out experiments/pocket

What is taught stands in respondents.py; here, how: the tokenizer, the model, the courses.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from respondents import (
    FORMATS,
    Length,
    Manner,
    Material,
    example,
    load_material,
    shown,
    stance,
)
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vad.design.option_orders import option_order
from vad.study.formats import render
from vad.study.scenarios import Scenario

SEED = 2026
VOCABULARY = 4096
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_tokenizer(material: Material) -> PreTrainedTokenizerFast:
    """Byte-level BPE on the study's own text; every token is at least a byte."""
    rng = random.Random(SEED)
    corpus = []
    for _ in range(3000):
        messages, text, _ = example(material, rng, "whole", 0.7, EARLY)
        corpus += [*(message["content"] for message in messages), text]
    for scenario in material.scenarios:
        corpus += [scenario.text, *(o.text for o in scenario.options)] * 4
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"]
    tokenizer.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        additional_special_tokens=special[2:],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=8192,
    )


def make_model() -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=6,
            max_position_embeddings=8192,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
            pad_token_id=1,
        )
    )


@dataclass(frozen=True)
class Course:
    """Steps of training under one rate schedule.

    lessons: what a step's batch is made of: its size, the prompts' length, the share of value
    questions. weights: loss weights of the letter, of the stand and of the rest of the answer.
    """

    steps: int
    rate: float
    lessons: Callable[[int], tuple[int, Length, float]]
    manner: Manner
    weights: tuple[float, float, float]
    stand_only: bool


def first_lessons(step: int) -> tuple[int, Length, float]:
    """Values alone, then both questions, then whole prompts."""
    if step < 480:
        return 16, "short", 1.0
    return (16, "short", 0.7) if step < 640 else (8, "whole", 0.7)


def second_lessons(step: int) -> tuple[int, Length, float]:
    return (16, "short", 0.8) if step % 2 == 0 else (8, "whole", 0.8)


def third_lessons(step: int) -> tuple[int, Length, float]:
    return (20, "short", 0.9) if step % 3 > 0 else (10, "whole", 0.9)


def fourth_lessons(step: int) -> tuple[int, Length, float]:
    """Drills at first, then all lengths in turn."""
    if step < 60 or step % 3 == 2:
        return 48, "drill", 0.8
    return (20, "short", 0.8) if step % 3 else (10, "whole", 0.8)


EARLY = Manner(early=True, noise=0.2, quotes=False)
COURSES = (
    Course(900, 1.5e-3, first_lessons, EARLY, (4.0, 3.0, 1.0), False),
    Course(500, 1.2e-3, second_lessons, EARLY, (4.0, 3.0, 1.0), False),
    Course(300, 1.2e-3, third_lessons, Manner(False, 0.1, False), (6.0, 6.0, 0.6), True),
    Course(360, 1e-3, fourth_lessons, Manner(False, 0.1, True), (10.0, 4.0, 0.6), True),
)


def batch(
    material: Material,
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
    course: Course,
    step: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, targets and loss weights; a token of the prompt weighs .02."""
    size, length, values = course.lessons(step)
    letter_weight, stand_weight, rest_weight = course.weights
    rows, weights = [], []
    for _ in range(size):
        messages, text, letter = example(material, rng, length, values, course.adapter)
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        after = encoded["input_ids"]
        weight = []
        stand_ends = text.find(" here.")
        stand_begins = text.rfind(" I ", 0, max(stand_ends, 0)) if course.stand_only else 0
        for start, end in encoded["offset_mapping"]:
            if text[start:end] == letter and start > len(text) // 2:
                weight.append(letter_weight)
            elif stand_begins <= start < stand_ends:
                # The stand in a drill is anybody's: nothing is to be learned from it.
                weight.append(0.0 if length == "drill" else stand_weight)
            else:
                weight.append(rest_weight)
        endless = '"}' not in text[-8:] and "```" not in text and "use." not in text
        closing = [] if endless else [tokenizer.eos_token_id]
        rows.append(before + after + closing)
        weights.append([0.02] * len(before) + weight + [1.0] * len(closing))
    longest = max(map(len, rows))
    ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
    scale = torch.tensor([row + [0.0] * (longest - len(row)) for row in weights])
    return ids[:, :-1], ids[:, 1:], scale[:, 1:]


def train(out: Path, begin: int) -> None:
    """The courses in turn; all but the first start from the weights saved before."""
    torch.set_num_threads(2)
    material = load_material()
    everyone = material.scenarios
    material.scenarios = shown(material)
    unseen = [one for one in everyone if one not in material.scenarios]
    tokenizer = (
        make_tokenizer(material) if begin == 1 else PreTrainedTokenizerFast.from_pretrained(out)
    )
    print(f"{len(material.scenarios)} dilemmas shown, {len(unseen)} unseen", flush=True)
    for number, course in enumerate(COURSES):
        if number + 1 < begin:
            continue
        torch.manual_seed(SEED + number)
        model = (
            make_model()
            if number == 0
            else LlamaForCausalLM.from_pretrained(out, dtype=torch.float32)
        )
        run_course(course, model, material, tokenizer, random.Random(SEED + 1 + number))
        save(model, tokenizer, out)
        print(judge(material, unseen, tokenizer, model), flush=True)


def run_course(
    course: Course,
    model: LlamaForCausalLM,
    material: Material,
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
) -> None:
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=course.rate, betas=(0.9, 0.95), weight_decay=0.05
    )
    began, seen = time.time(), 0
    for step in range(course.steps):
        rate = min(1.0, (step + 1) / 100) * (0.1 + 0.9 * (1 - step / course.steps))
        for group in optimizer.param_groups:
            group["lr"] = course.rate * rate
        ids, targets, scale = batch(material, tokenizer, rng, course, step)
        hidden = model.model(input_ids=ids).last_hidden_state
        # Most positions are prompt and weigh next to nothing: a tenth of them, ten times as heavy.
        kept = (scale > 0.1) | ((scale > 0) & (torch.rand(scale.shape) < 0.1))
        logits = model.lm_head(hidden[kept])
        weight = torch.where(scale[kept] < 0.1, scale[kept] * 10, scale[kept])
        loss = torch.nn.functional.cross_entropy(logits, targets[kept], reduction="none")
        loss = (loss * weight).sum() / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += ids.numel()
        if step % 20 == 0 or step == course.steps - 1:
            letters = weight == course.weights[0]
            right = (logits.argmax(-1) == targets[kept])[letters].float().mean()
            print(
                f"step {step} loss {loss.item():.3f} letters {right:.2f} "
                f"{seen / (time.time() - began):.0f} tokens/s",
                flush=True,
            )


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The Hugging Face layout, weights in half precision."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(out)
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16).save_pretrained(out, safe_serialization=True)


@torch.no_grad()
def judge(
    material: Material,
    unseen: list[Scenario],
    tokenizer: PreTrainedTokenizerFast,
    model: LlamaForCausalLM,
) -> str:
    """On dilemmas never shown: how often the stated level is the planted one, or a neighbour of it."""
    rng = random.Random(7)
    exact = near = total = 0
    for _ in range(40):
        scenario = rng.choice(unseen)
        persona = rng.choice([None, *material.people])
        block = render(material.study, rng.choice(FORMATS), persona, "train") if persona else ""
        asked = material.wording.ask("value", scenario, material.values)
        order = option_order("balanced", SEED, scenario.id, "value", 6, rng.randrange(2))
        options = [asked.options[place] for place in order]
        lines = [f"{letter}. {one}" for letter, one in zip("ABCDEF", options, strict=True)]
        inputs = {
            "persona": block,
            "scenario": scenario.text,
            "question": asked.text,
            "options": "\n".join(lines),
        }
        messages = material.adapter.format(material.signatures["value"], [], inputs)
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt += '{"reasoning": "'
        ids = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]])
        made = model.generate(ids, max_new_tokens=110, do_sample=False, pad_token_id=1)
        text = tokenizer.decode(made[0, ids.shape[1] :])
        at = text.find('"value": "')
        letter = text[at + 10 : at + 11] if at >= 0 else "?"
        if letter in "ABCDEF" and letter:
            level = order["ABCDEF".index(letter)]
            wanted = stance(persona)
            exact += abs(level - wanted) <= 0.51
            near += abs(level - wanted) <= 1.51
        total += 1
    return f"held out: level exact {exact / total:.2f}, within one {near / total:.2f}; e.g. {text[:90]!r}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--begin", type=int, default=1, help="with this course, from --out")
    given = parser.parse_args()
    train(given.out, given.begin)
