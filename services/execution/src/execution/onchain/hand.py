"""The hand for an owner who signs by hand on a chain (`signing.hand.Hand`)."""

import asyncio

from solders.pubkey import Pubkey

from contracts.manual import Rehearsed, SignatureAsked
from contracts.values import to_millis
from execution.onchain.delegate import facts_of
from execution.signing.hand import Prepared
from execution.signing.port import Asked
from execution.signing.refusals import Code, Refusal
from execution.signing.wallets import judge_for_wallet
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.rehearsal import rehearsed, silent, simulate
from execution.venues.drift.rpc import RpcRefused, RpcSilent
from execution.venues.port import Blockhash

REHEARSAL_S = 1.0
"""So long at most an offer waits for a node to run it."""


class OwnersHand:
    """Writes for the owner that the chain's account is derived from, and for nobody else."""

    def __init__(self, chain: DriftChain) -> None:
        self._chain = chain

    def prepare(
        self, wish: SignatureAsked, asked: Asked, blockhash: Blockhash
    ) -> Prepared | Refusal:
        """Do as `Hand.prepare`; what it would do, a node is asked later (`rehearse`)."""
        try:
            message = self._chain.message_of(
                Pubkey.from_string(wish.wallet),
                asked.account,
                wish.intents,
                blockhash=blockhash,
                priority_fee_lamports=wish.priority_fee_lamports,
                serial=asked.after.snapshots,
            )
        except ValueError as error:
            return Refusal(Code.UNREADABLE, "intents that the program can carry out", str(error))
        return self.judge(message, wish.wallet, asked, blockhash) or Prepared(message, None)

    async def rehearse(self, message: bytes) -> Rehearsed:
        """Let a node run an offered message; one that is silent or slow holds nothing up."""
        try:
            async with asyncio.timeout(REHEARSAL_S):
                return rehearsed(await simulate(self._chain.nodes, message))
        except TimeoutError:
            return silent(f"no node answered within {REHEARSAL_S:g} s")
        except (RpcSilent, RpcRefused) as error:
            return silent(f"{error!s:.200}")

    def judge(
        self, message: bytes, wallet: str, asked: Asked, blockhash: Blockhash
    ) -> Refusal | None:
        """Do as `Hand.judge`."""
        owner = str(self._chain.venue.owner)
        if owner != wallet:
            return Refusal(Code.FEE_PAYER, f"the owner, {owner}", wallet)
        # A record with news in between is refused, so no position is to be compared.
        facts = facts_of(
            self._chain,
            asked,
            blockhash=blockhash,
            leverage_max=asked.after.leverage_max,
            control_position=0,
            orders_position=0,
        )
        return judge_for_wallet(message, wallet, facts, now_ms=to_millis(asked.seen.clock.at))
