"""The settings of notifications over the API: whole, with a revision, and without a secret."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from chassis.settings import ConfigurationError
from contracts.control import NotificationsChanged
from contracts.ids import AccountId
from gateway.notify.sealing import Sealer, Unsealable, read_key
from kit.gateway_app import Desk, running_desk
from kit.gateway_notify import JSON, KEY, PING, TELEGRAM, NotifyStage, channel, wish
from kit.gateway_signin import SignInStage, signed_in

PATH = "/api/notifications"
SECRETS = (TELEGRAM.split("/")[2], "987654321", "secret-path", "secret-uuid", "hooks.example")


async def put(desk: Desk, body: dict[str, Any], revision: int | None) -> httpx.Response:
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    return await desk.http.put(PATH, json=body, headers=headers)


async def changes(desk: Desk) -> list[NotificationsChanged]:
    found = [one.event async for one in desk.log.read()]
    return [event for event in found if isinstance(event, NotificationsChanged)]


async def test_settings_are_replaced_whole_and_recorded_without_a_target() -> None:
    async with running_desk() as desk:
        first = await desk.http.get(PATH)
        assert (first.status_code, first.headers["etag"]) == (200, '"0"')
        assert first.json()["channels"] == []
        body = wish(
            channel(),
            channel("hook", JSON, floor="warning", hourlyCap=5),
            quietHours={"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"},
            vetoStreak=3,
            dailySummaryAt="07:00",
            liquidationPct=15,
            delegateExpiryMin=[15, 60, 15],
            rpcSilentS=120,
            heartbeat={"target": PING, "everyS": 60},
        )
        answer = await put(desk, body, 0)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == '"1"'
        view = answer.json()
        assert [(it["id"], it["target"]) for it in view["channels"]] == [
            ("phone", "tgram://••••"),
            ("hook", "jsons://••••"),
        ]
        assert view["heartbeat"] == {"target": "https://••••", "everyS": 60, "lastPing": None}
        assert (view["liquidationPct"], view["rpcSilentS"]) == (15, 120)
        assert view["delegateExpiryMin"] == [60, 15]
        assert view["matrix"]["stop_hit"] == ["phone", "hook"]
        assert view["matrix"]["settings_changed"] == []
        assert "stop_engaged" not in view["matrix"]
        (event,) = await changes(desk)
        assert event.number == 1
        assert event.retargeted == ("hook", "phone")
        assert event.has_other_heartbeat

        # What a page read it may send back; null keeps what is stored.
        again = wish(channel(target=None, floor="critical"), channel("hook", None), vetoStreak=3)
        answer = await put(desk, again, 1)
        assert answer.json()["channels"][0]["floor"] == "critical"
        assert answer.json()["heartbeat"] is None
        (_, event) = await changes(desk)
        assert event.retargeted == ()
        assert event.has_other_heartbeat

        # Equal settings change nothing.
        answer = await put(desk, again, 2)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        assert len(await changes(desk)) == 2


async def test_a_change_of_what_was_not_read_is_refused() -> None:
    async with running_desk() as desk:
        missing = await put(desk, wish(), None)
        assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
        assert (await put(desk, wish(channel()), 0)).status_code == 200
        late = await put(desk, wish(), 0)
        assert (late.status_code, late.json()["code"]) == (412, "settings_changed")
        assert late.headers["etag"] == '"1"'
        odd = await desk.http.put(PATH, json=wish(), headers={"If-Match": "*"})
        assert odd.status_code == 412


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (wish(channel(target="json://10.0.0.1/x")), "/channels/0/target"),
        (wish(channel(target=None)), "/channels/0/target"),
        (wish(channel(), heartbeat={"target": None, "everyS": 60}), "/heartbeat/target"),
        (wish(heartbeat={"target": "https://10.0.0.1/", "everyS": 60}), "/heartbeat/target"),
        (wish(heartbeat={"target": PING, "everyS": 1}), "/heartbeat/everyS"),
        (wish(channel("Phone")), "/channels/0/id"),
        (wish(channel(), channel()), ""),
        ({"channels": [], "matrix": {"stop_engaged": []}}, "/matrix"),
        ({"channels": [], "matrix": {"stop_hit": ["phone"]}}, ""),
        ({"channels": [], "matrix": {"weather": []}}, "/matrix"),
        (wish(quietHours={"from": "24:00", "to": "07:00", "zone": "UTC"}), "/quietHours/from"),
        (wish(quietHours={"from": "22:00", "to": "07:00", "zone": "../x"}), "/quietHours/zone"),
        (wish(vetoStreak=1), "/vetoStreak"),
        (wish(liquidationPct=0), "/liquidationPct"),
        (wish(liquidationPct=51), "/liquidationPct"),
        (wish(delegateExpiryMin=[0]), "/delegateExpiryMin/0"),
        (wish(delegateExpiryMin=[5, 4, 3, 2, 1]), "/delegateExpiryMin"),
        (wish(rpcSilentS=9), "/rpcSilentS"),
        (wish(channel(), matrix={"liquidation_near": ["phone"]}), "/matrix"),
        (wish(*(channel(f"c{at}") for at in range(9))), "/channels"),
        (wish(extra=1), "/extra"),
    ],
)
async def test_what_cannot_work_is_refused_where_it_stands(
    body: dict[str, Any], pointer: str
) -> None:
    async with running_desk() as desk:
        with capture_logs() as said:
            answer = await put(desk, body, 0)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
        assert await changes(desk) == []
        for secret in (*SECRETS, "10.0.0.1"):
            assert secret not in answer.text + json.dumps(said, default=str)


async def test_no_secret_stands_anywhere_but_sealed() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        with capture_logs() as said:
            answer = await put(
                desk, wish(channel(), channel("hook", JSON), heartbeat={"target": PING}), 0
            )
            stage.sender.fails[TELEGRAM] = "http_401"
            tried = await desk.http.post(f"{PATH}/test", json={"channel": "phone"})
            assert tried.json() == {"status": "failed", "error": "http_401"}
            tried = await desk.http.post(f"{PATH}/test", json={"channel": "hook"})
            assert tried.json() == {"status": "delivered", "error": ""}
        log = b"".join([one.body async for one in desk.log.read_raw()]).decode()
        kept = b"".join(stage.bucket.values.values()).decode()
        read = (await desk.http.get(PATH)).text
        for secret in SECRETS:
            assert secret not in answer.text + read + log + kept + json.dumps(said, default=str)
        (config,) = (value for key, value in stage.bucket.values.items() if "config" in key)
        first = json.loads(config)["channels"][0]
        opened = Sealer(KEY, account="local").open(first["sealed"], place=first["place"])
        assert opened == TELEGRAM
        for wrong in (Sealer(KEY, account="other"), Sealer(bytes(32), account="local")):
            with pytest.raises(Unsealable):
                wrong.open(first["sealed"], place=first["place"])
        with pytest.raises(Unsealable):
            Sealer(KEY, account="local").open(first["sealed"], place="elsewhere")


async def test_an_old_sign_in_changes_what_is_told_but_not_where() -> None:
    signin = SignInStage()
    async with running_desk(stage=signin) as desk:
        await signed_in(desk.http)
        assert (await put(desk, wish(channel(), heartbeat={"target": PING}), 0)).status_code == 200
        signin.passes(minutes=6)
        kept = channel(target=None)
        beat = {"target": None, "everyS": 300}
        answer = await put(desk, wish(kept, vetoStreak=9, heartbeat=beat), 1)
        assert answer.status_code == 200, answer.text
        for asked in (
            wish(heartbeat=beat),
            wish(channel(), heartbeat=beat),
            wish(kept, channel("hook", JSON), heartbeat=beat),
            wish(kept),
            wish(kept, heartbeat={"target": PING}),
        ):
            answer = await put(desk, asked, 2)
            assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
        assert len(await changes(desk)) == 2
        await signed_in(desk.http)
        assert (await put(desk, wish(), 2)).status_code == 200


async def test_a_change_that_the_log_did_not_hear_is_recorded_by_the_next_one() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        # As a gateway leaves it that dies between the two writes.
        assert (await put(desk, wish(channel()), 0)).status_code == 200
        store = stage.store(AccountId("local"))
        entry = await store.config()
        before = json.loads(stage.bucket.values["config.local"])
        change = {"by": "local", "at": "2026-03-02T12:00:00Z", "retargeted": ["phone"]}
        before |= {"number": 2, "unrecorded": {**change, "has_other_heartbeat": False}}
        await stage.bucket.put("config.local", json.dumps(before).encode(), revision=entry.revision)

        assert (await put(desk, wish(), 2)).status_code == 200
        assert [event.number for event in await changes(desk)] == [1, 2, 3]
        assert b"unrecorded" not in stage.bucket.values["config.local"]


async def test_without_a_key_nothing_can_be_set_but_what_to_tell() -> None:
    stage = NotifyStage(sealer=None)
    async with running_desk(notify=stage) as desk:
        view = (await desk.http.get(PATH)).json()
        assert (view["isAvailable"], view["unavailableReason"]) == (
            False,
            "This desk has no key to keep targets with",
        )
        answer = await put(desk, wish(channel()), 0)
        assert (answer.status_code, answer.json()["code"]) == (409, "notifications_off")
        tried = await desk.http.post(f"{PATH}/test", json={"channel": "phone"})
        assert (tried.status_code, tried.json()["code"]) == (409, "notifications_off")


async def test_tests_are_for_channels_that_are_there_and_not_too_many() -> None:
    async with running_desk() as desk:
        assert (await put(desk, wish(channel()), 0)).status_code == 200
        unknown = await desk.http.post(f"{PATH}/test", json={"channel": "fax"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "channel_unknown")
        for _ in range(6):
            tried = await desk.http.post(f"{PATH}/test", json={"channel": "phone"})
            assert tried.status_code == 200
        tried = await desk.http.post(f"{PATH}/test", json={"channel": "phone"})
        assert (tried.status_code, tried.json()["code"]) == (429, "too_many_requests")
        assert desk.notify.sender.titles(TELEGRAM) == ["Test"] * 6


async def test_a_silent_store_is_a_problem_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        monkeypatch.setattr("gateway.patience.STORE_S_MAX", 0.05)
        stage.bucket.pause()
        for answer in (await desk.http.get(PATH), await put(desk, wish(), 0)):
            assert (answer.status_code, answer.json()["code"]) == (503, "notifications_unavailable")
        await stage.bucket.resume()
        monkeypatch.undo()
        assert (await desk.http.get(PATH)).status_code == 200


def test_a_key_file_is_64_digits_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.hex() + "\n")
    path.chmod(0o600)
    assert read_key(path) == KEY
    path.chmod(0o604)
    with pytest.raises(ConfigurationError, match="closed to others"):
        read_key(path)
    path.chmod(0o600)
    for text in ("", "abc", KEY.hex()[:-2], KEY.hex() + "00", "zz" * 32):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match="64 hexadecimal digits") as refused:
            read_key(path)
        assert not text or text not in str(refused.value)
    with pytest.raises(ConfigurationError, match="No such file"):
        read_key(tmp_path / "none")
