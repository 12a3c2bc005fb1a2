"""A transaction lands once or never, and costs its fee when it lands (execution.md 3.3)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from execution.venues.paper.chain import UnknownAccount
from execution.venues.paper.codes import Code
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.wire import paper_signature
from execution.venues.port import Blockhash, PlacedRecord, SignedTransaction
from kit.paper_chain import ACCOUNT, BEGIN_MS, Desk, a_cancel, a_stop, an_order, calm, ids

LIFE_MS = 150 * 400


def slow(milliseconds: int, **changes: object) -> PaperRules:
    return calm(landing_ms=((0, milliseconds), (1_000, milliseconds)), **changes)


def test_without_a_delay_a_transaction_lands_at_once_and_without_a_print() -> None:
    desk = Desk()
    signature = desk.send(an_order())
    landed = desk.chain.fate(signature)
    assert landed is not None
    assert (landed.slot, landed.code) == (desk.chain.slot, None)
    assert len(desk.seen.orders) == 1
    assert desk.chain.next_due_ms() is None


def test_a_transaction_lands_after_its_delay_also_between_two_prints() -> None:
    desk = Desk(slow(1_700))
    signature = desk.send(an_order())
    assert desk.chain.next_due_ms() == BEGIN_MS + 1_000  # the next broadcast
    desk.wait(1_699)
    assert desk.chain.fate(signature) is None
    assert desk.chain.next_due_ms() == BEGIN_MS + 1_700
    desk.wait(1)
    landed = desk.chain.fate(signature)
    assert landed is not None
    assert landed.slot == desk.chain.slot
    assert desk.told(PlacedRecord)[0].at_ms == BEGIN_MS + 1_700


def test_what_lands_at_a_print_s_time_is_there_before_the_print() -> None:
    desk = Desk(slow(500))
    desk.send(an_order())
    desk.sell("99.9", after_ms=500)
    assert desk.told(PlacedRecord)[0].trade_id == 2  # the print before


def test_lost_broadcasts_are_repeated_until_one_arrives() -> None:
    desk = Desk()
    desk.chain.weather.drop_rate = Decimal(1)
    signature = desk.send(an_order())
    desk.wait(4_500)
    assert desk.chain.fate(signature) is None
    desk.chain.weather.drop_rate = None
    desk.wait(499)
    assert desk.chain.fate(signature) is None
    desk.wait(1)
    assert desk.chain.fate(signature) is not None


def test_the_earliest_broadcast_that_arrives_counts() -> None:
    desk = Desk(slow(0))
    desk.chain.weather.landing_extra_ms = 30_000
    signature = desk.send(an_order())
    desk.chain.weather.landing_extra_ms = 0
    desk.wait(1_000)
    landed = desk.chain.fate(signature)
    assert landed is not None
    assert landed.slot == desk.chain.slot


def test_a_transaction_that_no_block_took_dies_and_costs_nothing() -> None:
    desk = Desk()
    desk.chain.weather.drop_rate = Decimal(1)
    signature = desk.send(an_order())
    blockhash = desk.chain.blockhash()
    assert blockhash.last_valid_block_height == desk.chain.block_height + 150
    desk.wait(LIFE_MS + 399)
    assert desk.chain.block_height == blockhash.last_valid_block_height
    assert not desk.chain.is_idle
    desk.wait(1)
    assert desk.chain.is_idle
    desk.chain.weather.drop_rate = None
    desk.wait(LIFE_MS)
    assert desk.chain.fate(signature) is None
    assert desk.seen.fee_payer_lamports == 100_000_000


def test_a_late_broadcast_lands_up_to_the_last_valid_block() -> None:
    desk = Desk(calm(late_rate=Decimal(1), rebroadcast_ms=10**9))
    signatures = [desk.send(an_order(number=n)) for n in range(1, 21)]
    desk.wait(LIFE_MS + 400)
    fates = [desk.chain.fate(it) for it in signatures]
    slots = sorted(it.slot for it in fates if it is not None)
    assert len(slots) == 20
    begin = BEGIN_MS // 400
    assert begin <= slots[0] < begin + 50
    assert begin + 100 < slots[-1] <= begin + 150


def test_a_transaction_lands_at_most_once() -> None:
    desk = Desk(slow(400, rebroadcast_ms=100))
    transaction = desk.signed(an_order())
    for _ in range(3):
        desk.chain.submit(transaction)
    desk.wait(LIFE_MS)
    desk.chain.submit(transaction)  # a copy after it landed
    desk.wait(LIFE_MS)
    assert len(desk.told(PlacedRecord)) == 1
    assert desk.seen.fee_payer_lamports == 100_000_000 - 5_000


@pytest.mark.parametrize("is_failing", [False, True])
def test_the_fee_payer_pays_for_what_lands_whether_it_failed_or_not(*, is_failing: bool) -> None:
    desk = Desk()
    transaction = desk.signed(an_order(quantity="0.001" if is_failing else "1"), fee=1_234)
    desk.chain.submit(transaction)
    landed = desk.chain.fate(transaction.signature)
    assert landed is not None
    assert landed.code == (Code.BELOW_STEP_SIZE if is_failing else None)
    assert landed.fee_lamports == 6_234
    assert desk.seen.fee_payer_lamports == 100_000_000 - 6_234


def test_a_fee_payer_without_money_lands_nothing_until_it_has_some() -> None:
    desk = Desk()
    desk.chain.set_fee_payer(ACCOUNT, lamports=4_999)
    signature = desk.send(an_order())
    desk.wait(3_000)
    assert desk.chain.fate(signature) is None
    assert desk.seen.fee_payer_lamports == 4_999
    desk.chain.set_fee_payer(ACCOUNT, lamports=50_000)
    desk.wait(1_000)
    assert desk.chain.fate(signature) is not None


def test_while_the_engine_is_down_nobody_broadcasts_again() -> None:
    desk = Desk()
    desk.chain.weather.drop_rate = Decimal(1)
    signature = desk.send(an_order())
    desk.chain.weather.drop_rate = None
    desk.chain.weather.is_engine_down = True
    desk.wait(10_000)
    assert desk.chain.fate(signature) is None
    desk.chain.weather.is_engine_down = False
    desk.wait(1_000)
    assert desk.chain.fate(signature) is not None


def test_nothing_lands_after_its_last_valid_block() -> None:
    desk = Desk()
    desk.chain.weather.landing_extra_ms = LIFE_MS + 500
    desk.chain.weather.is_engine_down = True
    signature = desk.send(an_order())
    desk.wait(2 * LIFE_MS)
    assert desk.chain.fate(signature) is None
    assert desk.chain.is_idle


def test_transactions_may_overtake_each_other() -> None:
    desk = Desk(slow(0))
    desk.chain.weather.landing_extra_ms = 900
    first = desk.send(an_order(number=1))
    desk.chain.weather.landing_extra_ms = 0
    desk.send(an_order(number=2))
    assert [it.user_order_id for it in desk.told(PlacedRecord)] == [2]
    desk.wait(900)
    assert desk.chain.fate(first) is not None


# What is no transaction of this chain


def test_a_message_that_cannot_be_read_lands_with_the_abi_error() -> None:
    desk = Desk()
    good = desk.signed(an_order())
    for bad in (
        b"",
        b"{}",
        good.message + b" ",
        good.message.replace(b"place_orders", b"place_order"),
        good.message.replace(b'"quantity":1000000000', b'"quantity":-1'),
        good.message.replace(b'"max_ms":0', b'"max_ms":0,"more":0'),
        good.message.replace(b'"quantity":1000000000', b'"quantity":1e9'),
    ):
        assert bad != good.message
        broken = replace(good, message=bad, signature=paper_signature(bad))
        desk.chain.submit(broken)
        landed = desk.chain.fate(broken.signature)
        assert landed is not None
        assert landed.code == Code.UNREADABLE
        assert landed.fee_lamports == 5_000
    assert desk.seen.orders == ()


def test_after_an_upgrade_of_the_program_nothing_is_read() -> None:
    desk = Desk()
    desk.chain.weather.program_is_foreign = True
    assert desk.code(an_order()) == Code.UNREADABLE


def test_a_foreign_or_old_block_is_not_taken() -> None:
    desk = Desk()
    good = desk.signed(an_order())
    height = good.blockhash.last_valid_block_height
    for blockhash in (
        Blockhash("1" * 32, height),
        Blockhash(good.blockhash.hash, height + 1),
        Blockhash(good.blockhash.hash, height - 151),
    ):
        desk.chain.submit(replace(good, blockhash=blockhash))
        assert desk.chain.is_idle
    desk.wait(LIFE_MS + 400)
    desk.chain.submit(good)
    assert desk.chain.is_idle


def test_the_block_in_the_message_is_the_one_that_counts() -> None:
    desk = Desk()
    old = desk.signed(an_order())
    desk.wait(400)
    forged = replace(old, blockhash=desk.chain.blockhash())
    desk.chain.submit(forged)
    desk.wait(2 * LIFE_MS)
    assert desk.chain.fate(forged.signature) is None
    assert desk.seen.fee_payer_lamports == 100_000_000


def test_a_message_of_another_account_is_not_signed_for() -> None:
    desk = Desk()
    desk.chain.open_account("other", deposit_usd=Decimal(1_000))
    theirs = desk.signed(an_order())
    desk.chain.submit(replace(theirs, account="other"))
    landed = desk.chain.fate(theirs.signature)
    assert landed is not None
    assert landed.code == Code.NOT_A_SIGNER


def test_an_account_that_is_not_open_is_unknown() -> None:
    desk = Desk()
    transaction = SignedTransaction("nobody", "1" * 64, b"", desk.chain.blockhash())
    with pytest.raises(UnknownAccount, match="'nobody'"):
        desk.chain.submit(transaction)


def test_opening_an_account_twice_changes_nothing() -> None:
    desk = Desk()
    desk.place(an_order())
    desk.chain.open_account(ACCOUNT, deposit_usd=Decimal(1))
    assert desk.seen.cash_usd == 10_000
    assert len(ids(desk)) == 1


# The message


def test_equal_intents_give_equal_bytes() -> None:
    one, two = Desk(), Desk()
    intents = (an_order(), a_stop(), a_cancel(7))
    assert one.signed(*intents) == two.signed(*intents)
    assert one.signed(*intents).message.count(b"place_orders") == 1  # neighbors go together


def test_a_signature_is_the_hash_of_the_message() -> None:
    assert paper_signature(b"a") == paper_signature(b"a") != paper_signature(b"b")
    assert 64 <= len(paper_signature(b"a")) <= 88


def test_a_message_is_for_one_account_and_market() -> None:
    desk = Desk()
    for intent in (an_order(account="other"), an_order(market="btc-perp")):
        with pytest.raises(ValueError, match="expected an intent of local in sol-perp"):
            desk.signed(intent)


def test_what_is_finer_than_the_program_cannot_be_written() -> None:
    desk = Desk()
    for order in (an_order(price="99.0000001"), an_order(quantity="1.0000000001")):
        with pytest.raises(ValueError, match="decimals"):
            desk.signed(order)
