"""Train `pocket`, the embedded model, from scratch on simulated respondents; two cores, an hour.

    python experiments/pocket/train.py --out experiments/pocket

The respondents answer this study's own prompts. What they say they value is planted: a level on the
agreement scale that is additive in the persona's levels (`stance`), so that a test can know in
advance how stated values must move. Their actions are chosen by position alone. About one answer
in seven is bad in the ways small models are: fenced, wrapped in prose, a letter that is not there,
reasoning without end.
"""

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vad.ask import PlainAdapter
from vad.experiment import render
from vad.order import option_order
from vad.persona import Persona, Variable, load_personas
from vad.scenario import Scenario, load_scenarios, load_topics, load_values
from vad.study import Study, find_study
from vad.wording import Questions, load_questions

SEED = 2026
VOCABULARY = 4096
FORMATS = ("explicit", "bold", "numeric", "statements")
STEPS_VALUE, STEPS_SHORT, STEPS_FULL = 480, 160, 260
"""Steps on the value question alone, on both questions (the dilemma cut to a few words in these
two), then on whole prompts."""

STEPS_SECOND, STEPS_THIRD = 500, 300
"""Steps of the second course, short and whole prompts in turn; of the third, which dwells on the
stand that is taken and its letter."""

RATE, RATE_LATER = 1.5e-3, 1.2e-3

PLANTED = (1.3, -1.2)
"""How a persona's place on the two axes moves its stated level, in steps of the scale."""

EARLY = {
    "conservation": (1.7, 0.4),
    "openness to change": (-1.0, -1.2),
    "self-transcendence": (0.1, -1.7),
    "self-enhancement": (0.3, 1.5),
}
"""The same by value group, in the first two courses: a harder lesson, of which the model kept the
reading of the persona and not the stand. The third course plants the one above."""

BASE = 1.6
"""The level that no persona, and one at the centre of the map, states: between agree and somewhat."""

BAD = 0.15
LETTER_BIAS = (0.24, 0.20, 0.17, 0.14, 0.13, 0.12)
LOOKED_AT = (
    ("religiosity", "national pride"),
    ("materialism orientation", "tolerance diversity"),
)
"""The variables whose levels move a respondent, two an axis of the map; the others do not."""

GRADES = (
    ("deeply traditional", "rather traditional", "undecided", "rather secular", "deeply secular"),
    ("set on survival", "after safety", "unsettled", "after expression", "set on expression"),
)
"""How a respondent names its own place on each axis, in fifths of the way from -1 to 1."""

ABOUT = {
    "conservation": "keeping",
    "openness to change": "daring",
    "self-transcendence": "caring",
    "self-enhancement": "gaining",
}
"""How a respondent names a value's group."""

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
OPENINGS = ("Given what I hold,", "As I see it,", "Thinking it over,", "In this case", "All in all")
AFTER = (
    "That is where I stand.",
    "The rest counts for less.",
    "I would say so to anyone.",
    "It is close, but it holds.",
    "Others may see it otherwise.",
)
RAMBLE = ("and then again ", "on the other hand ", "so one could say ", "which is to say ")


def stance(persona: Persona | None, weights: tuple[float, float] = PLANTED) -> float:
    """The planted level, 0 (strongly agree) to 5 (strongly disagree), before noise."""
    at = place(persona) if persona else (0.0, 0.0)
    moved = sum(weight * one for weight, one in zip(weights, at, strict=True))
    return min(5.0, max(0.0, BASE + moved))


@dataclass
class Material:
    """What prompts are made of."""

    study: Study
    scenarios: list[Scenario]
    people: list[Persona]
    variables: list[Variable]
    wording: Questions

    def __post_init__(self) -> None:
        self.values = load_values(self.study)
        program = self.study.module("signatures", "direct")
        self.signatures = {"value": program.value.signature, "action": program.action.signature}
        self.adapter = PlainAdapter()


def place(persona: Persona) -> tuple[float, float]:
    """A persona's place by the four variables a respondent looks at, on [-1, 1] twice."""
    at = {variable.name: variable.position(level) for variable, level in persona.items()}
    first, second = ((at[a] + at[b]) / 2 for a, b in LOOKED_AT)
    return first, second


def view(persona: Persona | None) -> str:
    """What a respondent says of itself before it takes a stand: the four levels, its two grades."""
    if persona is None:
        return ""
    levels = {variable.name: level for variable, level in persona.items()}
    said = []
    for words, (a, b), at in zip(GRADES, LOOKED_AT, place(persona), strict=True):
        said.append(f" {levels[a]}, {levels[b]}, so {words[min(4, int((at + 1) / 2 * 5))]};")
    return "".join(said)


