"""What a desk's notifications need: their bucket, a key, a sender that keeps what it was given."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contracts.ids import AccountId
from gateway.live import Live
from gateway.notify.manage import Notifications
from gateway.notify.sealing import Sealer
from gateway.notify.store import Store
from gateway.notify.watching import Readings
from gateway.notify.worker import Pace, Worker
from kit.chassis_memory_keyvalue import InMemoryKeyValue
from kit.memory import InMemoryLog

KEY = bytes(range(32))
BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz0123456/987654321"
JSON = "jsons://hooks.example.com/secret-path-4711"
PING = "https://ping.example.com/secret-uuid-0815"
QUICK = Pace(tick_s=0.005, save_s=0.05, lease_s=0.2, look_s=0.01, again_s=0.01)


@dataclass
class FakeSender:
    """Keeps what it sends, by target; `fails` says with what code a target fails."""

    got: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Target, title and body."""
    pings: list[str] = field(default_factory=list[str])
    fails: dict[str, str] = field(default_factory=dict[str, str])

    async def deliver(self, target: str, *, title: str, body: str) -> str:
        """Do as Sender.deliver."""
        await asyncio.sleep(0)
        if error := self.fails.get(target, ""):
            return error
        self.got.append((target, title, body))
        return ""

    async def ping(self, target: str) -> str:
        """Do as Sender.ping."""
        await asyncio.sleep(0)
        self.pings.append(target)
        return self.fails.get(target, "")

    def titles(self, target: str) -> list[str]:
        """Give the titles that a target got, without the label."""
        return [title.partition("] ")[2] for to, title, _ in self.got if to == target]


@dataclass
class NotifyStage:
    """The bucket and the sender; several gateways may share one stage."""

    bucket: InMemoryKeyValue = field(default_factory=InMemoryKeyValue)
    sender: FakeSender = field(default_factory=FakeSender)
    sealer: Sealer | None = field(default_factory=lambda: Sealer(KEY, account="local"))
    now: datetime = BEGIN
    is_healthy: bool = True
    readings: Readings = field(default_factory=lambda: Readings(moment=BEGIN))

    def passes(self, **time: float) -> None:
        """Let time pass, as `timedelta` takes it."""
        self.now += timedelta(**time)

    def notifications(self, log: InMemoryLog, live: Live) -> Notifications:
        """Give the use cases of a gateway."""
        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
        return Notifications(
            account=live.account_id,
            store=self.store(live.account_id),
            log=log,
            sender=self.sender,
            sealer=self.sealer,
            clock=clock,
            moment=clock,
            label=lambda: "paper",
        )

    def worker(
        self, log: InMemoryLog, *, instance: str = "gateway-0", pace: Pace = QUICK
    ) -> Worker:
        """Give the worker of a gateway."""
        account = AccountId("local")
        return Worker(
            account=account,
            instance=instance,
            store=self.store(account),
            log=log,
            sender=self.sender,
            sealer=self.sealer,
            label=lambda: "paper",
            is_healthy=lambda: self.is_healthy,
            readings=lambda: msgspec.structs.replace(self.readings, moment=self.now),
            clock=lambda: self.now,
            pace=pace,
        )

    def store(self, account: AccountId) -> Store:
        """Give the store."""
        return Store(self.bucket, account=account)


def channel(id: str = "phone", target: str | None = TELEGRAM, **more: Any) -> dict[str, Any]:  # noqa: A002
    """Give a channel as a page asks for it."""
    return {"id": id, "name": f"My {id}", "target": target, **more}


def wish(*channels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give settings as a page asks for them; the matrix names every channel unless it is given."""
    ids = [one["id"] for one in channels]
    kinds = ("order_filled", "stop_hit", "target_hit", "veto_streak", "feed_stalled")
    return {"channels": list(channels), "matrix": dict.fromkeys(kinds, ids), **more}
