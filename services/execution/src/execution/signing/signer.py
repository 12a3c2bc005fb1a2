"""The only hand that signs: it asks the policy about the bytes, then signs the same bytes.

It reads for itself what must not be taken from whoever wants a signature: the kill, the revoke and
the last positions of the log, the time, its own signatures, and the life of its key.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from execution.signing.facts import AccountFacts, Facts, SignerFacts, Standing
from execution.signing.keys import DelegateKey
from execution.signing.lately import SignedLately
from execution.signing.policy import judge
from execution.signing.port import Signed
from execution.signing.refusals import Code, Refusal


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
        lately: Mapping[str, SignedLately] = MappingProxyType({}),
    ) -> None:
        """Sign with whatever key is open; `now_ms` is the clock that keys live by.

        `lately` is what the log has of each account's last signatures, so that a restart begins
        neither the minute nor the day anew.
        """
        self._fence = fence
        self._keys = keys
        self._clock = now_ms
        self._latest_ms = 0
        self._lately = dict(lately)

    def sign(self, message: bytes, facts: AccountFacts) -> Signed | Refusal:
        """Sign a message's bytes if the policy permits them; else say why not."""
        key = self._keys.key(facts.account)
        if key is None:
            return Refusal(Code.NO_KEY, f"a key of {facts.account}", "none")
        data, now_ms = bytes(message), self._now_ms()
        lately = self._lately.get(facts.account, SignedLately()).at(now_ms)
        own = SignerFacts(
            session=key.session,
            standing=self._fence.read(facts.account),
            now_ms=now_ms,
            lately=lately,
        )
        answer = judge(data, Facts(facts, own))
        if isinstance(answer, Refusal):
            if answer.code is Code.SESSION_EXPIRED:
                key.destroy()
            return answer
        signature = key.sign(data, now_ms=now_ms)
        fee = answer.priority_fee_lamports
        self._lately[facts.account] = lately.signed(fee, at_ms=now_ms)
        return Signed(str(signature), answer.message_sha256, answer.verdict)

    def _now_ms(self) -> int:
        """Give the time; a clock that is set back makes no session longer."""
        self._latest_ms = max(self._latest_ms, self._clock())
        return self._latest_ms
