"""The page and its two files, read once from the package: no path of a request reaches a disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from litestar import Response, get
from litestar.params import FromPath

from gateway.problems import Code, Problem


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str


@cache
def _files() -> Mapping[str, _File]:
    folder = files("gateway") / "page"
    types = {
        "index.html": "text/html",
        "app.js": "text/javascript",
        "style.css": "text/css",
    }
    return {name: _File((folder / name).read_bytes(), kind) for name, kind in types.items()}


@get("/", include_in_schema=False)
async def read_page() -> Response[bytes]:
    """Give the page."""
    return _answer("index.html")


@get("/assets/{name:str}", include_in_schema=False)
async def read_asset(name: FromPath[str]) -> Response[bytes]:
    """Give a file of the page."""
    return _answer(name)


def _answer(name: str) -> Response[bytes]:
    file = _files().get(name)
    if file is None:
        raise Problem(Code.NOT_FOUND, f"expected a file of the page, found {name!r:.80}")
    return Response(file.body, media_type=file.media_type)
