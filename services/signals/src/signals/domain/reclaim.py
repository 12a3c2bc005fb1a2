"""The VWAP reclaim of market-data.md 4: price loses the session VWAP, crosses back, and holds.

One machine per side. The rules are written for a long; a short sees the same bars reflected about
zero. With V the session VWAP, A the ATR(14, 5m) and b = max(2 bps of V, 0.05 A), on 1m closes C:

    IDLE, SPENT -> LOST      5 or more consecutive C < V, the deepest V - C >= 0.25 A
    LOST        -> CROSSED   C >= V + b
    CROSSED     -> signal    within 15 bars of the cross: 2 consecutive C >= V, the cross may be
                             the first; their mean volume >= the median of the 20 bars before
                             them; their summed delta > 0
    CROSSED     -> SPENT     C < V - b, or the 15 bars are over

How we read the definition where it leaves room (ADR 9 says why, and what else it would give):

1.  The depth is that of closes, each below the V of its own bar; A is the newest at every bar, and
    V has the bar in it.
2.  A run of closes below V counts wherever it stands: also one that ripened after the cross.
3.  The cross is a close at or above V as well, so it may be the first of the two that confirm; it
    confirms nothing by itself.
4.  The 15 bars are those after the cross, and any pair in them may confirm.
5.  Volume and delta are judged over the pair together; the 20 bars are those before the pair.
6.  INVALID ends the episode, by price and by time alike: a new LOST must come.
7.  A confirmation that is suppressed has given no signal: the episode stands, and a later pair may
    confirm it.
8.  The window that a silence spoils begins with the first of the closes that became LOST.
9.  A new session starts both machines anew, because V is another line then.
10. Long and short are two machines that do not know of each other.
"""

from dataclasses import dataclass, replace

from contracts.signal import Phase, WithheldReason
from signals.domain.indicators import Bar

LOST_CLOSES_MIN = 5
CONFIRM_BARS_MAX = 15
PRIOR_VOLUMES = 20
ANCHOR_MINUTES_MIN = 30
SILENCE_MS_MAX = 30_000
BAND_SCALE = 5_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A closed bar with what the rules compare it to. Prices in the indicators' units."""

    high: int
    low: int
    close: int
    volume: int
    delta: int
    vwap: int
    band: int
    """b x `BAND_SCALE`, so that it is whole."""
    atr: int
    silence_ms_max: int
    missing_trades: int
    prior_volumes: tuple[int, ...]
    """Of the 20 bars before this one and the one before it."""
    before_volume: int
    before_delta: int
    """Of the bar before this one."""
    is_anchor_young: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Bars from the first close on the losing side of VWAP on."""

    closes: int
    extreme: int
    """Lowest low of a long, highest high of a short."""
    silence_ms_max: int
    missing_trades: int


@dataclass(frozen=True, slots=True)
class Episode:
    """Where one side's machine stands."""

    phase: Phase = Phase.IDLE
    run: Window | None = None
    """The consecutive closes below VWAP that end with the last bar."""
    depth: int = 0
    """Deepest close of the run below its VWAP."""
    window: Window | None = None
    """Since LOST began; None while nothing was lost."""
    bars_since_cross: int = 0
    was_above: bool = False
    """Whether the bar before closed at or above its VWAP."""


@dataclass(frozen=True, slots=True)
class Step:
    """The machine after a bar. `reason` is None when the bar confirms the reclaim."""

    episode: Episode
    reason: WithheldReason | None


