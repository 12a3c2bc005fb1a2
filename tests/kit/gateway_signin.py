"""Wallets, and what a desk with sign-in needs: its rules, its buckets, clocks set by hand."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from solders.keypair import Keypair

from contracts.ids import AccountId
from gateway.guards.rates import Rates
from gateway.live import Live
from gateway.signin.challenges import Challenges
from gateway.signin.ends import Ends
from gateway.signin.journal import Journal
from gateway.signin.sessions import Sessions
from gateway.signin.sign_in import SignIn, SignInRules
from gateway.site import Site, loopback_site
from kit.chassis_memory_keyvalue import InMemoryKeyValue
from kit.memory import InMemoryLog

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = AccountId("local")


@dataclass(frozen=True, slots=True)
class Wallet:
    """A key that signs whatever it is given."""

    keypair: Keypair

    @property
    def address(self) -> str:
        """Give the public key in base58."""
        return str(self.keypair.pubkey())

    def sign(self, text: bytes) -> bytes:
        """Give the Ed25519 signature."""
        return bytes(self.keypair.sign_message(text))


def wallet(number: int) -> Wallet:
    """Give the same wallet for the same number."""
    return Wallet(Keypair.from_seed(bytes([number]) * 32))


OWNER, STRANGER, NEIGHBOR, HOT = wallet(1), wallet(2), wallet(3), wallet(4)
"""Commands the account that is served; commands none; commands another account; commands the
account in the place of an owner that cannot sign in.
"""
FOR_HARDWARE = {HOT.address: ACCOUNT, NEIGHBOR.address: AccountId("neighbor")}
"""Who may sign in where the owner is a hardware wallet."""


@dataclass
class SignInStage:
    """What a gateway signs people in with; two gateways may share one stage."""

    site: Site = field(default_factory=lambda: loopback_site(8001, requires_origin=True))
    wallets: Mapping[str, AccountId] = field(
        default_factory=lambda: {
            OWNER.address: ACCOUNT,
            NEIGHBOR.address: AccountId("neighbor"),
        }
    )
    challenges: InMemoryKeyValue = field(default_factory=InMemoryKeyValue)
    sessions: InMemoryKeyValue = field(default_factory=InMemoryKeyValue)
    now: datetime = BEGIN
    seconds: float = 0.0
    """The clock of the rates."""
    silent_s_max: float = 30.0
    operators: frozenset[str] = frozenset()
    ends_file: Path | None = None

    def passes(self, **time: float) -> None:
        """Let time pass, as `timedelta` takes it."""
        self.now += timedelta(**time)
        self.seconds += timedelta(**time).total_seconds()

    def sign_in(self, log: InMemoryLog, live: Live) -> SignIn:
        """Give a gateway's sign-in."""
        rules = SignInRules(
            account=live.account_id,
            wallets=self.wallets,
            chain_id="mainnet",
            idle=timedelta(minutes=30),
            lifetime=timedelta(hours=8),
            step_up=timedelta(minutes=5),
            operators=self.operators,
        )
        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
        return SignIn(
            rules,
            site=self.site,
            challenges=Challenges(self.challenges, chain_id=rules.chain_id),
            sessions=Sessions(
                self.sessions,
                idle=rules.idle,
                lifetime=rules.lifetime,
                clock=clock,
                changed=live.hub.ring_bells,
                ends=Ends(self.ends_file),
                silent_s_max=self.silent_s_max,
            ),
            journal=Journal(log, live, clock=clock),
            clock=clock,
            rates=Rates(now=lambda: self.seconds),
        )


async def asked(http: httpx.AsyncClient, who: Wallet) -> dict[str, Any]:
    """Ask for a challenge; the client keeps its cookie."""
    answer = await http.post("/api/auth/challenge", json={"address": who.address})
    assert answer.status_code == 200, answer.text
    return answer.json()


def proof(
    challenge: Mapping[str, Any],
    who: Wallet,
    *,
    text: bytes | None = None,
    signature: bytes = b"",
) -> dict[str, str]:
    """Give what a wallet sends back for a challenge, or what somebody makes of it."""
    signed = str(challenge["message"]).encode() if text is None else text
    return {
        "challengeId": challenge["challengeId"],
        "signedMessage": base64.b64encode(signed).decode(),
        "signature": base64.b64encode(signature or who.sign(signed)).decode(),
    }


async def signed_in(http: httpx.AsyncClient, who: Wallet = OWNER) -> dict[str, Any]:
    """Sign a wallet in; the client keeps the session's cookie."""
    answer = await http.post("/api/auth/verify", json=proof(await asked(http, who), who))
    assert answer.status_code == 200, answer.text
    return answer.json()
