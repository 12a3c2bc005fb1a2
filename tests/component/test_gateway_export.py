"""The export: what it holds, what checks it, and who took it."""

import json
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from contracts import control, queries
from contracts.access import ActivityExported, ExportFilter
from gateway.activity import export
from gateway.activity.check import BadExport, check
from gateway.activity.export import Format
from gateway.activity.sheet import Chain
from gateway.activity.wanted import Wanted
from gateway.problems import Problem
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_signin import OWNER, SignInStage, signed_in


async def exported(desk: Desk, query: str = "") -> tuple[list[dict[str, Any]], Mapping[str, str]]:
    answer = await desk.http.get(f"/api/activity/export?{query}")
    assert answer.status_code == 200, answer.text
    lines = answer.content.splitlines(keepends=True)
    return [json.loads(line) for line in lines[:-1]], check(lines)


async def test_an_export_holds_what_the_pages_show_oldest_first_and_checks() -> None:
    async with running_desk() as desk:
        await desk.story.holds(0)
        await desk.caught_up()
        shown = (await desk.http.get("/api/activity?limit=500")).json()["items"]
        items, said = await exported(desk)
        assert items == shown[::-1]
        assert (said["count"], said["from"], said["to"]) == (
            str(len(shown)),
            "1",
            str(len(shown)),
        )
        only, said = await exported(desk, "severity=good&from=3")
        assert only == [one for one in items if one["level"] == "good" and int(one["pos"]) >= 3]
        nothing, said = await exported(desk, "from=900&to=999")
        assert (nothing, said["count"]) == ([], "0")


async def test_an_export_as_csv_has_a_head_and_its_name_says_what_it_holds() -> None:
    async with running_desk() as desk:
        await desk.story.passes(0)
        await desk.caught_up()
        answer = await desk.http.get("/api/activity/export?format=csv&from=2&to=3")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == (
            'attachment; filename="activity-local-2-3.csv"'
        )
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.content.splitlines(keepends=True)
        assert lines[0].startswith(b"pos,ts,recordedAt,type,")
        assert [line.split(b",")[0] for line in lines[1:]] == [b"2", b"3", b"#end"]
        assert check(lines)["count"] == "2"


async def test_the_edges_of_an_export_may_be_times() -> None:
    async with running_desk() as desk:
        for number in range(5):
            await desk.story.passes(number)
        await desk.caught_up()
        times = [one.recorded_at for one in desk.log.recorded]
        for begin, end in ((2, 5), (0, 1), (3, 3)):
            query = {"from": times[begin].isoformat(), "to": times[end].isoformat()}
            answer = await desk.http.get("/api/activity/export", params=query)
            kept = [json.loads(line) for line in answer.content.splitlines()[:-1]]
            expected = [
                one.position
                for one in desk.log.recorded
                if times[begin] <= one.recorded_at < times[end]
            ]
            assert [int(one["pos"]) for one in kept] == expected
        later = (times[-1] + timedelta(days=1)).isoformat()
        answer = await desk.http.get("/api/activity/export", params={"from": later})
        assert check(answer.content.splitlines(keepends=True))["count"] == "0"


@pytest.mark.parametrize(
    "query", ["from=-1", "from=x", "to=2026-03-02T12:00:00", "to=" + "9" * 19, "format=xml"]
)
async def test_an_edge_or_a_form_that_is_none_is_refused(query: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.get(f"/api/activity/export?{query}")
        assert answer.status_code == 422, answer.text
        name = query.partition("=")[0]
        assert [one["pointer"] for one in answer.json()["errors"]] == [name]


async def test_an_export_that_is_capped_says_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "EVENTS_MAX", 3)
    async with running_desk() as desk:
        await desk.story.holds(0)
        await desk.caught_up()
        kept: list[int] = []
        following: str | None = "1"
        while following is not None:
            items, said = await exported(desk, f"from={following}")
            kept += [int(one["pos"]) for one in items]
            following = said.get("next")
            (*_, event) = taken(desk)
            assert (str(event.last), event.chain_sha256) == (said["to"], said["chain"])
            assert event.last == (kept[-1] if following else int(said["to"]))
        # Each file's own event comes after what it holds.
        assert kept == list(range(1, desk.live.state.position))


def taken(desk: Desk) -> list[ActivityExported]:
    found = (one.event for one in desk.log.recorded)
    return [event for event in found if isinstance(event, ActivityExported)]


async def test_who_takes_which_events_away_is_in_the_log_with_the_files_hash() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        await desk.story.holds(0)
        await desk.caught_up()
        query = "severity=good,bad&type=order_submitted&market=sol-perp&q=%E2%80%AEx&from=2&to=9"
        items, said = await exported(desk, query)
        (event,) = taken(desk)
        assert (event.by, event.form, event.first, event.last) == (OWNER.address, "jsonl", 2, 9)
        assert event.wanted == ExportFilter(
            types=("order_submitted",), severities=("bad", "good"), market="sol-perp", text="x"
        )
        assert (str(event.count), event.chain_sha256) == (said["count"], said["chain"])
        assert event.count == len(items)
        assert event.is_complete


