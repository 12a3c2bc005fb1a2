"""What people are told although no event says it: what comes nearer, runs out, or stays silent.

Pure. What was told is remembered, so that it is told once; a reading that is not known tells
nothing and forgets nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from contracts.values import plain
from gateway.notify.config import Config
from gateway.notify.kinds import CATALOGUE, Kind, Severity
from gateway.notify.rules import Memory, Notice

_PCT = Decimal(100)
_AWAY_AGAIN = Decimal("1.25")
"""So many times the limit away, what was told of is over."""
_TENTH = Decimal("0.1")


class Key(msgspec.Struct, frozen=True):
    """Our key that may sign for the account."""

    address: str
    expires_at: datetime


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk shows now."""

    moment: datetime
    """On the desk's clock, as the key's end is."""
    price_usd: Decimal | None = None
    """None while none was heard lately."""
    key: Key | None = None
    rpc_trouble: str | None = ""
    """What is wrong with the chain's nodes; empty: nothing; None: nobody says."""


def watch(
    memory: Memory, readings: Readings, config: Config, *, position: int, now: datetime
) -> tuple[Memory, Sequence[Notice]]:
    """Look at what has no event of its own."""
    notices: list[Notice] = []

    def tell(kind: Kind, body: str, severity: Severity | None = None) -> None:
        about = CATALOGUE[kind]
        notices.append(
            Notice(
                kind=kind,
                severity=severity or about.severity,
                position=position,
                at=now,
                title=about.title,
                body=body,
            )
        )

    memory, body = _near(memory, readings.price_usd, Decimal(config.liquidation_pct))
    if body:
        tell(Kind.LIQUIDATION_NEAR, body)
    memory, body = _expiring(memory, readings, config.delegate_expiry_min)
    if body:
        tell(Kind.DELEGATE_EXPIRING, body)
    memory, body, severity = _silent(memory, readings.rpc_trouble, config.rpc_silent_s, now)
    if body:
        tell(Kind.RPC_DEGRADED, body, severity)
    return memory, notices


def _near(memory: Memory, price_usd: Decimal | None, limit_pct: Decimal) -> tuple[Memory, str]:
    """Tell once within the limit, and again within half of it."""
    change, risk = msgspec.structs.replace, memory.liquidation
    if risk is None or price_usd is None:
        return memory, ""
    gap_usd = price_usd - risk.price_usd if risk.is_long else risk.price_usd - price_usd
    away_pct = gap_usd / price_usd * _PCT
    if away_pct >= limit_pct * _AWAY_AGAIN:
        return (change(memory, near_told=0) if memory.near_told else memory), ""
    level = 2 if away_pct < limit_pct / 2 else 1 if away_pct < limit_pct else 0
    if level <= memory.near_told:
        return memory, ""
    side = "long" if risk.is_long else "short"
    body = (
        f"The {side} position would be liquidated at {plain(risk.price_usd)}; the price "
        f"{plain(price_usd)} is {plain(max(away_pct, Decimal(0)).quantize(_TENTH))} % away, "
        f"told below {plain(limit_pct)} %."
    )
    return change(memory, near_told=level), body


def _expiring(memory: Memory, readings: Readings, told_min: Sequence[int]) -> tuple[Memory, str]:
    """Tell at each of the times before the end of a key, the nearest that is due alone."""
    key = readings.key
    if key is None:
        return memory, ""
    left = key.expires_at - readings.moment
    due = [it for it in told_min if left <= timedelta(minutes=it)]
    told = memory.expiry_told if memory.expiry_key == key.address else None
    if not due or left <= timedelta() or (told is not None and told <= min(due)):
        return memory, ""
    body = (
        f"Key {key.address} may sign for {_minutes(left)} more, until "
        f"{key.expires_at:%d %b %H:%M} UTC. Then nothing is sent: delegate again before."
    )
    told_now = msgspec.structs.replace(memory, expiry_key=key.address, expiry_told=min(due))
    return told_now, body


def _silent(
    memory: Memory, trouble: str | None, silent_s: int, now: datetime
) -> tuple[Memory, str, Severity | None]:
    """Tell of a trouble that lasts, and of its end."""
    change = msgspec.structs.replace
    if trouble is None:
        return memory, "", None
    if not trouble:
        if memory.rpc_since is None:
            return memory, "", None
        body = "The chain's nodes answer again." if memory.is_rpc_told else ""
        return change(memory, rpc_since=None, is_rpc_told=False), body, Severity.INFO
    since = memory.rpc_since or now
    lasts = now - since
    is_due = not memory.is_rpc_told and lasts >= timedelta(seconds=silent_s)
    memory = change(memory, rpc_since=since, is_rpc_told=memory.is_rpc_told or is_due)
    body = f"{trouble}, for {lasts // timedelta(seconds=1)} s." if is_due else ""
    return memory, body, None


def _minutes(left: timedelta) -> str:
    hours, minutes = divmod(max(1, left // timedelta(minutes=1)), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
