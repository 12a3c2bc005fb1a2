"""The paper venue: a simulated private chain with the Drift program's order semantics.

One market and all accounts of the process. It is pure: prints, submissions and times go in, and
the same ones in the same order give the same chain, on any machine. Time is chain time; it moves
with the prints, and in between to wherever it is told to go. Slots count it from the epoch, and
every slot has a block of the same height.

Accounts do not see each other: each meets the whole of every print. What the program's facts leave
open is modelled against us; where the model is coarser than the program, its module says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from contracts.manual import SimulatedEffect
from contracts.markets import MarketSpec
from contracts.minutes import is_plausible
from contracts.ticks import Trade
from contracts.values import OrderKind, Side, to_millis
from contracts.venue import MarketStatus, VenueObserved
from execution.venues.paper.chance import Chance
from execution.venues.paper.clockwork import Clockwork
from execution.venues.paper.keeping import dump, load
from execution.venues.paper.landing import receive
from execution.venues.paper.program import run
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.scene import Scene
from execution.venues.paper.simulating import simulate
from execution.venues.paper.state import HOUSE, Account
from execution.venues.paper.telling import fate_of, records_of
from execution.venues.paper.terms import Terms
from execution.venues.paper.views import HeldOrder, held, keep_view, observe, view_at
from execution.venues.paper.weather import Weather
from execution.venues.paper.wire import (
    CancelOrder,
    Instruction,
    OrderParams,
    PlaceAndTake,
    PlaceOrders,
    message_of,
    paper_blockhash,
)
from execution.venues.port import (
    AnyRecord,
    Blockhash,
    Intent,
    Landed,
    SignedTransaction,
    SubAccountSeen,
)
from execution.venues.units import base, base_units, price_units, usd_units

Ours = Callable[[str, int], str | None]
"""Gives the address of the key that signs for an account at a time; None without one."""


class UnknownAccount(LookupError):
    """No account is open by that name."""


class PaperChain:
    """The paper venue for one market (`venues.port.Venue`)."""

    def __init__(
        self, rules: PaperRules, spec: MarketSpec, *, ours: Ours = lambda account, now_ms: None
    ) -> None:
        self._ours = ours
        self._terms = Terms.of(rules, spec)
        self._works = Clockwork(self._terms, Chance(rules.seed, spec.market))

    @property
    def market(self) -> str:
        """Name the market."""
        return self._terms.market

    @property
    def now_ms(self) -> int:
        """Give the chain time in epoch milliseconds; 0 before it starts."""
        return self._works.market.now_ms

    @property
    def slot(self) -> int:
        """Give the slot of the chain time."""
        return self._works.slot

    @property
    def block_height(self) -> int:
        """Give the height of the newest block."""
        return self._works.slot

    @property
    def last_trade_id(self) -> int | None:
        """Give the id of the last print worked through."""
        return self._works.market.last_trade_id

    @property
    def weather(self) -> Weather:
        """Give what is wrong now, to be changed in place."""
        return self._works.weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._works.weather = weather

    @property
    def is_idle(self) -> bool:
        """Say whether prints only move the market: no order, no position, nothing in flight."""
        return self._works.is_idle

    def is_account_idle(self, account: str) -> bool:
        """Say whether an account has no order, no position and nothing in flight."""
        return self._account(account).is_idle

    def begin(self, now_ms: int) -> None:
        """Start the chain's time, unless it has started; raise ValueError for a broken clock."""
        if not is_plausible(now_ms, open_minute_ms=None):
            raise ValueError(f"expected a time in epoch milliseconds, found {now_ms}")
        self._works.begin(now_ms)

    def on_print(self, trade: Trade) -> None:
        """Advance to a print's time; then it meets the book.

        A late print does not turn the clock back; a repeated or older id is passed over. Raises
        BadPrint for what cannot be true, and then nothing has changed.
        """
        self._works.on_print(trade)

    def advance(self, to_ms: int) -> None:
        """Do everything that is due up to a time, in order of time; a past time changes nothing.

        One step and many give the same. Raises ChainNotBegun.
        """
        self._works.require_begun()
        self._works.run(to_ms)

    def next_due_ms(self) -> int | None:
        """Give the earliest time at which something happens without a print."""
        return self._works.next_due_ms()

    # What transactions need

    def blockhash(self) -> Blockhash:
        """Give the newest block."""
        height, rules = self.block_height, self._terms.rules
        name = paper_blockhash(rules.seed, self._terms.market, height)
        return Blockhash(name, height + rules.blockhash_life_blocks)

    def message(
        self,
        account: str,
        intents: Sequence[Intent],
        *,
        blockhash: Blockhash,
        priority_fee_lamports: int,
        serial: int,
    ) -> bytes:
        """Write intents as one message; raise ValueError for what the program could not read.

        `serial` is not needed: what has landed is shown with the next blockhash only.
        """
        del serial
        return message_of(
            account,
            intents,
            market=self._terms.market,
            hash_=blockhash.hash,
            priority_fee_lamports=priority_fee_lamports,
        )

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast now, and again until it landed or its last block is past.

        A second call, and one with a block that is not ours or is over, changes nothing. Raises
        UnknownAccount and ChainNotBegun.
        """
        self._works.require_begun()
        scene = self._works.scene(self._account(transaction.account))
        receive(scene, transaction)
        self._finish(scene)

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed, as late as its account is shown."""
        for account in self._works.accounts.values():
            if signature in account.fates:
                slot = self._works.shown_slot(account)
                return fate_of(account, signature, slot=slot, weather=self.weather)
        return None

    def simulate(self, account: str, message: bytes) -> SimulatedEffect:
        """Say what an owner's message would do now; nothing of it is kept."""
        return simulate(self._works.scene(self._account(account)), message)

    # What is seen

    def observe(self, account: str) -> VenueObserved:
        """Give an account as it is shown, and the market as it is.

        The clock's time is the chain's; its slot and the block height are the shown account's.
        Raises NoPriceYet before the first print.
        """
        found = self._account(account)
        return observe(
            found,
            self._works.market,
            slot=self._works.shown_slot(found),
            ours=HOUSE if found.owner is None else self._ours(account, self.now_ms),
            terms=self._terms,
            weather=self.weather,
        )

    def balance(self, account: str) -> None:
        """Give none: paper pays no interest, and its deposit stands in the log."""
        del account

    def sub_account(self, account: str) -> SubAccountSeen:
        """Give whom the owner named, and what both have for fees, as late as it is shown."""
        found = self._account(account)
        slot = self._works.shown_slot(found)
        view = view_at(found, slot)
        return SubAccountSeen(
            delegate=None if view.delegate == HOUSE else view.delegate,
            slot=slot,
            block_height=slot,
            owner_lamports=view.owner_lamports,
            fee_payer_lamports=view.lamports,
            position_base=base(view.position),
            orders=len(view.orders),
        )

    def records(self, account: str, *, after: int) -> Sequence[tuple[int, AnyRecord]]:
        """Give what happened after a cursor (0: from the start), as late as the account is shown.

        Raises RecordsForgotten for a cursor that is too old.
        """
        found = self._account(account)
        return records_of(
            found,
            after=after,
            slot=self._works.shown_slot(found),
            market=self._terms.market,
            chance=self._works.chance,
            weather=self.weather,
        )

    def held_orders(self, account: str) -> tuple[HeldOrder, ...]:
        """Give the account's slots as they are, closed orders too, for reports on the model."""
        return held(self._account(account))

    # What owners and operators do

    def open_account(self, account: str, *, deposit_usd: Decimal) -> None:
        """Open an account with a deposit, unless it is open."""
        if account in self._works.accounts:
            return
        opened = Account(
            name=account,
            opened_slot=self.slot,
            cash=usd_units(deposit_usd),
            lamports=self._terms.rules.fee_payer_lamports,
        )
        keep_view(opened, self.slot, shown=self.slot)
        self._works.accounts[account] = opened
        self._works.rebuild()

    def hand_over(self, account: str, owner: str | None) -> None:
        """Let an account belong to a wallet, with no delegate; or, to None, to the desk again."""
        found = self._account(account)
        found.owner = owner
        found.owner_lamports = 0 if owner is None else self._terms.rules.fee_payer_lamports
        found.delegate = HOUSE if owner is None else None
        self._finish(self._works.scene(found))

    def owner_of(self, account: str) -> str | None:
        """Name the wallet that the account belongs to; None: the desk's own."""
        return self._account(account).owner

    def set_delegate(self, account: str, delegate: str | None) -> None:
        """Let the owner give the right to sign to an address, or to nobody."""
        found = self._account(account)
        found.delegate = delegate
        self._finish(self._works.scene(found))

    def set_reduce_only(self, account: str, *, is_on: bool) -> None:
        """Let the owner allow the account only to shrink."""
        found = self._account(account)
        found.is_reduce_only = is_on
        self._finish(self._works.scene(found))

    def set_fee_payer(self, account: str, *, lamports: int) -> None:
        """Set what the account's fee payer has."""
        found = self._account(account)
        found.lamports = lamports
        self._finish(self._works.scene(found))

    def set_status(self, status: MarketStatus) -> None:
        """Let the operators pause the market, or go on."""
        self._works.market.status = status

    def place_foreign(
        self,
        account: str,
        *,
        side: Side,
        kind: OrderKind,
        price_usd: Decimal,
        quantity_base: Decimal | None,
        is_reduce_only: bool = False,
        user_order_id: int = 0,
        expires_at: datetime | None = None,
    ) -> int | None:
        """Let the owner place an order by hand, at once; give its venue order id.

        None when its time is over. Raises Refused with the program's code.
        """
        params = OrderParams(
            user_order_id=user_order_id,
            side=side,
            kind=kind,
            price=price_units(price_usd),
            quantity=None if quantity_base is None else base_units(quantity_base),
            is_reduce_only=is_reduce_only,
            max_ms=0 if expires_at is None else to_millis(expires_at),
        )
        is_taker = kind is OrderKind.IMMEDIATE_OR_CANCEL
        order_id = self._account(account).next_order_id
        self._as_owner(account, PlaceAndTake(params) if is_taker else PlaceOrders((params,)))
        return order_id if self._account(account).next_order_id > order_id else None

    def cancel_foreign(self, account: str, venue_order_id: int) -> None:
        """Let the owner cancel an order by hand, at once. Raises Refused."""
        self._as_owner(account, CancelOrder(venue_order_id))

    # Keeping it

    def dump(self) -> bytes:
        """Give the whole chain as JSON that `load` understands."""
        return dump(self._works)

    def load(self, data: bytes) -> None:
        """Take a chain that `dump` gave; raise ValueError when it is none of this market."""
        load(self._works, data)

    def _as_owner(self, account: str, instruction: Instruction) -> None:
        self._works.require_begun()
        scene = self._works.scene(self._account(account))
        trial = replace(scene, account=scene.account.trial())
        run(trial, (instruction,))
        self._finish(trial)

    def _finish(self, scene: Scene) -> None:
        self._works.commit(scene)
        self._works.run(self.now_ms)

    def _account(self, account: str) -> Account:
        found = self._works.accounts.get(account)
        if found is None:
            raise UnknownAccount(f"expected an open account, found {account!r:.80}")
        return found
