"""Stoppable: SIGINT and SIGTERM end a long wait in a library's C code as well.

vLLM waits for its processes in a poll of up to ten minutes, and the signal that is to stop a run
has ended those too: nothing would ever come. Python acts on a signal in the main thread, when that
next runs Python, while the kernel may hand it to any other; and vLLM swallows a KeyboardInterrupt.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Interrupted

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGINT and SIGTERM raise Interrupted at once; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    main = threading.get_ident()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wake() -> None:
        # Any byte says that a signal came; the main thread's poll is interrupted to look for it.
        if os.read(reader, 1) != b"\0":
            signal.pthread_kill(main, signal.SIGUSR1)

    def stop(*_: object) -> None:
        raise Interrupted

    before = {number: signal.getsignal(number) for number in (*STOPS, signal.SIGUSR1)}
    for number in STOPS:
        signal.signal(number, stop)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    waker = threading.Thread(target=wake, daemon=True)
    waker.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(fd)
        os.write(writer, b"\0")
        waker.join()
        os.close(writer)
        os.close(reader)
        for number, handler in before.items():
            signal.signal(number, handler)
