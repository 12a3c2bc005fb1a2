"""Sign-In With Solana: the text that a wallet signs, and the proof that it did.

There is no parser. The server fixes every field, so it knows the text to the byte, and compares.
The grammar is that of phantom/sign-in-with-solana: fields in fixed order, each on a line of its
own, a blank line around the statement, no line break at the end.
"""

from dataclasses import dataclass
from datetime import datetime

from solders.pubkey import Pubkey
from solders.signature import Signature

from gateway.stream.protocol import time_text

STATEMENT = "Sign in to command this trading desk. Signing moves no funds and costs no fee."
CHAINS = ("mainnet", "testnet", "devnet", "localnet")
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of a sign-in message; none may hold a line break."""

    domain: str
    address: str
    uri: str
    chain_id: str
    nonce: str
    issued_at: datetime
    expires_at: datetime
    request_id: str
    statement: str = STATEMENT

    def fields(self) -> dict[str, str]:
        """Give the input that a wallet's `signIn` takes, by its names."""
        return {
            "domain": self.domain,
            "address": self.address,
            "statement": self.statement,
            "uri": self.uri,
            "version": "1",
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "issuedAt": time_text(self.issued_at),
            "expirationTime": time_text(self.expires_at),
            "requestId": self.request_id,
        }


def render(message: Message) -> str:
    """Give the text to sign; different fields never give the same text. Raises ValueError."""
    fields = message.fields()
    for name, value in fields.items():
        if not value or not value.isprintable():
            raise ValueError(f"expected {name} on one line, found {value!r:.80}")
    if " " in fields["domain"]:
        raise ValueError(f"expected a domain, found {fields['domain']!r:.80}")
    return (
        f"{fields['domain']} wants you to sign in with your Solana account:\n"
        f"{fields['address']}\n"
        "\n"
        f"{fields['statement']}\n"
        "\n"
        f"URI: {fields['uri']}\n"
        f"Version: {fields['version']}\n"
        f"Chain ID: {fields['chainId']}\n"
        f"Nonce: {fields['nonce']}\n"
        f"Issued At: {fields['issuedAt']}\n"
        f"Expiration Time: {fields['expirationTime']}\n"
        f"Request ID: {fields['requestId']}"
    )


def is_wallet(address: str) -> bool:
    """Say whether an address is a key that can sign, in its one spelling.

    What a program derives is off the curve: nobody has a key for it.
    """
    try:
        key = Pubkey.from_string(address)
    except ValueError:
        return False
    return str(key) == address and key.is_on_curve()


def is_signed(*, address: str, text: bytes, signature: bytes) -> bool:
    """Say whether this is the wallet's Ed25519 signature of the text."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    return Signature(signature).verify(Pubkey.from_string(address), text)
