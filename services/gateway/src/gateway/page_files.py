"""The page as the bundler left it, read once: no path of a request ever reaches a disk."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

PATHS = ("/", "/settings", "/about")
"""Where the page can be opened; it finds its own way from there."""
INDEX = "index.html"
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".html": "text/html",
        ".js": "text/javascript",
        ".css": "text/css",
        ".woff2": "font/woff2",
    }
)
_SQUEEZED = frozenset({".html", ".js", ".css"})


@dataclass(frozen=True, slots=True)
class File:
    """One file, and the same squeezed where that helps."""

    body: bytes
    media_type: str
    squeezed: bytes | None


PageFiles = Mapping[str, File]
"""By name; empty where no page was built."""


def read_page_files(folder: Path) -> PageFiles:
    """Read the files of a built page; give none where there is no page."""
    if not (folder / INDEX).exists():
        return {}
    paths = [folder / INDEX, *sorted((folder / "assets").iterdir())]
    return {path.name: _file(path) for path in paths if path.suffix in _TYPES}


def _file(path: Path) -> File:
    body = path.read_bytes()
    squeezed = gzip.compress(body, mtime=0) if path.suffix in _SQUEEZED else None
    return File(body, _TYPES[path.suffix], squeezed)
