"""The signals core: closed minutes in, one entry or one reason against it out.

It sees the log and nothing else, so the audit can feed it the recorded minutes and must get the
recorded decisions. Each minute is answered exactly once; one that comes back is passed over.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import TypeAdapter

from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import EventId, MarketId, derive_id
from contracts.markets import market_spec
from contracts.minute import MinuteClosed, MinutesBackfilled
from contracts.minutes import MINUTE_MS
from contracts.process import ServiceStarted
from contracts.routes import subject_of
from contracts.sessions import DAY_MS, anchor_of
from contracts.signal import EntrySignaled, EntryWithheld, Features, WithheldReason
from contracts.values import Side, to_millis
from signals.domain.indicators import Bar, FiveMinutes, Rsi, Session, price_usd
from signals.domain.reclaim import (
    ANCHOR_MINUTES_MIN,
    PRIOR_VOLUMES,
    Episode,
    Reading,
    advance,
    reading_of,
    reflected,
    spent,
)
from signals.domain.resume import MinuteOutOfOrder
from signals.domain.setup import Setup, plan_setup
from signals.domain.units import PRICE_PLACES, TICK_PLACES, TURNOVER_PLACES, from_units, to_units

SERVICE = "signals"
STRATEGY = "vwap-reclaim-3"
"""The version of the rules."""

_VOLUMES_KEPT = PRIOR_VOLUMES + 1
_MOST_TELLING = (
    WithheldReason.STOP_TOO_CLOSE,
    WithheldReason.TRADE_SILENCE_IN_WINDOW,
    WithheldReason.ANCHOR_TOO_YOUNG,
    WithheldReason.CVD_AGAINST,
    WithheldReason.VOLUME_TOO_LOW,
    WithheldReason.CONFIRMATION_TIMED_OUT,
    WithheldReason.RECLAIM_INVALIDATED,
    WithheldReason.WAITING_FOR_CONFIRMATION,
    WithheldReason.WAITING_FOR_CROSS,
    WithheldReason.VWAP_NOT_LOST,
)
"""The further a side had come, the more its reason tells."""


class ForeignMarket(ValueError):
    """The log holds another market's events too: one log holds one feed."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the next decision depends on."""

    feed: tuple[str, str, str] | None = None
    """Source venue, symbol and market."""
    began_ms: int | None = None
    """When the feed began; None while the log does not say."""
    minute_ms: int | None = None
    """Start of the last minute that was answered."""
    session: Session = field(default_factory=Session)
    rsi: Rsi = field(default_factory=Rsi)
    five_minutes: FiveMinutes = field(default_factory=FiveMinutes)
    volumes: tuple[int, ...] = ()
    delta: int = 0
    """Of the last bar."""
    long: Episode = field(default_factory=Episode)
    short: Episode = field(default_factory=Episode)
    is_told: bool = False
    """Whether another version of the rules decides: its answers are in the log."""


_STATE = TypeAdapter(State)


class SignalsCore:
    """The strategy of one market, as `contracts.core.Core` asks for it."""

    decides: ClassVar[tuple[type[Event], ...]] = (EntrySignaled, EntryWithheld)

    def __init__(self) -> None:
        self._state = State()

    @property
    def policy(self) -> str:
        """Name the version of its rules."""
        return STRATEGY

    @property
    def is_told(self) -> bool:
        """Say whether another version of the rules decides."""
        return self._state.is_told

    @property
    def state(self) -> State:
        """Give the state after the last event."""
        return self._state

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event; answer a new minute with one `entry_signaled` or `entry_withheld`.

        What a minute says is the same whoever decides on it, so a minute that other rules have
        answered is folded without an answer. Raises ForeignMarket and MinuteOutOfOrder.
        """
        match recorded.event:
            case FeedOpened() as opened:
                self._bind(opened)
                if self._state.began_ms is None:
                    began_ms = to_millis(recorded.occurred_at)
                    self._state = replace(self._state, began_ms=began_ms)
            case MinuteClosed() as minute:
                self._bind(minute)
                if self._is_new(to_millis(minute.minute)):
                    self._state, event = decide(self._state, minute)
                    return () if self._state.is_told else (_draft(event, recorded),)
            case MinutesBackfilled() as history:
                self._bind(history)
                if self._is_new(to_millis(history.first_minute)):
                    self._state = backfill(self._state, history)
            case ServiceStarted() as started if started.service == SERVICE:
                is_told = started.policy != STRATEGY
                self._state = replace(self._state, is_told=is_told)
            case _:
                pass
        return ()

    def snapshot(self) -> bytes:
        """Give the state as JSON; equal states give equal bytes."""
        return _STATE.dump_json(self._state)

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave; raise ValueError when it is not one."""
        self._state = _STATE.validate_json(state, strict=True)

    def _bind(self, event: FeedOpened | MinuteClosed | MinutesBackfilled) -> None:
        feed = (event.venue, event.symbol, event.market)
        if self._state.feed is None:
            self._state = replace(self._state, feed=feed)
        elif self._state.feed != feed:
            raise ForeignMarket(
                f"expected one feed in this log, {'/'.join(self._state.feed)}, and found"
                f" {event.event_type} of {'/'.join(feed)}"
            )

    def _is_new(self, minute_ms: int) -> bool:
        last_ms = self._state.minute_ms
        if last_ms is None or minute_ms == last_ms + MINUTE_MS:
            return True
        if minute_ms > last_ms:
            raise MinuteOutOfOrder(f"expected minute {last_ms + MINUTE_MS}, found {minute_ms}")
        return False