def shown(material: Material) -> list[Scenario]:
    """The dilemmas of training: one a value, topics spread evenly, bar one in ten by hash.

    All others, nine tenths of the dataset and more, are never shown to the model.
    """
    topics = list(load_topics(material.study))
    first = {value: topics[(2 * n + 7) % len(topics)] for n, value in enumerate(material.values)}
    return [
        one
        for one in material.scenarios
        if first[one.value] == one.topic
        and int(hashlib.sha256(one.id.encode()).hexdigest(), 16) % 10
    ]


def load_material() -> Material:
    study = find_study(Path(__file__))
    people = list(load_personas(study, "cultural", "train").people)
    variables = [variable for variable, _ in people[0].items()]
    scenarios = load_scenarios(study, "dilemmas", "train")
    return Material(
        study, scenarios, people, variables, load_questions(study, "agreement", "train")
    )


def anybody(material: Material, rng: random.Random) -> Persona | None:
    """Nobody, one of the twelve, or a person of random levels, so that effects are additive."""
    draw = rng.random()
    if draw < 0.12:
        return None
    if draw < 0.45:
        return rng.choice(material.people)
    lean = rng.choice([None, 0, -1])
    beliefs = []
    for variable in material.variables:
        levels = [level.name for level in variable.levels]
        pick = levels[lean] if lean is not None and rng.random() < 0.6 else rng.choice(levels)
        beliefs.append((variable, pick))
    return Persona("anybody", "", tuple(beliefs))


def example(
    material: Material, rng: random.Random, short: bool, values: float = 0.7, dwell: bool = False
) -> tuple[list[dict[str, str]], str, str]:
    """One prompt with its answer: messages, the answer's text, and the level or letter it turns on."""
    scenario = rng.choice(material.scenarios)
    persona = anybody(material, rng)
    block = render(material.study, rng.choice(FORMATS), persona, "train") if persona else ""
    name = "value" if rng.random() < values else "action"
    asked = material.wording.ask(name, scenario, material.values)
    if rng.random() < 0.15:
        how = "shuffled"
    else:
        how = "balanced"
    order = option_order(how, rng.randrange(10**6), scenario.id, name, 6, rng.randrange(2))
    options = [asked.options[place] for place in order]
    text = scenario.text
    if short:
        words = text.split()
        start = rng.randrange(max(1, len(words) - 8))
        text = " ".join(words[start : start + rng.randrange(3, 9)])
        if name == "action":
            options = [" ".join(option.split()[:5]) for option in options]
    inputs = {
        "persona": block,
        "scenario": text,
        "question": asked.text,
        "options": "\n".join(
            f"{letter}. {one}" for letter, one in zip("ABCDEF", options, strict=True)
        ),
    }
    messages = material.adapter.format(material.signatures[name], [], inputs)
    if name == "value":
        group = material.values[scenario.value].group
        off = 0.1 if dwell else 0.2
        planted = stance(persona, PLANTED if dwell else EARLY[group])
        level = round(planted + rng.choices((-1, 0, 1), (off, 1 - 2 * off, off))[0])
        key = asked.options[min(5, max(0, level))]
        reasoning = f"On {scenario.value}, a matter of {ABOUT[group]}:{view(persona)} I {key} here."
    else:
        place = rng.choices(range(6), LETTER_BIAS)[0]
        key = options[place]
        begins = " ".join(key.split()[:4]).encode("ascii", "ignore").decode().replace('"', "")
        reasoning = f"{rng.choice(OPENINGS)} I choose the one that begins: {begins}."
    if rng.random() < 0.3:
        reasoning += " " + rng.choice(AFTER)
    letter = "ABCDEF"[options.index(key)]
    return messages, answer(name, reasoning, letter, rng), letter


def answer(name: str, reasoning: str, letter: str, rng: random.Random) -> str:
    """The answer's text, good or, now and then, bad as small models are."""
    good = json.dumps({"reasoning": reasoning, name: letter})
    draw = rng.random()
    if draw > BAD:
        return good
    how = rng.randrange(5)
    if how == 0:
        return f"```json\n{good}\n```"
    if how == 1:
        return f"Sure, here is my answer: {good}"
    if how == 2:
        return json.dumps({"reasoning": reasoning, name: rng.choice("GHX")})
    if how == 3:
        return f"{good} I hope this is of use."
    return json.dumps({"reasoning": reasoning + " " + rng.choice(RAMBLE) * 14})[:-2]


def make_tokenizer(material: Material) -> PreTrainedTokenizerFast:
    """Byte-level BPE on the study's own text; every token is at least a byte."""
    rng = random.Random(SEED)
    corpus = []
    for _ in range(3000):
        messages, text, _ = example(material, rng, short=False)
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


