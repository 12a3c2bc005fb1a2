"""The log of a supervised process: a disk that is full or broken costs lines, not the process."""

from pathlib import Path
from typing import IO, Self


class LogFile:
    """A file that takes lines while it can, and says how many it could not take."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._lost = 0
        self._reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def write(self, line: bytes) -> None:
        """Take a line with its end; never raises OSError."""
        try:
            if self._file is None:
                self._file = self._path.open("ab", buffering=0)
            if self._lost:
                self._file.write(f"{self._lost} lines lost: {self._reason}\n".encode())
                self._lost = 0
            self._file.write(line)
        except OSError as error:
            self._lost += 1
            self._reason = error.strerror or str(error)
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
