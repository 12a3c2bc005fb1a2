"""Our reading of Drift's instructions against what driftpy writes."""

import importlib.util
import json
from dataclasses import replace
from typing import Any

import pytest
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from execution.signing.drift_ix import (
    U64_MAX,
    Call,
    Cancel,
    CancelNumber,
    CancelSide,
    Changes,
    Direction,
    Extras,
    Fire,
    MarketType,
    Modify,
    OrderParams,
    OrderType,
    Place,
    PostOnly,
    Take,
    Trigger,
    decode,
)
from execution.signing.facts import Facts
from execution.signing.policy import Permit, judge
from execution.signing.refusals import Code, Refused
from kit import drift_golden, signing_scene
from kit.signing_scene import BLOCKHASH, FLAT, LONG, SIGNER, VERDICT, WORKING

PLAIN = Extras(None, None, None, None)
ALL = Extras(
    oracle_price_offset=-6, auction_duration=7, auction_start_price=-8, auction_end_price=9
)
ENTRY = OrderParams(
    order_type=OrderType.LIMIT,
    market_type=MarketType.PERP,
    direction=Direction.LONG,
    user_order_id=16,
    base_asset_amount=10_000_000_000,
    price=149_900_000,
    market_index=0,
    reduce_only=False,
    post_only=PostOnly.MUST,
    bit_flags=0,
    max_ts=1_750_507_230,
    trigger_price=None,
    trigger_condition=Trigger.ABOVE,
    extras=PLAIN,
)
STOP = replace(
    ENTRY,
    order_type=OrderType.TRIGGER_MARKET,
    direction=Direction.SHORT,
    user_order_id=48,
    base_asset_amount=U64_MAX,
    price=0,
    reduce_only=True,
    post_only=PostOnly.NONE,
    max_ts=0,
    trigger_price=148_000_000,
    trigger_condition=Trigger.BELOW,
)
EVERY = OrderParams(
    order_type=OrderType.ORACLE,
    market_type=MarketType.PERP,
    direction=Direction.SHORT,
    user_order_id=255,
    base_asset_amount=1,
    price=2,
    market_index=513,
    reduce_only=True,
    post_only=PostOnly.SLIDE,
    bit_flags=3,
    max_ts=-4,
    trigger_price=5,
    trigger_condition=Trigger.TRIGGERED_BELOW,
    extras=ALL,
)
CLOSE = replace(
    ENTRY,
    direction=Direction.SHORT,
    user_order_id=208,
    price=149_000_000,
    reduce_only=True,
    post_only=PostOnly.NONE,
    bit_flags=1,
    max_ts=None,
)
MOVE = Changes(
    direction=None,
    base_asset_amount=None,
    price=150_000_000,
    reduce_only=None,
    post_only=None,
    bit_flags=None,
    max_ts=1_750_507_230,
    trigger_price=None,
    trigger_condition=None,
    extras=PLAIN,
    policy=1,
)
EVERY_CHANGE = Changes(
    direction=Direction.SHORT,
    base_asset_amount=1,
    price=2,
    reduce_only=True,
    post_only=PostOnly.TRY,
    bit_flags=3,
    max_ts=-4,
    trigger_price=5,
    trigger_condition=Trigger.TRIGGERED_ABOVE,
    extras=ALL,
    policy=3,
)
READ: dict[str, Call] = {
    "bracket": Place((ENTRY, STOP)),
    "entry": Place((ENTRY,)),
    "every-field": Place((EVERY,)),
    "close": Take(CLOSE, None),
    "move": Modify(5, MOVE),
    "every-change": Modify(5, EVERY_CHANGE),
    "cancel": Cancel((5,)),
    "cancel-last": Cancel((None,)),
    "cancel-number": CancelNumber(16),
    "cancel-side": CancelSide(MarketType.PERP, 0, Direction.LONG),
    "cancel-all": CancelSide(None, None, None),
    "fire": Fire(7),
}
FIXTURE: dict[str, Any] = json.loads(drift_golden.FIXTURE.read_text())
WRITTEN: drift_golden.Written = FIXTURE["instructions"]
needs_driftpy = pytest.mark.skipif(
    importlib.util.find_spec("driftpy") is None,
    reason="driftpy is not installed: `just sync --extra drift` compares with the real builders",
)


@pytest.mark.parametrize("name", READ)
def test_we_read_what_driftpy_writes(name: str) -> None:
    assert decode(bytes.fromhex(WRITTEN[name]["data"])) == READ[name]


@pytest.mark.parametrize("name", READ)
def test_every_part_and_every_extension_is_refused(name: str) -> None:
    data = bytes.fromhex(WRITTEN[name]["data"])

    for wrong in [data[:size] for size in range(len(data))] + [data + b"\x00"]:
        with pytest.raises(Refused) as caught:
            decode(wrong)
        assert caught.value.refusal.code in {Code.ARGUMENTS, Code.INSTRUCTION_FORBIDDEN}


def test_a_move_by_our_number_is_not_on_the_list() -> None:
    with pytest.raises(Refused, match="instruction_forbidden"):
        decode(bytes.fromhex(WRITTEN["move-by-number"]["data"]))


ALLOWED = {
    "bracket": (FLAT, VERDICT),
    "move": (WORKING, VERDICT),
    "close": (LONG, None),
    "cancel": (WORKING, None),
    "cancel-number": (WORKING, None),
    "cancel-side": (WORKING, None),
    "fire": (LONG, None),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_driftpys_instructions_pass_the_policy_with_its_addresses(name: str) -> None:
    account, verdict = ALLOWED[name]
    ours = {it: Pubkey.from_string(key) for it, key in FIXTURE["addresses"].items()}
    venue = replace(
        account.venue,
        program=ours["program"],
        state=ours["state"],
        user=ours["user"],
        user_stats=ours["user_stats"],
    )
    signer = replace(SIGNER, session=replace(SIGNER.session, delegate=ours["delegate"]))
    metas = [AccountMeta(Pubkey.from_string(it[0]), *it[1:]) for it in WRITTEN[name]["accounts"]]
    data = bytes.fromhex(WRITTEN[name]["data"])
    calls = [set_compute_unit_limit(200_000), Instruction(ours["program"], data, metas)]
    message = MessageV0.try_compile(ours["delegate"], calls, [], BLOCKHASH)

    answer = judge(to_bytes_versioned(message), Facts(replace(account, venue=venue), signer))

    assert isinstance(answer, Permit), str(answer)
    assert answer.verdict == verdict


@needs_driftpy
@pytest.mark.filterwarnings("ignore")
def test_driftpy_still_writes_what_the_fixture_holds() -> None:
    assert drift_golden.built() == WRITTEN
    assert drift_golden.addresses() == FIXTURE["addresses"]


def test_the_scene_has_the_programs_real_name() -> None:
    assert str(signing_scene.PROGRAM) == FIXTURE["addresses"]["program"]
