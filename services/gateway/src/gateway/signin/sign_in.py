"""The use cases of signing in: ask for a challenge, prove a wallet, end sessions.

Every way to fail before the signature is proved gives the same answer, so that it tells nothing
about challenges, browsers or wallets of others.
"""

import asyncio
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from contracts.access import SignedIn, SignedOut, SignOutCause
from contracts.ids import AccountId
from gateway.domain.actor import Actor
from gateway.guards.rates import Rates
from gateway.patience import in_time
from gateway.problems import Code, FieldError, Problem
from gateway.signin.challenges import Challenges
from gateway.signin.cookies import CookieNames, new_token
from gateway.signin.journal import Journal
from gateway.signin.sessions import PER_WALLET_MAX, Client, Session, Sessions
from gateway.signin.siws import Message, is_signed, is_wallet
from gateway.site import Site

AUTHENTICATE: Mapping[str, str] = {"WWW-Authenticate": 'SIWS realm="perp desk"'}
"""What a 401 must say (RFC 9110, 11.6.1): the scheme is ours, browsers do not know it."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRules:
    """Who may sign in, and for how long."""

    account: AccountId
    """The account that this gateway serves."""
    wallets: Mapping[str, AccountId]
    """The account of each wallet that may sign in."""
    chain_id: str
    idle: timedelta
    lifetime: timedelta
    step_up: timedelta
    """What is dangerous needs a sign-in that is younger."""
    operators: frozenset[str] = frozenset()
    """The wallets that may stop all accounts, and resume them."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a browser sends to prove its wallet."""

    challenge_id: str
    signed_message: bytes
    signature: bytes


