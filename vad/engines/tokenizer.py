"""A model's tokenizer: the prompt as one text, token counts, and tokens that decode to nothing."""

import json
import re
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..study.formats import count_words
from ..study.loader import Study
from ..study.models import Model
from .before_start import refuse_unfit
from .capabilities import capabilities
from .weights import local_weights

SYSTEM_ROLE_FALSE = "write system_role = false: the system text then opens the first user turn"


class Tokenizer:
    """The tokenizer and chat template of a profile; loads no weights.

    Only an engine may fetch it from a hub (`fetch`); whoever merely counts takes what is here.
    """

    def __init__(self, model: Model, study: Study, fetch: bool = False) -> None:
        self.model = model
        self.fetch = fetch
        self.folder = local_weights(model, study)
        if self.folder:
            refuse_unfit(model, self.folder)
        self.source = str(self.folder or model.weights)
        self.tokenizer: Any = self._from_file() or self.load_transformers()
        self._fast: Any = getattr(self.tokenizer, "backend_tokenizer", None)
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
        if not (model.chat_template or self.tokenizer.chat_template):
            raise StudyError(
                self._place,
                "the model has no chat template, and its profile gives none",
                'write chat_template = "..." (Jinja), or name a model that is tuned for chat',
            )
        self._refuse_clock(self._place)

    @property
    def _place(self) -> str:
        return f"experiments/models.toml: {self.model.name}"

    def _from_file(self) -> Any:
        """The tokenizer as its file has it, where transformers would add nothing; else None."""
        from .tokenizer_file import TokenizerFile

        return TokenizerFile.read(self.folder) if self.folder else None

    def load_transformers(self) -> Any:
        """The tokenizer as transformers has it; StudyError if none can be loaded."""
        from transformers import AutoTokenizer
        from transformers.utils import logging

        logging.set_verbosity_error()
        try:
            return AutoTokenizer.from_pretrained(
                self.source,
                revision=self.model.revision or None,
                local_files_only=not self.fetch,
            )
        except Exception as error:
            raise StudyError(
                f"{self._place}.weights",
                f'no tokenizer could be loaded from "{self.model.weights}"',
                str(error).strip().splitlines()[0][:200],
            ) from None

    def prompt(self, messages: list[dict[str, str]]) -> str:
        """The text that the model is given, byte for byte: template, messages, answer prefix.

        Raises StudyError, with the template's own words, where it takes no such messages.
        """
        if not self.model.system_role:
            messages = without_system(messages)
        try:
            return self.rendered(messages) + self.model.answer_prefix
        except Exception as error:
            said = str(error).strip().splitlines()
            raise StudyError(
                self.template_place,
                f"the chat template refuses the messages: {said[0] if said else ''}"
                f" ({type(error).__name__})",
                *self._without_system_role(messages),
            ) from None

    def rendered(
        self, messages: list[dict[str, str]], opens_answer: bool = True, day: date | None = None
    ) -> str:
        """What the chat template makes of messages; it raises what it likes.

        opens_answer: whether it is to open the turn in which the model answers. day: for today's
        date, where it is not the profile's.
        """
        text = self.tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=opens_answer,
            chat_template=self.model.chat_template or None,
            **self._clock(day or self.model.date),
            **self.model.chat_template_args,
        )
        return str(text)

    @property
    def template_place(self) -> str:
        """Where a chat template is to be mended: the profile, which may give another."""
        return f"experiments/models.toml: {self.model.name}.chat_template"

    def _without_system_role(self, messages: list[dict[str, str]]) -> list[str]:
        """The line to write where the template takes the messages without a system turn."""
        if not self.model.system_role or messages[:1] == without_system(messages)[:1]:
            return []
        try:
            self.rendered(without_system(messages))
        except Exception:
            return []
        return [SYSTEM_ROLE_FALSE]

    @staticmethod
    def _clock(day: date | None) -> dict[str, Any]:
        """What a template asks for today's date, held still."""
        return {} if day is None else {"strftime_now": lambda form: day.strftime(form)}

    def _refuse_clock(self, place: str) -> None:
        """StudyError for a template that prints today's date: the same trial would be another
        prompt tomorrow."""
        messages = [{"role": "user", "content": "x"}]
        days = [self.model.date or day for day in (date(2020, 2, 3), date(2031, 11, 24))]
        try:
            prompts = {self.rendered(messages, day=day) for day in days}
        except Exception:  # `prompt` tells what it refuses of the messages that are sent
            return
        if len(prompts) > 1:
            raise StudyError(
                f"{place}.chat_template",
                "prints today's date, so that the same trial would be another prompt tomorrow",
                f"write the date that it shall print: date = {date.today().isoformat()}",
            )

    @cached_property
    def rows(self) -> int:
        """How many of the tokens the model has rows for: those beyond it are never drawn."""
        known = len(self.tokenizer)
        size = self._size()
        if size is not None:
            return min(known, size)
        from transformers import AutoConfig

        try:
            config = AutoConfig.from_pretrained(
                self.source, revision=self.model.revision or None, local_files_only=not self.fetch
            )
        except (OSError, ValueError):  # a server's tokenizer may lie here alone
            return known
        return min(known, int(config.get_text_config().vocab_size))

    def _size(self) -> int | None:
        """The rows that config.json gives a model; None where its architecture knows them alone."""
        try:
            config = json.loads((Path(self.source) / "config.json").read_text())
        except (OSError, ValueError):
            return None
        found = config.get("text_config", config).get("vocab_size")
        return found if isinstance(found, int) else None

    @lru_cache(maxsize=4096)  # noqa: B019 - as below
    def ids(self, text: str) -> list[int]:
        """The tokens of a prompt; the template has written all special ones already."""
        if self._fast is None:
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        # The same tokens without their offsets, a quarter sooner.
        return list(self._fast.encode_batch_fast([text], add_special_tokens=False)[0].ids)

    @lru_cache(maxsize=200_000)  # noqa: B019 - lives as long as the one run it counts for
    def count(self, text: str) -> int:
        """The number of tokens of a block of text."""
        return len(self.ids(text))

    @cached_property
    def silent(self) -> list[int]:
        """Tokens that add nothing to the text: each would cost budget, or stand for a text unseen.

        All special ones but the end of sequence are among them: a backend may take one that looks
        like JSON for what it looks like, and it is gone from the answer (seen with xgrammar).
        """
        end = self.tokenizer.eos_token_id
        texts = enumerate(self._texts(skip_special_tokens=True))
        return [one for one, text in texts if not text and one != end]

    @cached_property
    def keeps_spaces(self) -> bool:
        """Whether a token that opens with a space decodes to that space, alone too (as Gemma's).

        vLLM's backend outlines puts a space before each such token, as Llama's lose theirs; where
        it is there already, no text with a single space can be written.
        """
        # Of several spaces one is always kept, so only a token with a single one tells.
        one_space = re.compile("▁[^▁]")
        token = next(filter(one_space.match, self.tokenizer.get_vocab()), None)
        return token is not None and self.tokenizer.convert_tokens_to_string([token])[:1] == " "

    @lru_cache  # noqa: B019 - as above
    def beginning(self, text: str) -> list[int]:
        """The ordinary tokens that a continuation may begin with: parts of it, or it and more."""
        special = set(self.tokenizer.all_special_ids)
        return [
            one
            for one, token in enumerate(self._texts(skip_special_tokens=False))
            if token and one not in special and (text.startswith(token) or token.startswith(text))
        ]

    @lru_cache  # noqa: B019 - as above
    def _texts(self, skip_special_tokens: bool) -> list[str]:
        """What each token adds behind another; some lose a space where they stand alone."""
        lead = self.ids("a")
        before = len(self.tokenizer.decode(lead))
        found: list[str] = self.tokenizer.batch_decode(
            [[*lead, one] for one in range(self.rows)],
            skip_special_tokens=skip_special_tokens,
        )
        return [text[before:] for text in found]


