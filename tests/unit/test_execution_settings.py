"""Settings that would break a rule of the order plan are refused, with the reason."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from execution.settings import ExecutionSettings
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules


def test_the_defaults_are_the_pessimistic_rules() -> None:
    assert ExecutionSettings().rules == PaperRules()


def test_each_setting_reaches_the_rule_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PAPER_SEED": "7",
        "PAPER_DROP_RATE": "0.5",
        "PAPER_PARTICIPATION": "0.25",
        "PAPER_QUEUE_AHEAD_USD": "100",
    }.items():
        monkeypatch.setenv(name, value)
    assert ExecutionSettings().rules == PaperRules(
        fees=FEES["velocity"],
        seed=7,
        drop_rate=Decimal("0.5"),
        participation=Decimal("0.25"),
        queue_ahead_usd=Decimal(100),
    )


def test_a_calm_chain_is_the_calm_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPER_IS_CALM", "true")
    assert ExecutionSettings().rules == PaperRules.calm()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAPER_SEED", "-1"),
        ("PAPER_DROP_RATE", "1.01"),
        ("PAPER_DROP_RATE", "-0.01"),
        ("PAPER_PARTICIPATION", "0"),  # nothing would ever fill
        ("PAPER_PARTICIPATION", "1.5"),
        ("PAPER_QUEUE_AHEAD_USD", "-1"),
        ("PAPER_QUEUE_AHEAD_USD", "NaN"),
        ("CHECKPOINT_EVENTS", "0"),
    ],
)
def test_a_number_that_no_chain_could_have_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        ExecutionSettings()


def test_an_unknown_fee_table_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAPER_FEES", "free")
    with pytest.raises(ValidationError, match="expected one of velocity, drift, found 'free'"):
        ExecutionSettings()


def test_a_fee_beyond_what_break_even_counts_on_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAPER_FEES", "drift")
    with pytest.raises(ValidationError, match="which break-even counts on; found 10 bps of drift"):
        ExecutionSettings()
