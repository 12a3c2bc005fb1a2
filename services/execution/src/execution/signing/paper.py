"""Signatures of the paper chain: no key is behind them, and the chain asks for none."""

from execution.venues.paper.wire import paper_signature


class PaperSigner:
    """Signs for the paper chain (`engine.Signer`)."""

    def sign(self, account: str, message: bytes) -> str:
        """Give the signature of a message: it derives from the bytes alone."""
        return paper_signature(message)
