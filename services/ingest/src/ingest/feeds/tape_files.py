"""Which files make a tape: found, recognized by content, put in order, and named by digest.

Everything that can be wrong with the choice of files is a ConfigurationError of one line, before
anything starts.
"""

import glob
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from chassis.settings import ConfigurationError
from contracts.feed import FeedKind
from contracts.ids import SourceVenue, Symbol
from contracts.markets import UnknownMarket, market_of
from contracts.sessions import begins_with_session
from contracts.ticks import Trade
from contracts.values import from_millis, to_millis
from ingest.domain import csv_rows, source
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Ignored, Refusal
from ingest.domain.source import Source
from ingest.feeds.lines import Break, Line, read_lines

HEAD_LINES_MAX = 1_000
"""How far into a file its first tick may be."""
_FRAME = re.compile(rb"[0-9]{1,19} \{")
_SYMBOL_IN_FRAME = re.compile(rb'"s":"([A-Z0-9]{1,40})"')
_SYMBOL_IN_NAME = re.compile(r"(?<![a-z0-9])([a-z0-9]{2,30}(?:usdt|usdc|usd))(?![a-z0-9])")


class TapeKind(StrEnum):
    """What the lines of a file are."""

    FRAMES = "frames"
    """`<received_ns> <json>`: raw Binance USD-M frames."""
    TICKS = "ticks"
    """Comma-separated trades of Binance spot, under a header."""


VENUES = {TapeKind.FRAMES: source.BINANCE_USDM, TapeKind.TICKS: source.BINANCE_SPOT}


@dataclass(frozen=True, slots=True)
class TapeFile:
    """One file of a tape; `start` orders the files: received time of frames, id of ticks."""

    path: Path
    kind: TapeKind
    symbol: Symbol
    start: int
    begins_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Tape:
    """Files that make one recording, in playing order."""

    files: tuple[TapeFile, ...]
    kind: TapeKind
    source: Source

    @property
    def venue(self) -> SourceVenue:
        """Give the venue that was recorded."""
        return self.source.venue


def find_tape(names: Sequence[str], *, symbol: str) -> Tape:
    """Give the tape that the names (files, folders, patterns) stand for.

    `symbol` is taken where neither content nor file names tell. Raises ConfigurationError.
    """
    paths = [path for name in names for path in _resolve(name)]
    if not paths:
        raise ConfigurationError("expected the files of a tape in TAPE_FILES, found none")
    by_digest: dict[str, TapeFile] = {}
    for path in sorted(set(paths)):
        file = _recognize(path, symbol)
        by_digest.setdefault(file.sha256, file)
    files = tuple(sorted(by_digest.values(), key=lambda file: (file.start, file.sha256)))
    _require_one("kind of tape", files, lambda file: file.kind)
    _require_one("symbol", files, lambda file: file.symbol)
    return Tape(files, files[0].kind, _source(files))


def _resolve(name: str) -> list[Path]:
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            found = [child for child in path.iterdir() if _is_plain_file(child)]
            if not found:
                raise ConfigurationError(f"expected files in the tape folder {name}, found none")
            return found
        if path.exists():
            return [path]
    except OSError as error:
        raise ConfigurationError(f"expected to read the tape {name}, found: {error}") from None
    found = [Path(match) for match in glob.glob(str(path)) if Path(match).is_file()]  # noqa: PTH207 - an absolute pattern
    if not found:
        raise ConfigurationError(f"expected a tape at {name}, found no such file")
    return found


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _recognize(path: Path, symbol: str) -> TapeFile:
    try:
        if path.stat().st_size == 0:
            raise ConfigurationError(f"expected a recording in {path}, found an empty file")
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        return _read_head(path, symbol, digest)
    except OSError as error:
        raise ConfigurationError(f"expected to read the tape {path}, found: {error}") from None


def _read_head(path: Path, symbol: str, digest: str) -> TapeFile:
    lines = [line for line, _ in zip(read_lines(path), range(HEAD_LINES_MAX), strict=False)]
    first = lines[0].text.rstrip(b"\r") if lines else b""
    texts = [line.text.rstrip(b"\r") for line in lines if isinstance(line, Line)]
    if first == csv_rows.HEADER:
        return _ticks_file(path, symbol, digest, texts[1:])
    if _FRAME.match(first):
        return _frames_file(path, symbol, digest, texts)
    found = first[:60].decode("utf-8", "replace")
    if isinstance(lines[0] if lines else None, Break) and not first:
        found = "no readable line"
    raise ConfigurationError(
        f"expected frames '<received_ns> <json>' or the header "
        f"'{csv_rows.HEADER.decode()}' in {path}, found {found!r}"
    )


def _ticks_file(path: Path, symbol: str, digest: str, rows: Iterable[bytes]) -> TapeFile:
    trades = (decoded for decoded in map(csv_rows.decode_row, rows) if isinstance(decoded, Trade))
    first = next(trades, None)
    if first is None:
        raise ConfigurationError(f"expected trades in {path}, found none")
    named = _SYMBOL_IN_NAME.search(path.name.lower())
    return TapeFile(
        path=path,
        kind=TapeKind.TICKS,
        symbol=Symbol(named.group(1) if named else symbol),
        start=first.i,
        begins_at=from_millis(first.t),
        sha256=digest,
    )


def _frames_file(path: Path, symbol: str, digest: str, lines: Iterable[bytes]) -> TapeFile:
    start: int | None = None
    for line in lines:
        received, _, frame = line.partition(b" ")
        if not _FRAME.match(line):
            continue
        start = int(received) if start is None else start
        named = _SYMBOL_IN_FRAME.search(frame)
        found = Symbol((named.group(1).decode() if named else symbol).lower())
        decoded = FrameDecoder(found).decode(frame)
        if not isinstance(decoded, Ignored | Refusal):
            return TapeFile(
                path=path,
                kind=TapeKind.FRAMES,
                symbol=found,
                start=start,
                begins_at=from_millis(decoded.t),
                sha256=digest,
            )
    raise ConfigurationError(
        f"expected ticks in the first {HEAD_LINES_MAX} frames of {path}, found none"
    )


def _require_one(what: str, files: Sequence[TapeFile], of: Callable[[TapeFile], str]) -> None:
    for file in files:
        if of(file) != of(files[0]):
            raise ConfigurationError(
                f"expected one {what} in a tape, found {of(files[0])} in {files[0].path.name} "
                f"and {of(file)} in {file.path.name}"
            )


def _source(files: Sequence[TapeFile]) -> Source:
    first = files[0]
    venue = VENUES[first.kind]
    content = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    try:
        market = market_of(first.symbol).market
    except UnknownMarket as unknown:
        raise ConfigurationError(f"{unknown} in the tape {first.path.name}") from None
    return Source(
        venue=venue,
        symbol=first.symbol,
        market=market,
        kind=FeedKind.TAPE,
        identity=f"tape:{venue}:{first.symbol}:{content}",
        is_replayable=True,
        description=_describe(files),
        begins_at=_begins_at(files),
    )


def _begins_at(files: Sequence[TapeFile]) -> datetime:
    return min(file.begins_at for file in files)


def _describe(files: Sequence[TapeFile]) -> str:
    names = [file.path.name for file in files]
    listed = ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"
    count = "" if len(names) == 1 else f" ({len(names)} files)"
    described = f"recording of {files[0].symbol}: {listed}{count}"
    begins_at = _begins_at(files)
    if begins_with_session(to_millis(begins_at)):
        return described
    return (
        f"{described}; begins at {begins_at:%H:%M} UTC, within a session: no entries before "
        "the next 00:00 UTC"
    )
