"""No process outlives its run: vLLM's engine processes ask to die with the one that started them.

vLLM loads every `vllm.general_plugins` entry point in each of its processes, and this is one. It
acts only in processes that a run of ours started, told by an environment variable.
"""

import ctypes
import os
import signal
import sys

VARIABLE = "VAD_RUN_PID"
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; Linux only, nothing elsewhere."""
    run = os.environ.get(VARIABLE)
    if not run or int(run) == os.getpid() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
