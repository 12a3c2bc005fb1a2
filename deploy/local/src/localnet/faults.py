"""What goes wrong on purpose: for tests of whoever trusts an RPC too much."""

from enum import StrEnum
from typing import Annotated

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
_Slots = Annotated[int, msgspec.Meta(ge=0, le=60)]


class StatusLie(StrEnum):
    """What getSignatureStatuses and signatureSubscribe say of what landed."""

    NONE = "none"
    SUCCESS = "success"
    """A failed transaction went well."""
    HIDDEN = "hidden"
    """What landed is unknown."""


class SocketMood(StrEnum):
    """How WebSockets behave."""

    OPEN = "open"
    SILENT = "silent"
    """They live, and notify nobody."""
    REFUSED = "refused"
    """No new one opens; those that are open go on."""


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The faults that are switched on; nothing is wrong by default. A `next` counts down."""

    drop_next_sends: _Count = 0
    """Answered with a signature, and lost."""
    delay_sends_slots: _Slots = 0
    """Every transaction lands so many slots later."""
    lose_next_answers: _Count = 0
    """sendTransaction works; the connection breaks before the answer."""
    answer_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """Every answer is late."""
    refuse_next_requests: _Count = 0
    """HTTP 429 with an HTML body."""
    stale_slots: _Slots = 0
    """Every read is of so many slots ago, and says so in its context."""
    regress_slots: _Slots = 0
    """Every second read is of so many slots ago: two nodes behind one address."""
    leap_slots: _Count = 0
    """Every answer claims to be of so many slots ahead, and as many blocks."""
    is_frozen: bool = False
    """It answers well, of now, for ever: it hears of no block, and hands no transaction on."""
    status_lie: StatusLie = StatusLie.NONE
    cut_at_socket_call: _Count = 0
    """The so-manyth call over a socket from now on gets no answer: its socket dies."""
    sockets: SocketMood = SocketMood.OPEN


class Switchboard:
    """The faults as they are switched now, counting down what is for a number of times."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._is_odd_read = False

    def switch(self, faults: Faults) -> None:
        """Take other faults in place of those that are on."""
        self.faults = faults

    def drops_send(self) -> bool:
        """Say whether this transaction is lost."""
        return self._counts_down("drop_next_sends")

    def loses_answer(self) -> bool:
        """Say whether this answer is lost."""
        return self._counts_down("lose_next_answers")

    def refuses_request(self) -> bool:
        """Say whether this request is one too many."""
        return self._counts_down("refuse_next_requests")

    def cuts_socket(self) -> bool:
        """Say whether a socket dies at this call."""
        return self._counts_down("cut_at_socket_call") and not self.faults.cut_at_socket_call

    def lag_slots(self) -> int:
        """Give how many slots this read is behind."""
        self._is_odd_read = not self._is_odd_read
        regress = self.faults.regress_slots if not self._is_odd_read else 0
        return self.faults.stale_slots + regress

    def _counts_down(self, name: str) -> bool:
        left: int = getattr(self.faults, name)
        if left:
            self.faults = msgspec.structs.replace(self.faults, **{name: left - 1})
        return left > 0
