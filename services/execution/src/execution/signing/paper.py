"""Signatures of the paper chain: of the account's key where it has an owner, else of nobody."""

import hashlib

from contracts.values import to_millis
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import KeyUnusable
from execution.signing.port import Asked, Signed
from execution.signing.refusals import Code, Refusal
from execution.venues.paper.wire import paper_signature


class PaperSigner:
    """Signs for the paper chain (`port.Signer`). Nobody judges: no order of paper can hurt."""

    def __init__(self, cabinet: KeyCabinet | None = None) -> None:
        self._cabinet = cabinet

    @property
    def keeps_keys(self) -> bool:
        """Say whether keys of delegates can be kept."""
        return self._cabinet is not None

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        """Give the signature of a message, or say that the key's life is over.

        Without a key it derives from the bytes alone: the chain takes that for an account of the
        desk's own and for no other.
        """
        signature = None
        try:
            if self._cabinet is not None:
                now_ms = to_millis(asked.seen.clock.at)
                signature = self._cabinet.sign(asked.account, message, now_ms=now_ms)
        except KeyUnusable as over:
            return Refusal(Code.SESSION_EXPIRED, f"a key of {asked.account} that lives", str(over))
        digest = hashlib.sha256(message).hexdigest()
        return Signed(signature or paper_signature(message), digest, None)

    def address(self, account: str, now_ms: int) -> str | None:
        """Give the address of the account's key; None without one."""
        return None if self._cabinet is None else self._cabinet.address(account, now_ms)
