"""Settings that would break a rule of the order plan are refused, with the reason."""

import pytest
from pydantic import ValidationError

from execution.settings import ExecutionSettings


def test_the_defaults_are_sound() -> None:
    assert ExecutionSettings().rules.latency_ms == 400


def test_a_latency_beyond_the_keeper_is_refused_because_a_stop_could_be_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAPER_LATENCY_MS", "1500")
    with pytest.raises(ValidationError, match="an entry could fill after its stop is gone"):
        ExecutionSettings()


@pytest.mark.parametrize(
    ("name", "value"), [("PAPER_FEES", "drift"), ("PAPER_STOP_SLIPPAGE_BPS", "5")]
)
def test_costs_beyond_what_break_even_counts_on_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match="which break-even counts on"):
        ExecutionSettings()