def decide(before: State, minute: MinuteClosed) -> tuple[State, EntrySignaled | EntryWithheld]:
    """Fold a minute and say whether to enter."""
    bar = bar_of(minute)
    if not minute.is_complete:
        # The trades are real and count in the sums; the close is no close.
        state = replace(before, minute_ms=bar.minute_ms, session=_session(before, bar))
        return state, _withheld(state, minute, WithheldReason.BAR_INCOMPLETE)
    state = _measure(before, bar)
    if not state.session.is_whole:
        state = _remember(replace(state, long=Episode(), short=Episode()), bar)
        return state, _withheld(state, minute, WithheldReason.SESSION_INCOMPLETE)
    reading = _reading(before, state, bar)
    if reading is None:
        state = _remember(state, bar)
        return state, _withheld(state, minute, WithheldReason.WARMING_UP)
    long, short = advance(state.long, reading), advance(state.short, reflected(reading))
    state = _remember(replace(state, long=long.episode, short=short.episode), bar)
    reasons: list[WithheldReason] = []
    for side, step in ((Side.LONG, long), (Side.SHORT, short)):
        if step.reason is not None:
            reasons.append(step.reason)
            continue
        setup = _setup(side, step.episode, minute, reading)
        if setup is None:
            reasons.append(WithheldReason.STOP_TOO_CLOSE)
            continue
        # Both cannot confirm in one bar: their deltas would have opposite signs.
        window = step.episode.window
        missing = 0 if window is None else window.missing_trades
        state = _with_episode(state, side, spent(step.episode))
        return state, _signaled(state, minute, setup, missing_trades=missing)
    if reading.is_anchor_young:
        return state, _withheld(state, minute, WithheldReason.ANCHOR_TOO_YOUNG)
    return state, _withheld(state, minute, min(reasons, key=_MOST_TELLING.index))


def backfill(before: State, history: MinutesBackfilled) -> State:
    """Fold minutes that the exchange summed: they count in the indicators and decide nothing.

    What they hold is not seen trade by trade, so the machines begin with the bar after them.
    """
    begin_ms = to_millis(history.first_minute)
    state = before if before.minute_ms is not None else replace(before, began_ms=begin_ms)
    for index, minute in enumerate(history.minutes):
        volume = to_units(minute.volume_base, TICK_PLACES)
        bar = Bar(
            minute_ms=begin_ms + index * MINUTE_MS,
            high=to_units(minute.high_usd, PRICE_PLACES),
            low=to_units(minute.low_usd, PRICE_PLACES),
            close=to_units(minute.close_usd, PRICE_PLACES),
            volume=volume,
            delta=2 * to_units(minute.buy_volume_base, TICK_PLACES) - volume,
            turnover=to_units(minute.turnover_usd, TURNOVER_PLACES),
            # No window holds this bar, and its trades have no ids by which some could be missing.
            silence_ms_max=0,
            trades=0,
            missing_trades=0,
        )
        state = _remember(_measure(state, bar), bar)
    return replace(state, long=Episode(), short=Episode())


