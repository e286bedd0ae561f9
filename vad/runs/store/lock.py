"""The lock of a run folder: one run at a time, and whoever is refused is told who holds it.

The kernel lets a lock go when its process ends, however it ends. What the file then still says is
the sign of a run that was killed.
"""

import fcntl
import os
import re
import sys
from datetime import datetime
from pathlib import Path

from ...errors import StudyError


class Lock:
    """The right to write into a folder, held until `release`.

    left_by: the run that held it last and was killed, in words; empty where none was.
    Raises StudyError if another run holds it, OSError if the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / ".lock").open("a+")
        self._file.seek(0)
        said = self._file.read().strip()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise StudyError(
                str(folder),
                f"is held by another run ({said or 'it is just beginning'})",
                "wait for it, or stop it",
            ) from None
        self.left_by = said
        self._file.truncate(0)
        since = datetime.now().astimezone().isoformat(" ", timespec="seconds")
        command = " ".join(["vad", *sys.argv[1:]])
        self._file.write(f"process {os.getpid()} since {since}: {command}")
        self._file.flush()

    def release(self) -> None:
        """Let it go, as a run that ended by itself."""
        self._file.truncate(0)
        self._file.close()


def holder(folder: Path) -> str:
    """Who writes into a folder now, in words; empty where nobody does.

    Asks for the process by its number, and not for the lock: that would stop a run from beginning.
    """
    try:
        said = (folder / ".lock").read_text().strip()
    except OSError:
        return ""
    found = re.match(r"process (\d+) since ", said)
    if not found:
        return ""
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return ""
    except OSError:  # It runs, under another name than ours.
        pass
    return said