def band(*, vwap: int, atr: int) -> int:
    """Give b = max(2 bps of V, 0.05 A), times `BAND_SCALE`."""
    return max(vwap, BAND_SCALE // 20 * atr)


def reflected(reading: Reading) -> Reading:
    """Give the bar as a short sees it."""
    return replace(
        reading,
        high=-reading.low,
        low=-reading.high,
        close=-reading.close,
        delta=-reading.delta,
        vwap=-reading.vwap,
        before_delta=-reading.before_delta,
    )


def advance(before: Episode, bar: Reading) -> Step:
    """Fold a bar into a long's machine; the caller spends the episode when it signals."""
    above = bar.close - bar.vwap
    episode = _gather(before, bar, above=above)
    reason: WithheldReason | None = WithheldReason.VWAP_NOT_LOST
    match before.phase:
        case Phase.CROSSED:
            episode, reason = _judge(episode, bar, above=above, was_above=before.was_above)
        case Phase.LOST:
            reason = WithheldReason.WAITING_FOR_CROSS
            if BAND_SCALE * above >= bar.band:
                episode = replace(episode, phase=Phase.CROSSED, bars_since_cross=0)
                reason = WithheldReason.WAITING_FOR_CONFIRMATION
        case Phase.IDLE | Phase.SPENT:
            pass
    if episode.phase in (Phase.IDLE, Phase.SPENT) and _is_lost(episode, bar):
        episode = replace(episode, phase=Phase.LOST, window=episode.run, bars_since_cross=0)
        if reason is WithheldReason.VWAP_NOT_LOST:
            reason = WithheldReason.WAITING_FOR_CROSS
    return Step(episode, reason)


def spent(episode: Episode) -> Episode:
    """Give the machine after its signal."""
    return replace(episode, phase=Phase.SPENT, window=None, bars_since_cross=0)


def _gather(before: Episode, bar: Reading, *, above: int) -> Episode:
    """Add the bar to the run of closes below VWAP and to the window of the episode."""
    is_below = above < 0
    return replace(
        before,
        run=_widened(before.run, bar) if is_below else None,
        depth=max(before.depth, -above) if is_below else 0,
        window=None if before.window is None else _widened(before.window, bar),
        bars_since_cross=before.bars_since_cross + (before.phase is Phase.CROSSED),
        was_above=not is_below,
    )


def _widened(window: Window | None, bar: Reading) -> Window:
    if window is None:
        return Window(1, bar.low, bar.silence_ms_max, bar.missing_trades)
    return Window(
        window.closes + 1,
        min(window.extreme, bar.low),
        max(window.silence_ms_max, bar.silence_ms_max),
        window.missing_trades + bar.missing_trades,
    )


def _is_lost(episode: Episode, bar: Reading) -> bool:
    run = episode.run
    return run is not None and run.closes >= LOST_CLOSES_MIN and 4 * episode.depth >= bar.atr


def _judge(
    episode: Episode, bar: Reading, *, above: int, was_above: bool
) -> tuple[Episode, WithheldReason | None]:
    """Look at a bar after the cross."""
    if BAND_SCALE * above < -bar.band:
        return spent(episode), WithheldReason.RECLAIM_INVALIDATED
    if episode.bars_since_cross > CONFIRM_BARS_MAX:
        return spent(episode), WithheldReason.CONFIRMATION_TIMED_OUT
    if above < 0 or not was_above:
        return episode, WithheldReason.WAITING_FOR_CONFIRMATION
    prior = sorted(bar.prior_volumes)
    if bar.volume + bar.before_volume < prior[len(prior) // 2 - 1] + prior[len(prior) // 2]:
        return episode, WithheldReason.VOLUME_TOO_LOW
    if bar.delta + bar.before_delta <= 0:
        return episode, WithheldReason.CVD_AGAINST
    if bar.is_anchor_young:
        return episode, WithheldReason.ANCHOR_TOO_YOUNG
    if episode.window is None or episode.window.silence_ms_max > SILENCE_MS_MAX:
        return episode, WithheldReason.TRADE_SILENCE_IN_WINDOW
    return episode, None


def reading_of(
    bar: Bar,
    *,
    vwap: int,
    atr: int,
    volumes: tuple[int, ...],
    before_delta: int,
    is_anchor_young: bool,
) -> Reading:
    """Put a bar beside its indicators; `volumes` are those before it, the newest last."""
    return Reading(
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        delta=bar.delta,
        vwap=vwap,
        band=band(vwap=vwap, atr=atr),
        atr=atr,
        silence_ms_max=bar.silence_ms_max,
        missing_trades=bar.missing_trades,
        prior_volumes=volumes[-1 - PRIOR_VOLUMES : -1],
        before_volume=volumes[-1],
        before_delta=before_delta,
        is_anchor_young=is_anchor_young,
    )
