"""A signal ends a wait in C code, whichever thread the kernel hands it to."""

import os
import signal
import threading
import time

import pytest
import zmq

from vad.engines.signals import STOPS, stoppable
from vad.errors import Interrupted


def after(seconds: float, what: signal.Signals, thread: int | None) -> threading.Thread:
    """Send a signal later, to one thread or to whom the kernel chooses."""

    def send() -> None:
        time.sleep(seconds)
        if thread is None:
            os.kill(os.getpid(), what)
        else:
            signal.pthread_kill(thread, what)

    sending = threading.Thread(target=send)
    sending.start()
    return sending


@pytest.mark.parametrize("number", STOPS)
@pytest.mark.parametrize("other", [True, False])
def test_a_signal_to_any_thread_ends_a_poll_of_zeromq(number: signal.Signals, other: bool) -> None:
    before = [signal.getsignal(one) for one in (*STOPS, signal.SIGUSR1)]
    let_go = threading.Event()
    idle = threading.Thread(target=let_go.wait, args=(60,))
    idle.start()
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.bind("inproc://nobody-sends")
        began = time.monotonic()
        sending = after(0.2, number, idle.ident if other else None)
        with pytest.raises(Interrupted), stoppable():
            socket.poll(20_000)
        assert time.monotonic() - began < 15
        sending.join()
    let_go.set()
    idle.join()
    assert [signal.getsignal(one) for one in (*STOPS, signal.SIGUSR1)] == before


def test_without_a_signal_nothing_is_changed_and_other_threads_are_let_through() -> None:
    before = [signal.getsignal(one) for one in (*STOPS, signal.SIGUSR1)]
    with stoppable():
        time.sleep(0.01)
    assert [signal.getsignal(one) for one in (*STOPS, signal.SIGUSR1)] == before
    seen: list[bool] = []

    def elsewhere() -> None:
        with stoppable():
            seen.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [True]
