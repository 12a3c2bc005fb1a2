"""Takes a message apart on its own: no line of `execution.signing` is in it."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from execution.signing.facts import Facts
from kit.drift_bytes import discriminator

ORDER = (
    "kind:B market_type:B side:B number:B size:Q price:Q market:H reduce:? post:B flags:B"
    " max_ts:?q trigger:?Q condition:B offset:?i auction:?B auction_start:?q auction_end:?q"
)
CHANGE = (
    "side:?B size:?Q price:?Q reduce:?? post:?B flags:?B max_ts:?q trigger:?Q condition:?B"
    " offset:?i auction:?B auction_start:?q auction_end:?q policy:?B"
)


Fields = dict[str, Any]
"""Numbers by field: what a struct format gives."""


class Broken(Exception):
    """Bytes that no strict reader reads."""


class Cursor:
    """Takes bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, size: int) -> bytes:
        if size > len(self.left):
            raise Broken(f"{size} bytes wanted, {len(self.left)} left")
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def one(self, form: str) -> Any:
        size = struct.calcsize("<" + form)
        (value,) = struct.unpack("<" + form, self.take(size))
        return value

    def short(self) -> int:
        """Take a compact-u16 in its shortest form."""
        value = self.take(1)[0]
        if value > 0x7F:
            second = self.take(1)[0]
            if not 0 < second < 0x80:
                raise Broken("a count in too many bytes")
            value = value & 0x7F | second << 7
        return value

    def fields(self, forms: str) -> Fields:
        found: Fields = {}
        for name, form in (it.split(":") for it in forms.split()):
            if len(form) == 2:
                found[name] = self.one(form[1]) if self._there() else None
            elif form == "?":
                found[name] = self._there()
            else:
                found[name] = self.one(form)
        return found

    def _there(self) -> bool:
        tag = self.take(1)[0]
        if tag > 1:
            raise Broken(f"tag {tag}")
        return bool(tag)


@dataclass
class Parsed:
    keys: list[str]
    writable: set[str]
    blockhash: bytes
    calls: list[tuple[str, list[str], bytes]]
    wrong: list[str]


def parsed(data: bytes, facts: Facts) -> Parsed:
    """Take a message apart; raise Broken when it cannot be."""
    cursor = Cursor(data)
    is_v0 = data[:1] == b"\x80"
    cursor.take(is_v0)
    signers, readonly_signed, readonly = cursor.take(3)
    static = [str(Pubkey(cursor.take(32))) for _ in range(cursor.short())]
    blockhash = cursor.take(32)
    shapes: list[tuple[int, bytes, bytes]] = []
    for _ in range(cursor.short()):
        program = cursor.take(1)[0]
        places = cursor.take(cursor.short())
        shapes.append((program, places, cursor.take(cursor.short())))
    loaded = _loaded(cursor, facts, count=cursor.short() if is_v0 else 0)
    keys = static + loaded[True] + loaded[False]
    writable = {*static[: len(static) - readonly], *loaded[True]}
    if any(max(it[0], *it[1], 0) >= len(keys) or it[0] >= len(static) for it in shapes):
        raise Broken("an index past the keys")
    touched = {0}.union(*({program, *places} for program, places, _ in shapes))
    holds = {
        "signers": (signers, readonly_signed) == (1, 0) and readonly < len(static),
        "bytes after the message": not cursor.left,
        "a key twice": len(set(keys)) == len(keys),
        "a key that nothing uses": touched == set(range(len(keys))),
        "a writable program": not {keys[it[0]] for it in shapes} & writable,
    }
    calls = [(keys[it[0]], [keys[at] for at in it[1]], it[2]) for it in shapes]
    wrong = [what for what, fine in holds.items() if not fine]
    return Parsed(keys, writable, blockhash, calls, wrong)


def _loaded(cursor: Cursor, facts: Facts, *, count: int) -> dict[bool, list[str]]:
    """Take the keys out of tables: the writable ones, and the others."""
    loaded: dict[bool, list[str]] = {True: [], False: []}
    for _ in range(count):
        table = facts.account.tables.get(Pubkey(cursor.take(32)), ())
        for writes in (True, False):
            places = cursor.take(cursor.short())
            if any(at >= len(table) for at in places):
                raise Broken("an index past its table")
            loaded[writes] += [str(table[at]) for at in places]
            if not places and not writes and not loaded[True]:
                raise Broken("a table that gives nothing")
    return loaded


Doing = tuple[str, list[Fields]]
"""What a call does, and its orders, changes or ids."""


def doing_of(call: tuple[str, list[str], bytes]) -> Doing:
    cursor = Cursor(call[2])
    named = {discriminator(name): name for name in _READ}
    name = named.get(cursor.take(8))
    if name is None:
        raise Broken("an instruction of no list")
    found = _READ[name](cursor)
    if cursor.left:
        raise Broken("bytes after the arguments")
    return name, found


def _one(forms: str) -> Callable[[Cursor], list[Fields]]:
    return lambda cursor: [cursor.fields(forms)]


def _several(forms: str) -> Callable[[Cursor], list[Fields]]:
    def read(cursor: Cursor) -> list[Fields]:
        count = cursor.one("I")
        if not 0 < count <= 32:
            raise Broken(f"{count} values")
        return [cursor.fields(forms) for _ in range(count)]

    return read


_READ = {
    "place_perp_order": _one(ORDER),
    "place_orders": _several(ORDER),
    "place_and_take_perp_order": _one(f"{ORDER} success:?I"),
    "modify_order": _one(f"id:?I {CHANGE}"),
    "cancel_order": _one("id:?I"),
    "cancel_orders_by_ids": _several("id:I"),
    "cancel_order_by_user_id": _one("number:B"),
    "cancel_orders": _one("market_type:?B market:?H side:?B"),
    "trigger_order": _one("id:I"),
}
