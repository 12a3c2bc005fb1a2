"""A program's refusal in words."""

import pytest

from execution.domain.errors import Action, classify
from gateway.domain.program_words import why_failed, why_refused


@pytest.mark.parametrize(
    ("code", "reason", "why"),
    [
        (None, None, None),
        (6003, "InsufficientCollateral", "the account has too little collateral for it (6003)"),
        (6057, None, "the price would cross the market, and a post-only order must rest (6057)"),
        (6010, "UserHasNoPositionInMarket", "user has no position in market (6010)"),
        (6999, "give-up", "give up (6999)"),
        (6999, None, "the program does not say why (6999)"),
        (None, "AccountNotFound", "the wallet holds no SOL for the fee"),
        (None, "InsufficientFundsForFee", "the wallet holds too little SOL for the fee"),
        (None, "TooManyAccountLocks", "too many account locks"),
    ],
)
def test_a_refusal_says_why(code: int | None, reason: str | None, why: str | None) -> None:
    assert why_refused(code, reason) == why


def test_every_refusal_that_the_engine_knows_but_a_foreign_layout_has_words() -> None:
    known = [code for code in range(1, 7_000) if classify(code) is not Action.GIVE_UP]
    assert len(known) > 15
    nameless = [
        code
        for code in known
        if "does not say why" in str(why_refused(code, None))
        and classify(code) is not Action.STOP_ALL
    ]
    assert nameless == []


def test_what_landed_and_failed_says_why_without_its_code() -> None:
    assert why_failed(6071) == "an order with its number is open already"
    assert why_failed(6999) == "the program refused it"
