"""The only hand that signs: it asks the policy about the bytes, then signs the same bytes.

It reads for itself what must not be taken from whoever wants a signature: the kill, the revoke and
the last positions of the log, the time, its own signatures, and the life of its key.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol

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


class Keys(Protocol):
    """Who holds the keys that are open."""

    def key(self, account: str) -> DelegateKey | None:
        """Give the account's key; None without one."""
        ...


class PolicySigner:
    """Signs with the delegate keys of accounts, one for each."""

    def __init__(
        self,
        fence: Fence,
        keys: Keys,
        now_ms: Callable[[], int],
        *,
        signed_ms: Mapping[str, Iterable[int]] = MappingProxyType({}),
    ) -> None:
        """Sign with whatever key is open; `now_ms` is the clock that keys live by.

        `signed_ms` are the times of each account's last signatures in the log, so that a restart
        does not begin the minute anew.
        """
        self._fence = fence
        self._keys = keys
        self._clock = now_ms
        self._latest_ms = 0
        self._signed_ms: dict[str, deque[int]] = defaultdict(deque)
        for account, times in signed_ms.items():
            self._signed_ms[account].extend(sorted(times))

    def sign(self, message: bytes, facts: AccountFacts) -> Signed | Refusal:
        """Sign a message's bytes if the policy permits them; else say why not."""
        key = self._keys.key(facts.account)
        if key is None:
            return Refusal(Code.NO_KEY, f"a key of {facts.account}", "none")
        data, now_ms = bytes(message), self._now_ms()
        own = SignerFacts(
            session=key.session,
            standing=self._fence.read(facts.account),
            now_ms=now_ms,
            signed_ms=_within_a_minute(self._signed_ms[facts.account], now_ms),
        )
        answer = judge(data, Facts(facts, own))
        if isinstance(answer, Refusal):
            if answer.code is Code.SESSION_EXPIRED:
                key.destroy()
            return answer
        signature = key.sign(data, now_ms=now_ms)
        self._signed_ms[facts.account].append(now_ms)
        return Signed(str(signature), answer.message_sha256, answer.verdict)

    def _now_ms(self) -> int:
        """Give the time; a clock that is set back makes no session longer."""
        self._latest_ms = max(self._latest_ms, self._clock())
        return self._latest_ms


def _within_a_minute(times: deque[int], now_ms: int) -> tuple[int, ...]:
    while times and times[0] <= now_ms - _MINUTE_MS:
        times.popleft()
    return tuple(times)