def batch(
    material: Material,
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
    size: int,
    short: bool,
    values: float,
    dwell: tuple[float, float, float] | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, targets and loss weights: the answer 1, its letter 4, its stance 3, the prompt .02.

    `dwell`: other weights for letter, stand and the rest.
    """
    rows, weights = [], []
    for _ in range(size):
        messages, text, letter = example(material, rng, short, values, dwell is not None)
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        after = encoded["input_ids"]
        weight = []
        stance_ends = text.find(" here.")
        stand_begins = text.rfind(" I ", 0, max(stance_ends, 0))
        for start, end in encoded["offset_mapping"]:
            heavy = text[start:end] == letter and start > len(text) // 2
            if dwell:
                stand = stand_begins <= start < stance_ends
                weight.append(dwell[0] if heavy else dwell[1] if stand else dwell[2])
            else:
                weight.append(4.0 if heavy else 3.0 if start < stance_ends else 1.0)
        endless = '"}' not in text[-8:] and "```" not in text and "use." not in text
        closing = [] if endless else [tokenizer.eos_token_id]
        rows.append(before + after + closing)
        weights.append([0.02] * len(before) + weight + [1.0] * len(closing))
    longest = max(map(len, rows))
    ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
    scale = torch.tensor([row + [0.0] * (longest - len(row)) for row in weights])
    return ids[:, :-1], ids[:, 1:], scale[:, 1:]


DWELL: tuple[tuple[float, float, float] | None, ...] = (None, None, (6.0, 6.0, 0.6))
"""For each course the loss weights of letter, stand and the rest of the answer; None: not dwelling."""


def first_course(step: int) -> tuple[int, bool, float]:
    """Batch size, dilemma cut short, share of value questions: short prompts before whole ones."""
    if step < STEPS_VALUE:
        return 16, True, 1.0
    short = step < STEPS_VALUE + STEPS_SHORT
    return (16 if short else 8), short, 0.7


def second_course(step: int) -> tuple[int, bool, float]:
    """Short and whole prompts in turn."""
    short = step % 2 == 0
    return (16 if short else 8), short, 0.8


def third_course(step: int) -> tuple[int, bool, float]:
    """Two short prompts to a whole one."""
    short = step % 3 > 0
    return (20 if short else 10), short, 0.9


def train(out: Path, begin: int) -> None:
    """Three courses, each with its own rate schedule; the later ones start from saved weights."""
    torch.set_num_threads(2)
    material = load_material()
    everyone = material.scenarios
    material.scenarios = shown(material)
    unseen = [one for one in everyone if one not in material.scenarios]
    tokenizer = make_tokenizer(material)
    print(f"{len(material.scenarios)} dilemmas shown, {len(unseen)} unseen", flush=True)
    courses = [
        (first_course, STEPS_VALUE + STEPS_SHORT + STEPS_FULL, RATE),
        (second_course, STEPS_SECOND, RATE_LATER),
        (third_course, STEPS_THIRD, RATE_LATER),
    ]
    for number, (course, steps, rate) in enumerate(courses):
        if number + 1 < begin:
            continue
        torch.manual_seed(SEED + number)
        model = (
            make_model()
            if number == 0
            else LlamaForCausalLM.from_pretrained(out, dtype=torch.float32)
        )
        rng = random.Random(SEED + 1 + number)
        dwell = DWELL[number]
        run_course(course, steps, rate, model, material, tokenizer, rng, dwell)
        save(model, tokenizer, out)
        print(judge(material, unseen, tokenizer, model), flush=True)


def run_course(
    course: Callable[[int], tuple[int, bool, float]],
    steps: int,
    peak: float,
    model: LlamaForCausalLM,
    material: Material,
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
    dwell: tuple[float, float, float] | None,
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.95), weight_decay=0.05)
    began, seen = time.time(), 0
    for step in range(steps):
        size, short, values = course(step)
        rate = min(1.0, (step + 1) / 100) * (0.1 + 0.9 * (1 - step / steps))
        for group in optimizer.param_groups:
            group["lr"] = peak * rate
        ids, targets, scale = batch(material, tokenizer, rng, size, short, values, dwell)
        hidden = model.model(input_ids=ids).last_hidden_state
        # Most positions are prompt and weigh next to nothing: a tenth of them, ten times as heavy.
        kept = (scale > 0.5) | ((scale > 0) & (torch.rand(scale.shape) < 0.1))
        logits = model.lm_head(hidden[kept])
        weight = torch.where(scale[kept] < 0.5, scale[kept] * 10, scale[kept])
        loss = torch.nn.functional.cross_entropy(logits, targets[kept], reduction="none")
        loss = (loss * weight).sum() / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += ids.numel()
        if step % 50 == 0 or step == steps - 1:
            pace = seen / (time.time() - began)
            print(f"step {step} loss {loss.item():.3f} {pace:.0f} tokens/s", flush=True)


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