class SignIn:
    """Signs wallets in and out of one site and one account."""

    def __init__(
        self,
        rules: SignInRules,
        *,
        site: Site,
        challenges: Challenges,
        sessions: Sessions,
        journal: Journal,
        clock: Callable[[], datetime],
        rates: Rates,
    ) -> None:
        self.rules = rules
        self.site = site
        self.cookies = CookieNames(is_secure=site.is_secure)
        self.sessions = sessions
        self.rates = rates
        self._challenges = challenges
        self._journal = journal
        self._clock = clock

    async def challenge(self, address: str, *, host: str) -> tuple[Message, str, str]:
        """Give what the wallet is to sign, its seal, and the secret of the browser that asked."""
        if not is_wallet(address):
            message = "expected the base58 address of a wallet"
            raise Problem(Code.INVALID_REQUEST, message, errors=[FieldError("/address", message)])
        browser = new_token()
        async with _store():
            message, seal = await self._challenges.issue(
                address=address,
                domain=host.lower(),
                origin=self._origin(host),
                browser=browser,
                now=self._clock(),
            )
        return message, seal, browser

    async def verify(
        self,
        proof: Proof,
        *,
        host: str,
        browser: str | None,
        before: Session | None,
        client: Client,
    ) -> tuple[Session, str]:
        """Sign a wallet in; give the new session and its secret. `before` ends.

        The challenge is used up by whoever proves a wallet that commands this desk, so that
        strangers, who can prove wallets of their own, fill no bucket.
        """
        async with _store():
            challenge = await self._challenges.read(
                proof.challenge_id, domain=host.lower(), browser=browser or "", now=self._clock()
            )
        if challenge is None:
            raise _spent()
        if not secrets.compare_digest(challenge.text, proof.signed_message):
            detail = "expected the challenge's text, byte by byte, found another one"
            raise _unproved(Code.MESSAGE_MISMATCH, detail)
        wallet = challenge.address
        if not is_signed(address=wallet, text=challenge.text, signature=proof.signature):
            detail = "expected the Ed25519 signature of the challenge's wallet"
            raise _unproved(Code.SIGNATURE_INVALID, detail)
        if not self.is_ours(wallet):
            _log.warning("wallet_refused", wallet=wallet, address=client.address)
            detail = "expected a wallet that commands this desk's account"
            raise Problem(Code.WALLET_NOT_ALLOWED, detail)
        self.require_rate(self.rates.sign_ins.wait_s(wallet))
        async with _store():
            is_first = await self._challenges.use(challenge)
        if not is_first:
            raise _spent()
        return await self._open(wallet, host=host, before=before, client=client)

    def is_ours(self, wallet: str) -> bool:
        """Say whether a wallet commands the account that is served."""
        return self.rules.wallets.get(wallet) == self.rules.account

    def actor_of(self, session: Session) -> Actor:
        """Give whoever a session stands for; refuse a wallet of another account."""
        grant = session.grant
        if not self.is_ours(grant.wallet):
            detail = "expected a wallet that commands this desk's account"
            raise Problem(Code.ACCOUNT_DENIED, detail)
        age = self._clock() - grant.signed_in_at
        return Actor(
            by=grant.wallet,
            is_fresh=age < self.rules.step_up,
            is_operator=grant.wallet in self.rules.operators,
        )

    async def end(self, sessions: Sequence[Session], *, cause: SignOutCause) -> bool:
        """End sessions; say whether the bucket has taken it already. Never refused."""
        has_taken = await self.sessions.end(*sessions)
        self._note(sessions, cause)
        return has_taken

    async def end_all(self, wallet: str, known: Sequence[Session]) -> bool:
        """End all sessions of a wallet, also those not known here; answers as `end`."""
        has_taken = await self.sessions.end_all(wallet, *known)
        self._note(known, SignOutCause.REVOKED)
        return has_taken

    def _note(self, sessions: Sequence[Session], cause: SignOutCause) -> None:
        for session in sessions:
            self._journal.write_soon(self._signed_out(session, cause))
            _log.info("session_ended", session=session.grant.handle, cause=cause)

    def require_rate(self, wait_s: float) -> None:
        """Refuse when there is something to wait for."""
        if wait_s > 0:
            retry_after = math.ceil(wait_s)
            detail = f"expected fewer requests, found the next one free in {retry_after} s"
            raise Problem(Code.TOO_MANY_REQUESTS, detail, retry_after=retry_after)

    async def settle(self, *, timeout_s: float) -> None:
        """Wait for what the bucket and the log have not taken yet."""
        await asyncio.gather(
            self.sessions.settle(timeout_s=timeout_s), self._journal.settle(timeout_s=timeout_s)
        )

    async def _open(
        self, wallet: str, *, host: str, before: Session | None, client: Client
    ) -> tuple[Session, str]:
        """Make the session and record it; nobody gets a secret that the log does not know of."""
        async with _store():
            session, token = await self.sessions.create(
                handle=secrets.token_hex(16), wallet=wallet, client=client
            )
        try:
            async with _store():
                await self._journal.write(self._signed_in(session, domain=host.lower()))
        except Problem:
            await self.sessions.end(session)
            raise
        grant = session.grant
        _log.info("signed_in", wallet=wallet, session=grant.handle, address=client.address)
        if before is not None:
            await self.end([before], cause=SignOutCause.REPLACED)
        await self.end(self.sessions.of(wallet)[PER_WALLET_MAX:], cause=SignOutCause.REPLACED)
        return session, token

    def _signed_in(self, session: Session, *, domain: str) -> SignedIn:
        grant = session.grant
        return SignedIn(
            account=self.rules.account,
            wallet=grant.wallet,
            session=grant.handle,
            domain=domain,
            address=grant.client.address,
            user_agent=grant.client.user_agent,
            expires_at=grant.expires_at,
        )

    def _signed_out(self, session: Session, cause: SignOutCause) -> SignedOut:
        return SignedOut(
            account=self.rules.account,
            wallet=session.grant.wallet,
            session=session.grant.handle,
            cause=cause,
        )

    def _origin(self, host: str) -> str:
        origin = self.site.origin_of(host)
        if origin is None:
            raise LookupError("expected a host that the edge lets in, found another one")
        return origin


def _spent() -> Problem:
    detail = "expected a challenge of this browser that is neither used nor over"
    return _unproved(Code.CHALLENGE_INVALID, detail)


def _unproved(code: Code, detail: str) -> Problem:
    _log.warning("sign_in_refused", code=code)
    return Problem(code, detail, headers=AUTHENTICATE)


def _store() -> AbstractAsyncContextManager[None]:
    return in_time(
        Code.SESSIONS_UNAVAILABLE, "expected the sessions' store to answer, found that it does not"
    )
