"""The page's plain words: for every reason, rule and mode of the contracts, with their numbers."""

import re
from pathlib import Path

from contracts.engine import Mode
from contracts.signal import WithheldReason
from contracts.verdict import ENTRY_CHASE_R_MAX, Rule
from risk.domain.policy import POLICY
from signals.domain import reclaim
from signals.domain.indicators import PERIOD
from supervisor.page import sources


def page_file(name: str, feature: str = "verdicts") -> str:
    found = sources()
    assert found is not None
    return Path(found.web, "src", "features", feature, name).read_text()


def keys_of(text: str, table: str) -> list[str]:
    body = text.split(f"export const {table}", 1)[1].split("\n};", 1)[0]
    return re.findall(r"^  (\w+):", body, re.MULTILINE)


def test_every_reason_and_every_rule_has_words() -> None:
    assert keys_of(page_file("reasons.ts"), "REASONS") == [one.value for one in WithheldReason]
    assert keys_of(page_file("rules.ts"), "RULES") == [one.value for one in Rule]


def test_modes_are_counted_as_the_contract_counts_them() -> None:
    listed = page_file("rules.ts").split("export const MODES = [", 1)[1].split("]", 1)[0]
    assert re.findall(r'"(\w+)"', listed) == [one.value for one in Mode]


def test_the_numbers_in_the_words_are_those_of_the_rules() -> None:
    reasons = page_file("reasons.ts")
    for text in (
        f"{reclaim.LOST_CLOSES_MIN} closes in a row beyond it",
        f"within {reclaim.CONFIRM_BARS_MAX} bars",
        f"{reclaim.CONFIRM_BARS_MAX} bars went by",
        f"median of the {reclaim.PRIOR_VOLUMES} bars",
        f"{reclaim.PRIOR_VOLUMES} minutes of volume",
        f"younger than {reclaim.ANCHOR_MINUTES_MIN} minutes",
        f"more than {reclaim.SILENCE_MS_MAX // 1_000} s",
        f"{PERIOD} closed bars of 5 minutes",
    ):
        assert text in reasons
    assert POLICY.liquidation_distance_atr_min == 4
    assert "four ATR(5m)" in page_file("rules.ts")
    assert f"at most {ENTRY_CHASE_R_MAX} R" in page_file("setup-card.tsx", feature="setup")
