"""What happened: pages of events with filters, and the export."""

from collections.abc import Mapping
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, QueryParameter, SkipValidation
from litestar.response import Stream

from gateway.activity import wanted as filters
from gateway.activity.export import MEDIA_TYPES, Format
from gateway.activity.pages import PAGE_MAX
from gateway.activity.wanted import Wanted, read_wanted
from gateway.problems import Code, FieldError, Problem
from gateway.routes.shared import AdmissionPart, ExportsPart, PagesPart, problems
from gateway.views import ActivityPage

PAGE = 100
After = Annotated[
    int | None, QueryParameter(ge=0, le=2**63 - 1, description="Oldest first from here")
]
Before = Annotated[
    int | None, QueryParameter(ge=1, le=2**63 - 1, description="Newest first from here")
]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
Begin = Annotated[
    str | None,
    QueryParameter(name="from", description="A position or a time (RFC 3339), inclusive"),
]
End = Annotated[
    str | None,
    QueryParameter(name="to", description="A position, inclusive, or a time, exclusive"),
]


async def _wanted(
    type: Annotated[  # noqa: A002 - a refusal names the argument, which must be the parameter's name
        str | None,
        QueryParameter(
            pattern=filters.NAMES,
            description="Names of the API or of the log, comma-separated: any of them",
        ),
    ] = None,
    severity: Annotated[
        str | None,
        QueryParameter(pattern=filters.LEVELS, description="Levels, comma-separated: any of them"),
    ] = None,
    market: Annotated[str | None, QueryParameter(pattern=filters.MARKET)] = None,
    order: Annotated[
        str | None,
        QueryParameter(
            pattern=filters.ORDER, description="An order's id, or that of its setup or proposal"
        ),
    ] = None,
    q: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=filters.TEXT_MAX,
            description="Text in any case, anywhere in it",
        ),
    ] = None,
) -> Wanted:
    return read_wanted(
        types=type or "",
        levels=severity or "",
        market=market or "",
        order=order or "",
        text=q or "",
    )


WANTED: Mapping[str, Provide] = {"wanted": Provide(_wanted)}
WantedPart = SkipValidation[NamedDependency[Wanted]]


@get("/api/activity", responses=problems(422, 503), dependencies=WANTED)
async def read_activity(
    pages: PagesPart,
    wanted: WantedPart,
    after: After = None,
    before: Before = None,
    limit: Limit = PAGE,
) -> ActivityPage:
    """Give a page of events: the newest, those before a position, or those after one.

    Without filters a page looks at `limit` positions, with filters at many more; what concerns
    another account is never in it. So a page may hold fewer than `limit` events, or none: there
    are more for as long as `next` is not null. All filters must hold. Newer events come from the
    gateway's own memory, older ones from audit.
    """
    if after is not None and before is not None:
        raise Problem(
            Code.INVALID_REQUEST,
            "expected after or before, found both",
            errors=[FieldError("after", "expected alone, found with before")],
        )
    if after is not None:
        return await pages.newer(after, limit=limit, wanted=wanted)
    return await pages.older(before, limit=limit, wanted=wanted)


@get(
    "/api/activity/export",
    responses={
        200: ResponseSpec(
            bytes,
            description="The file",
            media_type=MEDIA_TYPES[Format.JSONL],
            generate_examples=False,
        ),
        **problems(422),
    },
    dependencies=WANTED,
)
async def export_activity(
    exports: ExportsPart,
    wanted: WantedPart,
    admission: AdmissionPart,
    *,
    format: FromQuery[Format] = Format.JSONL,  # noqa: A002 - as above
    begin: Begin = None,
    end: End = None,
) -> Stream:
    """Give events as a file, the oldest first, by position or by the time that the log took them.

    The last line holds the number of events, the filter, and a hash over all lines, itself
    included, so that anybody can check the file with `python -m gateway.activity FILE`; a file
    without it broke off.
    Its `next`, if there is one, is where to go on: a file holds at most 100,000 events. Who took
    which file, with that hash, is an event of the log: `activity_exported`.
    """
    export = await exports.open(format, begin=begin, end=end, wanted=wanted, by=admission.actor.by)
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"'}
    return Stream(export.chunks, media_type=export.media_type, headers=headers)
