"""Lines of a recording, plain or gzipped, and where and how it breaks off.

The reader never raises for bad content: what can be read is given, and the break is told.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 64 * 1024
LINE_BYTES_MAX = 4 * 1024 * 1024
_GZIP = 31
"""wbits that make zlib read one gzip member and check its sum."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end; `is_whole` is False when the file ends without a line feed."""

    number: int
    text: bytes
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Break:
    """The recording cannot be read further: what is left of the line there, and why."""

    number: int
    text: bytes
    reason: str


def read_lines(path: Path) -> Iterator[Line | Break]:
    """Give the lines in order; a Break, if any, is the last."""
    rest = b""
    number = 0
    for block in _blocks(path):
        if isinstance(block, str):
            yield Break(number + 1, rest, block)
            return
        pieces = (rest + block).split(b"\n") if rest else block.split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            number += 1
            yield Line(number, piece)
        if len(rest) > LINE_BYTES_MAX:
            found = f"expected a line of at most {LINE_BYTES_MAX} bytes, found a longer one"
            yield Break(number + 1, rest[:CHUNK_BYTES], found)
            return
    if rest:
        yield Line(number + 1, rest, is_whole=False)


def _blocks(path: Path) -> Iterator[bytes | str]:
    """Give the content in blocks; a text says why it ends early."""
    with path.open("rb") as file:
        block = file.read(CHUNK_BYTES)
        if not block.startswith(b"\x1f\x8b"):
            while block:
                yield block
                block = file.read(CHUNK_BYTES)
            return
        member = zlib.decompressobj(_GZIP)
        while block:
            before = member.copy()
            try:
                content = member.decompress(block)
            except zlib.error as error:
                yield _good_part(before, block)
                yield f"expected gzip data, found {error}"
                return
            if content:
                yield content
            if member.eof:
                # A file may hold several members, and zeros behind the last.
                block = member.unused_data.lstrip(b"\0") or file.read(CHUNK_BYTES)
                member = zlib.decompressobj(_GZIP)
            else:
                block = file.read(CHUNK_BYTES)
                if not block:
                    yield "expected the end of the gzip data, found the end of the file"


class _Inflates(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


def _good_part(member: _Inflates, block: bytes) -> bytes:
    """Give what can be read of a block that breaks somewhere."""
    content = bytearray()
    for index in range(len(block)):
        try:
            content += member.decompress(block[index : index + 1])
        except zlib.error:
            break
    return bytes(content)
