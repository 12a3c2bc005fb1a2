"""The delegate's hand: the facts of the fold and of the chain, put before the policy signer."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from solders.hash import Hash

from contracts.ids import AccountId, MarketId
from contracts.subjects import orders
from execution.domain.policy import ARITHMETIC
from execution.recorder import Recorder
from execution.signing.facts import AccountFacts
from execution.signing.fence import LogFence
from execution.signing.port import Asked, Signed
from execution.signing.reading import account_facts
from execution.signing.refusals import Refusal
from execution.signing.signer import PolicySigner
from execution.venues.drift.chain import DriftChain
from execution.venues.port import Blockhash


class DelegateSigner:
    """Signs for the accounts of a chain (`signing.port.Signer`)."""

    def __init__(
        self,
        policy: PolicySigner,
        fence: LogFence,
        recorder: Recorder,
        chain: Callable[[], DriftChain],
    ) -> None:
        self._policy = policy
        self._fence = fence
        self._recorder = recorder
        self._chain = chain
        self._orders_position = 0

    async def prepare(self, account: str, market: str) -> None:
        """Read what the log holds, right before something is signed."""
        subject = orders(AccountId(account), MarketId(market))
        self._orders_position = await self._recorder.last(subject)
        await self._fence.refresh(account, market)

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        """Do as `Signer.sign`."""
        return self._policy.sign(message, self._facts(asked))

    def _facts(self, asked: Asked) -> AccountFacts:
        chain = self._chain()
        return facts_of(
            chain,
            asked,
            blockhash=chain.blockhash(),
            leverage_max=self._fence.leverage_max(asked.account),
            control_position=self._recorder.people,
            orders_position=self._orders_position,
        )


def facts_of(
    chain: DriftChain,
    asked: Asked,
    *,
    blockhash: Blockhash,
    leverage_max: Decimal,
    control_position: int,
    orders_position: int,
) -> AccountFacts:
    """Give what the policy may know of an account on a chain."""
    seen = asked.seen
    value_usd = ARITHMETIC.multiply(seen.position_base, seen.market_seen.oracle_usd)
    equity_usd = max(ARITHMETIC.add(seen.cash_usd, value_usd), ARITHMETIC.create_decimal(0))
    facts = account_facts(
        asked.before,
        asked.after,
        seen,
        venue=chain.accounts(asked.account),
        market_index=chain.venue.market_index,
        blockhashes={Hash.from_string(blockhash.hash): blockhash.last_valid_block_height},
        notional_usd_max=ARITHMETIC.multiply(leverage_max, equity_usd),
        control_position=control_position,
        orders_position=orders_position,
        tables={},
    )
    # What decisions see of the height is held back for transactions whose fate is open.
    return replace(facts, chain=replace(facts.chain, block_height=chain.height))
