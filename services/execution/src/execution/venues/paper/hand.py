"""The paper chain's hand for owners who sign by hand (`signing.hand.Hand`)."""

from dataclasses import replace

from solders.hash import Hash
from solders.pubkey import Pubkey

from contracts.manual import SignatureAsked
from contracts.values import to_millis
from execution.domain.policy import ARITHMETIC
from execution.signing.facts import AccountFacts
from execution.signing.hand import Prepared
from execution.signing.port import Asked
from execution.signing.reading import account_facts
from execution.signing.refusals import Code, Refusal
from execution.signing.wallets import judge_for_wallet
from execution.venues.drift.writing import Places, write
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.owners import PROGRAM, paper_venue
from execution.venues.port import Blockhash


class PaperHand:
    """Writes the program's own messages, and judges them by the addresses of the owner."""

    def __init__(self, chain: PaperChain) -> None:
        self._chain = chain

    def prepare(
        self, wish: SignatureAsked, asked: Asked, blockhash: Blockhash
    ) -> Prepared | Refusal:
        """Do as `Hand.prepare`."""
        try:
            message = write(
                paper_places(self._chain.market, wish.wallet),
                wish.intents,
                authority=Pubkey.from_string(wish.wallet),
                blockhash=blockhash.hash,
                priority_fee_lamports=wish.priority_fee_lamports,
                serial=asked.after.snapshots,
            )
        except ValueError as error:
            return Refusal(Code.UNREADABLE, "intents that the program can carry out", str(error))
        refusal = self.judge(message, wish.wallet, asked, blockhash)
        if refusal is not None:
            return refusal
        return Prepared(message, self._chain.simulate(asked.account, message))

    def judge(
        self, message: bytes, wallet: str, asked: Asked, blockhash: Blockhash
    ) -> Refusal | None:
        """Do as `Hand.judge`."""
        owner = self._chain.owner_of(asked.account)
        if owner != wallet:
            return Refusal(Code.FEE_PAYER, f"the owner, {owner or 'nobody'}", wallet)
        facts = self._facts(wallet, asked, blockhash)
        return judge_for_wallet(message, wallet, facts, now_ms=to_millis(asked.seen.clock.at))

    def _facts(self, wallet: str, asked: Asked, blockhash: Blockhash) -> AccountFacts:
        """Give what the fold and the snapshot say; an append with news in between is refused."""
        chain, seen = self._chain, asked.seen
        value_usd = ARITHMETIC.multiply(seen.position_base, seen.market_seen.oracle_usd)
        equity_usd = max(ARITHMETIC.add(seen.cash_usd, value_usd), ARITHMETIC.create_decimal(0))
        facts = account_facts(
            asked.before,
            asked.after,
            seen,
            venue=paper_places(chain.market, wallet).accounts,
            market_index=0,
            blockhashes={Hash.from_string(blockhash.hash): blockhash.last_valid_block_height},
            notional_usd_max=ARITHMETIC.multiply(asked.after.leverage_max, equity_usd),
            control_position=0,
            orders_position=0,
            tables={},
        )
        return replace(facts, chain=replace(facts.chain, block_height=chain.block_height))


def paper_places(market: str, owner: str) -> Places:
    """Give the addresses that an owner's messages name on the paper chain."""
    venue = paper_venue(market, owner)
    oracle, _ = Pubkey.find_program_address([b"paper_oracle", market.encode()], PROGRAM)
    return Places(venue, (oracle, venue.quote_market))
