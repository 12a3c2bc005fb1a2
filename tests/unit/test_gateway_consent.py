"""What an owner agrees to tells the truth about who keeps which limit."""

from decimal import Decimal

from contracts.control import Settings
from gateway.domain.consent import ConsentText, consent_text

SETTINGS = Settings(
    leverage_max=Decimal("2.5"),
    risk_per_trade_bps=Decimal(50),
    daily_drawdown_limit_pct=Decimal(3),
    priority_fee_cap_microlamports=10_000,
    delegate_enabled=True,
    strategy_enabled=True,
)


def text(*, is_on_chain: bool, has_venue_page: bool = True) -> ConsentText:
    return consent_text(
        wallet="W",
        account="local",
        venue="V",
        is_on_chain=is_on_chain,
        has_venue_page=has_venue_page,
        settings=SETTINGS,
    )


def test_on_a_chain_the_program_keeps_the_leverage_and_the_desk_the_rest() -> None:
    said = text(is_on_chain=True).text
    assert "transfer deposits, in the builds of the program that this desk knows" in said
    assert "at a leverage of at most 2.5: your transaction sets that cap in the program" in said
    assert "leverage of at most 2.5, as the program does" in said
    assert "of the limits above the venue keeps the leverage alone" in said
    assert "at any leverage" not in said


def test_on_paper_nothing_but_the_desk_keeps_a_limit() -> None:
    said = text(is_on_chain=False).text
    assert "at any leverage that the venue allows" in said
    assert "the limits above are this desk's, not the venue's" in said
    assert "program" not in said


def test_a_page_of_the_venue_is_named_where_there_is_one() -> None:
    assert "at any time, here or on the venue's own page" in text(is_on_chain=True).text
    assert "the venue's own page" not in text(is_on_chain=True, has_venue_page=False).text


def test_another_venue_is_another_text_to_agree_to() -> None:
    assert text(is_on_chain=True).sha256 != text(is_on_chain=False).sha256
