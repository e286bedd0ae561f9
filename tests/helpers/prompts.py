"""Prompts: what an engine receives."""

import asyncio

from vad.design.trials import Conversation
from vad.engines.base import Call
from vad.engines.simulated import SimulatedEngine
from vad.runs.conversation import converse
from vad.runs.session import Session
from vad.study.models import PUBLISHED


def sent(conversation: Conversation) -> list[Call]:
    """The calls an engine receives when a conversation is held."""
    received: list[Call] = []

    def respond(call: Call) -> str:
        received.append(call)
        return call.language.longest

    session = Session(SimulatedEngine(respond), "ab", PUBLISHED, constrained=True)
    asyncio.run(converse(conversation, session))
    return received