def load_tokenizer(model: Model, study: Study, fetch: bool = False) -> Tokenizer:
    """The tokenizer of a profile, loaded once: what it has counted is known to the next."""
    folder = local_weights(model, study)
    files = sorted(folder.glob("*.j*")) if folder and folder.is_dir() else []
    stamps = tuple((file.name, file.stat().st_mtime_ns) for file in files)
    key = (model.model_dump_json(), str(folder), stamps, fetch and not folder)
    if key not in _LOADED:
        _LOADED[key] = Tokenizer(model, study, fetch)
    return _LOADED[key]


_LOADED: dict[tuple[Any, ...], Tokenizer] = {}


class ByteCounter:
    """Stands in for a tokenizer that is not on this machine: a token is at least a byte.

    Counts the messages alone, as the chat template is not known either.
    """

    def prompt(self, messages: list[dict[str, str]]) -> str:
        """The contents of the messages, one after another."""
        return "\n".join(message["content"] for message in messages)

    def count(self, text: str) -> int:
        """The number of bytes of a block of text."""
        return len(text.encode())


def local_tokenizer(model: Model, study: Study, fetch: bool) -> Tokenizer | ByteCounter:
    """The tokenizer where one is at hand, else a token a byte.

    Raises StudyError where an engine of ours will need it: a folder without one, a failed fetch.
    """
    try:
        return load_tokenizer(model, study, fetch and capabilities(model).in_process)
    except StudyError:
        folder = model.folder(study)
        here = folder is not None and folder.exists()
        if capabilities(model).in_process and (fetch or here):
            raise
        return ByteCounter()


def without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """For a model without a system role the system text opens the first user turn."""
    if not messages or messages[0]["role"] != "system":
        return messages
    system, first, *rest = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *rest]


class TokenCount:
    """How many tokens a text has for a model; for a simulated one, how many words.

    The tokenizer is loaded, from its hub if need be, when a format first counts.
    """

    def __init__(self, study: Study, model: Model) -> None:
        self.study = study
        self.model = model

    def __call__(self, text: str) -> int:
        """The count."""
        if not capabilities(self.model).has_weights:
            return count_words(text)
        return self._tokens.count(text)

    @cached_property
    def _tokens(self) -> Tokenizer:
        return load_tokenizer(self.model, self.study, fetch=True)
