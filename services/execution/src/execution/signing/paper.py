"""Signatures of the paper chain: no key is behind them, and the chain asks for none."""

import hashlib

from execution.signing.port import Asked, Signed
from execution.venues.paper.wire import paper_signature


class PaperSigner:
    """Signs for the paper chain (`port.Signer`)."""

    def sign(self, message: bytes, asked: Asked) -> Signed:
        """Give the signature of a message: it derives from the bytes alone."""
        del asked  # Nobody judges: no order of paper can hurt.
        return Signed(paper_signature(message), hashlib.sha256(message).hexdigest(), None)
