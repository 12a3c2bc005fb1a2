"""Subscriptions: what a reader at a commitment is told of what happened, and in which words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from solders.pubkey import Pubkey

from localnet.block import DEPTH_SLOTS, Commitment
from localnet.errors import error_json, invalid
from localnet.journal import AccountWritten, Entry, Landed, SlotOpened
from localnet.node import Node
from localnet.rpc.filters import filters_of, passes
from localnet.rpc.params import Config, Params, pubkey
from localnet.rpc.writing import account_json, keyed

_Tell = Callable[[Entry], tuple[object, object] | None]
"""Gives what to say of an entry, under a key; of equal keys only the newest is said."""


@dataclass(slots=True)
class Subscription:
    """One subscription of a connection, and how far it has read."""

    kind: str
    commitment: Commitment
    read_to: int
    tell: _Tell
    with_slot: bool = True
    ends_when_told: bool = False

    def news(self, node: Node) -> Iterator[object]:
        """Give what there is to say, and read on."""
        block = node.chain.block(self.commitment)
        told: dict[object, tuple[int, object]] = {}
        for entry in node.chain.journal.read(after=self.read_to, slot_max=block.slot):
            self.read_to = entry.number
            saying = self.tell(entry)
            if saying is not None:
                key, value = saying
                told.pop(key, None)
                told[key] = (entry.slot, value)
        for slot, value in told.values():
            yield {"context": {"slot": slot}, "value": value} if self.with_slot else value

    @property
    def method(self) -> str:
        """Give the name of its notifications."""
        return f"{self.kind}Notification"


def _account(node: Node, params: Params) -> Subscription:
    wanted, config = params.pubkey(0), params.config(1)

    def tell(entry: Entry) -> tuple[object, object] | None:
        match entry.what:
            case AccountWritten(key, account) if key == wanted:
                return key, account_json(account, config)
            case _:
                return None

    return _open(node, "account", config.commitment(), tell)


def _program(node: Node, params: Params) -> Subscription:
    owner, config = params.pubkey(0), params.config(1)
    filters = filters_of(config)

    def tell(entry: Entry) -> tuple[object, object] | None:
        match entry.what:
            case AccountWritten(key, account) if account.owner == owner:
                return (key, keyed(key, account, config)) if passes(account, filters) else None
            case _:
                return None

    return _open(node, "program", config.commitment(), tell)


def _logs(node: Node, params: Params) -> Subscription:
    mentioned, config = _mentioned(params.raw(0)), params.config(1)

    def tell(entry: Entry) -> tuple[object, object] | None:
        match entry.what:
            case Landed() as landed if mentioned is None or mentioned in landed.keys:
                name, error = str(landed.signature), error_json(landed.error)
                return name, {"signature": name, "err": error, "logs": list(landed.logs)}
            case _:
                return None

    return _open(node, "logs", config.commitment(), tell)


def _signature(node: Node, params: Params) -> Subscription:
    wanted, config = params.signature(0), params.config(1)

    def tell(entry: Entry) -> tuple[object, object] | None:
        match entry.what:
            case Landed() as landed if landed.signature == wanted and not node.hides_landed:
                error = None if node.calls_all_well else error_json(landed.error)
                return wanted, {"err": error}
            case _:
                return None

    opened = _open(node, "signature", config.commitment(), tell)
    opened.read_to, opened.ends_when_told = 0, True  # it may have landed already
    return opened


def _slot(node: Node, _params: Params) -> Subscription:
    def tell(entry: Entry) -> tuple[object, object] | None:
        match entry.what:
            case SlotOpened(parent):
                root = entry.slot - DEPTH_SLOTS[Commitment.FINALIZED]
                return entry.slot, {"slot": entry.slot, "parent": parent, "root": root}
            case _:
                return None

    opened = _open(node, "slot", Commitment.PROCESSED, tell)
    opened.with_slot = False
    return opened


SUBSCRIBES: Mapping[str, Callable[[Node, Params], Subscription]] = {
    "accountSubscribe": _account,
    "logsSubscribe": _logs,
    "programSubscribe": _program,
    "signatureSubscribe": _signature,
    "slotSubscribe": _slot,
}
UNSUBSCRIBES = frozenset(name.replace("Subscribe", "Unsubscribe") for name in SUBSCRIBES)


def _open(node: Node, kind: str, commitment: Commitment, tell: _Tell) -> Subscription:
    seen = node.chain.journal.last_number_at(node.chain.block(commitment).slot)
    return Subscription(kind, commitment, seen, tell)


def _mentioned(given: object) -> Pubkey | None:
    """Read the filter of logsSubscribe; None stands for every transaction."""
    if given in ("all", "allWithVotes"):
        return None
    if isinstance(given, dict):
        keys = Config(cast("dict[str, object]", given)).texts("mentions", at_most=1)
        if len(keys) == 1:
            return pubkey(keys[0])
    raise invalid("Invalid Request: Only 1 address supported")