async def test_a_file_gets_no_last_line_before_the_log_has_it() -> None:
    async with running_desk(log_wait_s=0.05) as desk:
        opened = await desk.exports.open(
            Format.JSONL, begin="1", end=None, wanted=Wanted(), by="local"
        )
        lines = await anext(opened.chunks)
        assert len(lines.splitlines()) == 3
        desk.log.pause()
        with pytest.raises(Problem, match="log_unavailable"):
            await anext(opened.chunks)
        desk.log.resume()


async def test_a_file_that_breaks_off_is_in_the_log_as_far_as_it_was_sent() -> None:
    async with running_desk() as desk:
        opened = await desk.exports.open(
            Format.CSV, begin="1", end=None, wanted=Wanted(), by="local"
        )
        lines = (await anext(opened.chunks)).splitlines(keepends=True)
        await opened.chunks.aclose()  # The client is gone.
        await until(lambda: len(taken(desk)) == 1)
        (event,) = taken(desk)
        assert (event.count, event.is_complete) == (3, False)
        chain = Chain()
        for line in lines:
            chain.add(line)
        assert event.chain_sha256 == chain.digest.hex()


async def test_an_export_notes_the_head_of_the_archive_when_audit_says_it() -> None:
    async with running_desk() as desk:
        _, silent = await exported(desk)
        assert "auditHead" not in silent
        head = queries.HeadAnswer(position=3, hash="ab" * 32, recorded_at=None)
        desk.ask.answers[queries.HEAD] = head.model_dump_json().encode()
        _, said = await exported(desk)
        assert said["auditHead"] == str({"position": "3", "hash": "ab" * 32})


@pytest.mark.parametrize("form", Format)
async def test_no_word_of_the_last_line_can_be_changed(
    monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    """That there is more, or that much was left out, is as much a part of the file as its lines."""
    monkeypatch.setattr(export, "EVENTS_MAX", 1)
    async with running_desk() as desk:
        await desk.story.holds(0)
        await desk.caught_up()
        answer = await desk.http.get(f"/api/activity/export?format={form}&severity=good,info")
        *lines, end = answer.content.splitlines(keepends=True)
        said = check([*lines, end])
        assert said["filter"] == '{"severities":["good","info"]}'
        following = said["next"].encode()
        forgeries = [
            end.replace(b"next=" + following, b"next=").replace(b'"' + following + b'"', b"null"),
            end.replace(b"good", b"warn"),
            end.replace(b"to=", b"to=9").replace(b'"to":"', b'"to":"9'),
            end.replace(b"from=", b"from=9").replace(b'"from":"', b'"from":"9'),
            end.replace(b"auditHash=", b"auditHash=1").replace(
                b'"auditHead":null', b'"auditHead":1'
            ),
        ]
        for forged in forgeries:
            assert forged != end
            with pytest.raises(BadExport):
                check([*lines, forged])


async def content_of(opened: export.Export) -> bytes:
    return b"".join([chunk async for chunk in opened.chunks])


async def test_an_export_that_breaks_off_has_no_end_and_leaves_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_desk() as desk:
        whole = desk.log.read_raw

        async def breaking(**edges: Any) -> AsyncGenerator[Any]:
            async for message in whole(**edges):
                if message.position == 3:
                    raise OSError("expected a log, found none")
                yield message

        monkeypatch.setattr(desk.log, "read_raw", breaking)
        for _ in range(export.AT_ONCE_MAX + 1):
            opened = await desk.exports.open(
                Format.JSONL, begin="1", end=None, wanted=Wanted(), by="local"
            )
            with pytest.raises(OSError, match="expected a log"):
                await content_of(opened)


async def test_only_so_many_exports_run_at_a_time() -> None:
    async with running_desk() as desk:
        opened = [
            await desk.exports.open(Format.CSV, begin=None, end=None, wanted=Wanted(), by="local")
            for _ in range(export.AT_ONCE_MAX)
        ]
        refused = await desk.http.get("/api/activity/export")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"]
        content = await content_of(opened[0])
        assert check(content.splitlines(keepends=True))["count"] == "3"
        assert (await desk.http.get("/api/activity/export")).status_code == 200


async def test_an_export_shows_nothing_of_another_account() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        for account in ("neighbor", "local", None):
            await desk.story.write(
                control.KillSwitchEngaged(
                    account=account, level=control.KillLevel.FLATTEN, reason="x", by=str(account)
                )
            )
        await desk.caught_up()
        by = [one["data"]["by"] for one in (await exported(desk, "type=kill_switch"))[0]]
        assert by == ["local", "None"]
        assert (await exported(desk, "q=neighbor"))[0] == []
