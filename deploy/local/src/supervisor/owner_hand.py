"""The hand of a localnet's own test wallet: it delegates as a person would, through the gateway.

It agrees to the text, asks for a key, signs what it is offered, and does so again when a key's day
is over. What a person took back, or ended by the kill switch, it leaves alone.
"""

import asyncio
import base64
import json
import urllib.error
import urllib.request
from typing import Any

from solders.keypair import Keypair

from supervisor import direct

LOOK_EVERY_S = 1.0
_TIMEOUT_S = 10.0
_SIGNATURES = 1 + 64
"""Bytes of a transaction before its message, when one signs."""


class SignInNeeded(Exception):
    """The gateway asks for a sign-in, which this hand does not do."""


class OwnerHand:
    """Delegates the account of a wallet whose key is at hand."""

    def __init__(self, url: str, key: Keypair) -> None:
        """Ask the gateway at `url`."""
        self._url = url
        self._key = key

    async def run(self) -> None:
        """Delegate whenever it is due; returns when a person has to do it."""
        while True:
            try:
                await self.look()
            except SignInNeeded:
                print("the page asks for a sign-in: delegate there", flush=True)
                return
            except (OSError, ValueError) as error:
                del error  # The gateway is not there yet, or refused: the next look is soon.
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> bool:
        """Delegate if it is due; say whether it was."""
        view = await self._call("GET", "/api/delegation")
        if view["owner"] != str(self._key.pubkey()) or not is_due(view):
            return False
        if view["consent"] is None or not view["consent"]["isCurrent"]:
            text = await self._call("GET", "/api/delegation/consent")
            agreed = {"textSha256": text["textSha256"]}
            await self._call("POST", "/api/delegation/consent", agreed)
        offer = await self._call("POST", "/api/delegation/delegate")
        signed = self._signed(base64.b64decode(offer["base64"]))
        answer = {"txId": offer["txId"], "base64": base64.b64encode(signed).decode()}
        await self._call("POST", offer["submitTo"], answer)
        return True

    def _signed(self, unsigned: bytes) -> bytes:
        message = unsigned[_SIGNATURES:]
        return unsigned[:1] + bytes(self._key.sign_message(message)) + message

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: object) -> Any:
        """Give an answer; raise SignInNeeded, or ValueError for what is none."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        asked = urllib.request.Request(  # noqa: S310 - http on the loopback, by who calls
            f"{self._url}{path}", data=data, headers=headers, method=method
        )
        try:
            with direct.ask(asked, timeout_s=_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 401:
                raise SignInNeeded from None
            raise ValueError(f"expected an answer to {method} {path}, found {error}") from None


def is_due(view: Any) -> bool:
    """Say whether a delegation has to be made: the first one, or the next after a key's day."""
    if view["state"] == "none":
        return view["sent"] is None or view["sent"]["status"] != "sent"
    ended = view["destroyed"]
    has_expired = view["key"] is None and ended is not None and ended["reason"] == "expiry"
    return view["state"] in {"foreign", "revoked"} and has_expired
