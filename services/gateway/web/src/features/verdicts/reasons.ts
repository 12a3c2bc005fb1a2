/** Why a bar gave no entry, in plain words; the numbers are those of the strategy's rules. */

export const REASONS: Record<string, string> = {
  session_incomplete:
    "A part of the session since 00:00 UTC is missing, so its VWAP is not known. Over at the next 00:00 UTC.",
  warming_up:
    "The indicators need more bars: 14 closed bars of 5 minutes for the ATR, 20 minutes of volume.",
  anchor_too_young: "The session is younger than 30 minutes: its VWAP still moves too easily.",
  vwap_not_lost:
    "Neither side lost the VWAP: that takes 5 closes in a row beyond it, the deepest by 0.25 ATR.",
  waiting_for_cross:
    "One side lost the VWAP. Now a close must come back over it by 2 bps or 0.05 ATR, what is more.",
  waiting_for_confirmation:
    "The price came back over the VWAP. Now 2 closes in a row must hold it, within 15 bars.",
  volume_too_low: "2 closes held the VWAP, on less volume than the median of the 20 bars before.",
  cvd_against: "2 closes held the VWAP, but aggressors traded against it in these bars.",
  confirmation_timed_out: "15 bars went by without a confirmation: the episode is over.",
  reclaim_invalidated:
    "A close fell back beyond the VWAP by more than the band: the episode is over.",
  trade_silence_in_window: "No trade came for more than 30 s within the window: it proves nothing.",
  bar_incomplete: "The recording ended within this bar: its close is none.",
  stop_too_close:
    "The stop would stand less than a tick from the entry, or a price would not be above zero.",
};
