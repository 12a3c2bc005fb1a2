"""A world built from nothing: state, quote, three perp markets, oracles, tables, funded actors.

Keys derive from names, so that every run and every process has the same addresses. The money is
play money, and the keys are no secret.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from localnet import lookup
from localnet.block import DEPTH_SLOTS, Commitment
from localnet.builds import Build
from localnet.chain import Chain
from localnet.drift import instructions, tokens
from localnet.drift.addresses import (
    LOOKUP_TABLES,
    PROGRAM,
    RENT,
    SIGNER,
    SPOT_MARKET,
    SPOT_VAULT,
    STATE,
    SYSTEM,
    TOKENS,
    USDC,
    Trader,
    perp_market,
    tokens_of,
)
from localnet.drift.markets import MARKETS, QUOTE_ORACLE, Market
from localnet.drift.orders import USER_SIZE, UserAccount, read_user
from localnet.drift.pyth import SIZE as ORACLE_SIZE
from localnet.drift.pyth import price_account, price_of

LAMPORTS = 10**9
ACTOR_USDC = Decimal(50_000_000)
ACTOR_SOL = Decimal(100_000)
FEE_POOL_USDC = Decimal(1_000_000)
_WITHDRAW_GUARD_USDC = Decimal(1_000_000_000)
_UNITS = 10**6
_ONE_USD = Decimal(1)


def keypair(name: str) -> Keypair:
    """Give the key of an actor or a wallet of play money, the same in every run."""
    return Keypair.from_seed(hashlib.sha256(b"localnet wallet " + name.encode()).digest())


@dataclass(frozen=True, slots=True)
class Actor:
    """A wallet whose key the world holds, and its sub-account."""

    name: str
    key: Keypair

    @property
    def trader(self) -> Trader:
        """Give its sub-account 0."""
        return Trader(self.key.pubkey())


class World:
    """The Drift program with its markets on a chain."""

    def __init__(
        self,
        chain: Chain,
        build: Build,
        program: bytes,
        *,
        first_prices_usd: Mapping[str, Decimal] = MappingProxyType({}),
    ) -> None:
        """Build it, with the markets at their first prices; those of some may be given by id.

        A world far from the prices that follow has oracle averages that the program distrusts.
        """
        self.chain = chain
        self.build = build
        self.prices = {
            market.index: first_prices_usd.get(market.spec.market, market.first_price_usd)
            for market in MARKETS
        }
        self._admin = keypair("admin")
        self._deploy(program)
        self.publish_all()
        self._initialize()
        self.maker, self.taker, self.keeper = (
            self.open_actor(name, usdc=ACTOR_USDC) for name in ("maker", "taker", "keeper")
        )
        for _ in range(DEPTH_SLOTS[Commitment.FINALIZED] + 1):
            chain.advance(at_s=chain.tip.at_s)
        self.publish_all()
        keeper = self.keeper.key
        chain.run([instructions.update_amm(keeper.pubkey(), each) for each in MARKETS], keeper)

    def publish(self, market: Market) -> None:
        """Write the oracle's price, as of now."""
        self._publish(market.oracle, self.prices[market.index])

    def publish_all(self) -> None:
        """Write every oracle, that of the quote with them."""
        self._publish(QUOTE_ORACLE, _ONE_USD)
        for market in MARKETS:
            self.publish(market)

    def oracle(self, market: Market) -> tuple[Decimal, int]:
        """Give the oracle's price and its slot."""
        account = self.chain.account(market.oracle)
        return (Decimal(0), 0) if account is None else price_of(account)

    def fund(self, owner: Pubkey, *, usdc: Decimal, sol: Decimal) -> None:
        """Give a wallet USDC and SOL, on top of what it has."""
        if sol:
            self.chain.airdrop(owner, int(sol * LAMPORTS))
        if usdc:
            key = tokens_of(owner)
            old = self.chain.account(key)
            units = int(usdc * _UNITS) + (tokens.units_of(old) if old is not None else 0)
            rent = self.chain.rent_lamports(165)
            self.chain.put(key, tokens.token_account(owner, units=units, lamports=rent))

    def open_actor(self, name: str, *, usdc: Decimal, delegate: Pubkey | None = None) -> Actor:
        """Give a wallet of ours a sub-account with a deposit, and a delegate if one is named.

        Again with the same name adds to the deposit and names the new delegate.
        """
        actor = Actor(name, keypair(name))
        trader = actor.trader
        self.fund(trader.authority, usdc=usdc, sol=ACTOR_SOL)
        steps: list[Instruction] = []
        if self.chain.account(trader.user) is None:
            steps += [instructions.open_statistics(trader), instructions.open_user(trader, name)]
        if usdc:
            steps.append(instructions.deposit(trader, int(usdc * _UNITS)))
        if delegate is not None:
            steps.append(instructions.name_delegate(trader, delegate))
        self.chain.run(steps, actor.key)
        return actor

    def user(self, trader: Trader) -> UserAccount | None:
        """Give a sub-account as it stands; None when there is none."""
        account = self.chain.account(trader.user)
        return None if account is None else read_user(account.data)

    def users(self) -> list[UserAccount]:
        """Give every sub-account, in the order of their addresses."""
        owned = self.chain.owned_by(PROGRAM)
        return [read_user(a.data) for _, a in owned if len(a.data) == USER_SIZE]

    def _publish(self, oracle: Pubkey, price_usd: Decimal) -> None:
        slot, rent = self.chain.tip.slot, self.chain.rent_lamports(ORACLE_SIZE)
        self.chain.put(oracle, price_account(price_usd, slot=slot, lamports=rent))

    def _deploy(self, program: bytes) -> None:
        chain, admin = self.chain, self._admin.pubkey()
        chain.add_program(PROGRAM, program)
        chain.airdrop(admin, 1_000 * LAMPORTS)
        chain.put(USDC, tokens.mint_account(authority=admin, lamports=chain.rent_lamports(82)))
        pool = FEE_POOL_USDC * len(MARKETS)
        self.fund(admin, usdc=pool, sol=Decimal(0))
        addresses = (
            *(PROGRAM, STATE, SIGNER, SPOT_MARKET, SPOT_VAULT, TOKENS, SYSTEM, RENT),
            QUOTE_ORACLE,
            *(market.oracle for market in MARKETS),
            *(perp_market(market.index) for market in MARKETS),
        )
        data = lookup.table_bytes(addresses, authority=admin, slot=chain.tip.slot)
        for table in LOOKUP_TABLES:
            chain.put(table, Account(chain.rent_lamports(len(data)), data, lookup.PROGRAM))

    def _initialize(self) -> None:
        admin, full = self._admin.pubkey(), self.build.takes_full_terms
        steps = [
            [instructions.initialize(admin)],
            [instructions.initialize_quote(admin, full=full)],
            [instructions.set_quote_oracle(admin)],
            [instructions.set_withdraw_guard(admin, int(_WITHDRAW_GUARD_USDC * _UNITS))],
        ]
        for market in MARKETS:
            price = self.prices[market.index]
            steps.append(
                [instructions.initialize_market(admin, market, price_usd=price, full=full)]
            )
            if not full:
                steps.append(instructions.set_market_terms(admin, market))
            steps.append([instructions.fund_market(admin, market, int(FEE_POOL_USDC * _UNITS))])
        for step in steps:
            self.chain.run(step, self._admin)
