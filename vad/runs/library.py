"""The library: guaranteed answers from any DSPy program, without a study.

    with vad.engine("models/smollm2") as lm:
        dspy.configure(lm=lm, adapter=vad.Adapter())
        classify = dspy.Predict(Classify)
        vad.check(classify, lm)
        answers = vad.answer(classify, rows, lm)

Sessions, conversations, adapters and engines are those of an experiment's run.
"""

import asyncio
import atexit
import logging
import os
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

import dspy

from ..constraints.adapter import AdapterSettings, StudyAdapter
from ..constraints.language import AdapterName
from ..engines.base import Engine
from ..engines.capabilities import capabilities
from ..engines.factory import make_engine
from ..engines.profiles import load_profiles, model_at
from ..errors import StudyError
from ..study.hashing import digest
from ..study.loader import Study, find_study
from ..study.models import Model, Sampling, resolve_sampling
from .calls_log import CallsLog
from .guarantee.canary import NOT_HELD, ask_canary
from .lm import AsyncBridge, Bridge
from .session import Session


class Adapter(StudyAdapter):
    """vad's adapter for dspy.configure: it holds each answer to the language of its signature.

    written: "plain" (the signature's own words, the answer one line of JSON), or "chat" or "json"
    as DSPy's own adapters write.
    """

    def __init__(self, written: AdapterName = "plain") -> None:
        super().__init__(AdapterSettings(written))


class EngineLM(dspy.LM):  # type: ignore[misc]
    """A dspy.LM whose engine lives in a thread of its own, so that it may be asked from anywhere:
    async code, threads, a notebook's running loop. Ends with its `with` block, or with `close`."""

    def __init__(
        self, profile: Model, home: Study, engine: Engine, seed: int, log: CallsLog | None
    ) -> None:
        self.profile = profile
        self.home = home
        self.vad_engine = engine
        self.seed = seed
        self.loop = asyncio.new_event_loop()
        self.log = log
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.session = Session(
            engine,
            digest("library", seed),
            resolve_sampling(Sampling(), profile),
            True,
            profile,
            most_calls=sys.maxsize,
            loop=self.loop,
            only_ours=False,
            heard=log.add if log else _unheard,
        )
        logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)
        super().__init__(
            f"vad/{profile.name}",
            cache=False,
            num_retries=0,
            engine=Bridge(self.session),
            async_engine=AsyncBridge(self.session),
        )
        self._closed = False
        atexit.register(self.close)

    def __enter__(self) -> "EngineLM":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, asked: Any) -> Any:
        """The result of a coroutine on the engine's loop, waited for in this thread."""
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result()

    def close(self) -> None:
        """End the engine and every process that it started; once."""
        if self._closed:
            return
        self._closed = True
        try:
            self.wait(self.vad_engine.close())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(10)
            if self.log:
                self.log.close()
            atexit.unregister(self.close)


def engine(
    model: str | Path,
    *,
    backend: str = "auto",
    seed: int = 0,
    record: str | Path | None = None,
    study: str | Path | None = None,
    **profile: Any,
) -> EngineLM:
    """Start the engine of a model: an LM for DSPy, whose answers are all held to a language.

    model: the name of a profile in the study around (or in `study`), a folder of weights, a hub
    name, or the address of a vLLM server ("http://localhost:8000/v1"). profile: any key of a
    profile, such as max_model_len, sampling={"temperature": 0.7} or engine="transformers". seed:
    every call's own follows from it. record: a folder that keeps each call as Parquet.
    Raises StudyError for a model that cannot be had, EngineGone for an engine that does not start.
    """
    home = _home(study)
    one = _profile(str(model), home, profile)
    log = CallsLog(Path(record)) if record is not None else None
    aside = Path(record) / "engine.log" if record is not None else Path(os.devnull)
    own = EngineLM(one, home, make_engine(one, home, backend, aside), seed, log)
    try:
        own.wait(own.vad_engine.start())
        if capabilities(one).has_weights:
            canary = own.wait(ask_canary(own.vad_engine, one))
            if not canary.held:
                warnings.warn(NOT_HELD.format(one.name, canary.said), stacklevel=2)
    except BaseException:
        own.close()
        raise
    return own


def _home(study: str | Path | None) -> Study:
    """The study named or around, for its profiles; else the current folder, which has none."""
    try:
        return find_study(Path(study) if study is not None else Path.cwd())
    except StudyError:
        if study is not None:
            raise
        return Study(Path.cwd())


def _profile(name: str, home: Study, given: dict[str, Any]) -> Model:
    if (home.root / "experiments" / "models.toml").is_file():
        known = load_profiles(home)
        if name in known:
            return Model(**known[name].model_dump() | given)
    return model_at(name, home, given)


def _unheard(_: object) -> None:
    """Nothing is kept of a call unless a record was asked for."""
