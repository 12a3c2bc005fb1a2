"""The page and its files. The page's name of each file holds its digest, so it never changes."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from gateway.page_files import INDEX, PATHS, File
from gateway.problems import Code, Problem
from gateway.routes.shared import PageFilesPart

_FOREVER = "public, max-age=31536000, immutable"


@get(list(PATHS), include_in_schema=False)
async def read_page(page_files: PageFilesPart, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the page."""
    file = page_files.get(INDEX)
    if file is None:
        raise Problem(
            Code.NOT_FOUND, "expected a page that was built, found none: run `./justw page`"
        )
    return _answer(file, request, cache="no-cache")


@get("/assets/{name:str}", include_in_schema=False)
async def read_asset(
    name: FromPath[str], page_files: PageFilesPart, request: Request[Any, Any, Any]
) -> Response[bytes]:
    """Give a file of the page."""
    file = page_files.get(name)
    if file is None or name == INDEX:
        raise Problem(Code.NOT_FOUND, f"expected a file of the page, found {name!r:.80}")
    return _answer(file, request, cache=_FOREVER)


def _answer(file: File, request: Request[Any, Any, Any], *, cache: str) -> Response[bytes]:
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    if file.squeezed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.squeezed, media_type=file.media_type, headers=headers)
    return Response(file.body, media_type=file.media_type, headers=headers)
