"""Settings that would break a rule of the order plan are refused, with the reason."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from chassis.settings import load_settings
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


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"PAPER_FEES": "free"}, "PAPER_FEES: expected one of velocity, drift, found 'free'"),
        (
            {"PAPER_FEES": "drift"},
            (
                "PAPER_FEES: expected a table with a taker fee of at most 4 bps, which break-even "
                "counts on, not of 10 bps, found 'drift'"
            ),
        ),
        (
            {"PAPER_IS_CALM": "true", "PAPER_SEED": "7", "PAPER_DROP_RATE": "0.10"},
            (
                "expected PAPER_IS_CALM=true without other settings of the paper venue, which a "
                "calm one does not follow; found PAPER_DROP_RATE, PAPER_SEED"
            ),
        ),
        ({"ACCOUNT": "A b"}, "ACCOUNT: expected [a-z0-9-]{1,64}, found 'A b'"),
    ],
)
def test_a_refusal_is_one_line_with_what_was_expected_and_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    line: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_:
        load_settings(ExecutionSettings)
    assert exit_.value.code == 78
    assert capsys.readouterr().err == f"configuration_error: {line}\n"


def test_what_is_not_calm_may_say_so_beside_other_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAPER_IS_CALM", "false")
    monkeypatch.setenv("PAPER_SEED", "7")
    assert ExecutionSettings().rules == PaperRules(seed=7)
