"""The only hand that signs: it asks the policy about the bytes, then signs the same bytes.

It reads for itself what must not be taken from whoever wants a signature: the kill, the revoke and
the last positions of the log, the time, its own signatures, and the life of its key.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from solders.pubkey import Pubkey

from execution.signing.facts import AccountFacts, Facts, SignerFacts, Standing
from execution.signing.keys import DelegateKey
from execution.signing.policy import judge
from execution.signing.port import Signed
from execution.signing.refusals import Code, Refusal

_MINUTE_MS = 60_000


class Fence(Protocol):
    """Who knows what the log holds now."""

    def read(self, account: str) -> Standing:
        """Give the account's standing at the log's end; raise when the log does not answer."""
        ...


@dataclass
class _Held:
    key: DelegateKey
    signed_ms: deque[int] = field(default_factory=deque[int])


class PolicySigner:
    """Signs with the delegate keys that it holds, one for an account."""

    def __init__(self, fence: Fence, now_ms: Callable[[], int]) -> None:
        self._fence = fence
        self._clock = now_ms
        self._latest_ms = 0
        self._held: dict[str, _Held] = {}

    def hold(self, key: DelegateKey, *, signed_ms: Iterable[int] = ()) -> None:
        """Take a key, in the place of the account's former one, which is destroyed.

        `signed_ms` are the times of the account's signatures in the log, so that a restart does
        not begin the minute anew.
        """
        self.drop(key.account)
        self._held[key.account] = _Held(key, deque(sorted(signed_ms)))

    def drop(self, account: str) -> None:
        """Destroy the account's key; without one nothing changes."""
        held = self._held.pop(account, None)
        if held is not None:
            held.key.destroy()

    def delegate(self, account: str) -> Pubkey | None:
        """Give the address that signs for an account; None without a key."""
        held = self._held.get(account)
        return None if held is None else held.key.session.delegate

    def sign(self, message: bytes, facts: AccountFacts) -> Signed | Refusal:
        """Sign a message's bytes if the policy permits them; else say why not."""
        held = self._held.get(facts.account)
        if held is None:
            return Refusal(Code.NO_KEY, f"a key of {facts.account}", "none")
        data, now_ms = bytes(message), self._now_ms()
        own = SignerFacts(
            session=held.key.session,
            standing=self._fence.read(facts.account),
            now_ms=now_ms,
            signed_ms=_within_a_minute(held.signed_ms, now_ms),
        )
        answer = judge(data, Facts(facts, own))
        if isinstance(answer, Refusal):
            if answer.code is Code.SESSION_EXPIRED:
                self.drop(facts.account)
            return answer
        signature = held.key.sign(data, now_ms=now_ms)
        held.signed_ms.append(now_ms)
        return Signed(str(signature), answer.message_sha256, answer.verdict)

    def _now_ms(self) -> int:
        """Give the time; a clock that is set back makes no session longer."""
        self._latest_ms = max(self._latest_ms, self._clock())
        return self._latest_ms


def _within_a_minute(times: deque[int], now_ms: int) -> tuple[int, ...]:
    while times and times[0] <= now_ms - _MINUTE_MS:
        times.popleft()
    return tuple(times)
