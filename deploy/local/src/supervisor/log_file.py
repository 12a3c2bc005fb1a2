"""The log of a supervised process: a disk that is full or broken costs lines, not the process.

The supervisor reads what its processes write and writes it here, so it alone turns to a new file,
between two lines.
"""

from contextlib import suppress
from pathlib import Path
from typing import IO, Self

BYTES_MAX = 4 << 20
OLD_FILES_MAX = 4


class LogFile:
    """A file that takes lines while it can, and says how many it could not take.

    What would grow beyond the limit becomes `<name>.1`, and so on up to the oldest that is kept.
    """

    def __init__(self, path: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
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
            file = self._file = self._file or self._open()
            size = file.tell()
            if size and size + len(line) > self._bytes_max:
                file = self._file = self._turn()
            if self._lost:
                file.write(f"{self._lost} lines lost: {self._reason}\n".encode())
                self._lost = 0
            file.write(line)
        except OSError as error:
            self._lost += 1
            self._reason = error.strerror or str(error)
            self._close()

    def _open(self) -> IO[bytes]:
        return self._path.open("ab", buffering=0)

    def _turn(self) -> IO[bytes]:
        """Make the file an old one and give a new one; the same where it cannot be renamed."""
        self._close()
        names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, OLD_FILES_MAX + 1))]
        for number in range(OLD_FILES_MAX, 0, -1):
            with suppress(OSError):
                names[number - 1].rename(names[number])
        return self._open()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