def bar_of(minute: MinuteClosed) -> Bar:
    """Give a minute fact in whole numbers; a wait for the trade that closes it is a silence too."""
    volume = to_units(minute.volume_base, TICK_PLACES)
    minute_ms, closed_ms = to_millis(minute.minute), to_millis(minute.closed_at)
    return Bar(
        minute_ms=minute_ms,
        high=to_units(minute.high_usd, PRICE_PLACES),
        low=to_units(minute.low_usd, PRICE_PLACES),
        close=to_units(minute.close_usd, PRICE_PLACES),
        volume=volume,
        delta=2 * to_units(minute.buy_volume_base, TICK_PLACES) - volume,
        turnover=to_units(minute.turnover_usd, TURNOVER_PLACES),
        silence_ms_max=max(minute.silence_ms_max, closed_ms - minute_ms - MINUTE_MS),
        trades=minute.trades,
        missing_trades=minute.missing_trades,
    )


def _measure(before: State, bar: Bar) -> State:
    """Fold a bar into the indicators; a new session starts the machines anew."""
    session = _session(before, bar)
    is_same_session = anchor_of(session.since_ms) == anchor_of(before.session.since_ms)
    return replace(
        before,
        minute_ms=bar.minute_ms,
        session=session,
        rsi=before.rsi.add(bar.close),
        five_minutes=before.five_minutes.add(bar),
        long=before.long if is_same_session else Episode(),
        short=before.short if is_same_session else Episode(),
    )


def _session(before: State, bar: Bar) -> Session:
    """Add a bar to its session; the first session of a feed begins when the feed did."""
    if before.minute_ms is not None:
        return before.session.add(bar)
    return Session(max(bar.minute_ms, before.began_ms or 0)).add(bar)


def _reading(before: State, state: State, bar: Bar) -> Reading | None:
    vwap, atr = state.session.vwap, state.five_minutes.atr.value
    if vwap is None or atr is None or len(before.volumes) < _VOLUMES_KEPT:
        return None
    return reading_of(
        bar,
        vwap=vwap,
        atr=atr,
        volumes=before.volumes,
        before_delta=before.delta,
        is_anchor_young=bar.minute_ms % DAY_MS < ANCHOR_MINUTES_MIN * MINUTE_MS,
    )


def _remember(state: State, bar: Bar) -> State:
    kept = deque((*state.volumes, bar.volume), maxlen=_VOLUMES_KEPT)
    return replace(state, volumes=tuple(kept), delta=bar.delta)


def _with_episode(state: State, side: Side, episode: Episode) -> State:
    return replace(state, long=episode) if side is Side.LONG else replace(state, short=episode)


def _setup(side: Side, episode: Episode, minute: MinuteClosed, reading: Reading) -> Setup | None:
    if episode.window is None:
        return None
    return plan_setup(
        side,
        close=to_units(minute.close_usd, PRICE_PLACES),
        extreme=side.sign * episode.window.extreme,
        atr=reading.atr,
        tick_usd=market_spec(MarketId(minute.market)).tick_usd,
    )


def _features(state: State, minute: MinuteClosed) -> Features:
    vwap, atr = state.session.vwap, state.five_minutes.atr.value
    return Features(
        close_usd=minute.close_usd,
        session_vwap_usd=None if vwap is None else price_usd(vwap),
        session_cvd_base=from_units(state.session.delta, TICK_PLACES),
        atr_5m_usd=None if atr is None else price_usd(atr),
        rsi=state.rsi.value,
    )


def _withheld(state: State, minute: MinuteClosed, reason: WithheldReason) -> EntryWithheld:
    return EntryWithheld(
        market=minute.market,
        strategy=STRATEGY,
        minute=minute.minute,
        reason=reason,
        long_phase=state.long.phase,
        short_phase=state.short.phase,
        features=_features(state, minute),
    )


def _signaled(
    state: State, minute: MinuteClosed, setup: Setup, *, missing_trades: int
) -> EntrySignaled:
    return EntrySignaled(
        market=minute.market,
        side=setup.side,
        strategy=STRATEGY,
        minute=minute.minute,
        closed_at=minute.closed_at,
        entry_price_usd=setup.entry_price_usd,
        stop_price_usd=setup.stop_price_usd,
        tp_prices_usd=setup.tp_prices_usd,
        features=_features(state, minute),
        missing_trades_in_window=missing_trades,
    )


def _draft(event: EntrySignaled | EntryWithheld, minute: Recorded) -> Draft:
    """Let an entry begin a story of its own; a reason against one belongs to its minute."""
    identity = derive_id(EventId(minute.id), event.event_type)
    return Draft(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=minute.occurred_at,
        correlation_id=identity if isinstance(event, EntrySignaled) else minute.id,
        causation_id=minute.id,
    )
