"""The policy once more, written on its own: what must hold of whatever is signed.

It shares no line with `execution.signing` and parses with other means. It names everything that is
wrong with some bytes, in no order and with no codes.
"""

import math
from collections.abc import Iterator, Sequence

from solders.hash import Hash

from contracts.values import Side
from execution.signing.facts import Facts, OpenOrder
from kit.signing_parser import Broken, Doing, Fields, Parsed, doing_of, parsed

BUDGET = "ComputeBudget111111111111111111111111111111"
LONG, SHORT = 0, 1
LIMIT, STOP = 1, 2
ALL = 2**64 - 1
NEVER_MORE_THAN = 1167
RESTS = {"place_orders", "place_perp_order"}


def violations(data: bytes, facts: Facts) -> list[str]:
    """Name what is wrong with signing these bytes now; nothing when all is well."""
    try:
        it = parsed(data, facts)
        wrong = [*it.wrong, *_around(data, it, facts)]
        own = str(facts.account.venue.program)
        doings = [doing_of(call) for call in it.calls if call[0] == own]
        accounts = [call[1] for call in it.calls if call[0] == own]
    except Broken as broken:
        return [f"unreadable: {broken}"]
    wrong += [*_accounts(it, doings, accounts, facts), *_doings(doings, facts)]
    return [*wrong, *_money(it, doings, facts)]


def _around(data: bytes, it: Parsed, facts: Facts) -> Iterator[str]:
    """Name what is wrong with who, when and which programs."""
    signer, chain, standing = facts.signer, facts.account.chain, facts.signer.standing
    last = chain.blockhashes.get(Hash(it.blockhash), -1)
    checks = {
        "length": len(data) <= NEVER_MORE_THAN,
        "payer": it.keys[0] == str(signer.session.delegate),
        "blockhash": chain.block_height < last <= chain.block_height + 150,
        "programs": {call[0] for call in it.calls} == {BUDGET, str(facts.account.venue.program)},
        "count of calls": len(it.calls) <= 16,
        "same call twice": len({repr(call) for call in it.calls}) == len(it.calls),
        "session": 0 <= signer.now_ms - signer.session.opened_ms < 86_400_000,
        "session's end": signer.now_ms < signer.session.expires_ms
        and signer.session.expires_ms - signer.session.opened_ms <= 86_400_000,
        "revoked": not (standing.is_revoked or facts.account.standing.is_revoked),
        "log moved on": (standing.control_position, standing.orders_position)
        == (
            facts.account.standing.control_position,
            facts.account.standing.orders_position,
        ),
        "signatures in a minute": len(signer.lately.times_ms) < 120,
    }
    yield from (name for name, holds in checks.items() if not holds)


def _accounts(
    it: Parsed, doings: Sequence[Doing], accounts: Sequence[list[str]], facts: Facts
) -> Iterator[str]:
    venue, us = facts.account.venue, str(facts.signer.session.delegate)
    user, state, market = str(venue.user), str(venue.state), str(venue.perp_market)
    stats, makers = str(venue.user_stats), {str(key) for key in venue.makers}
    known = {market, *map(str, venue.readable)}
    names = {name for name, _ in doings}
    may_write = {us, user}
    if "place_and_take_perp_order" in names:
        may_write |= {stats, market, *makers}
    if "trigger_order" in names:
        may_write |= {market}
    if not it.writable <= may_write or user not in it.writable:
        yield f"writes {sorted(it.writable - may_write)}"
    for (name, _), keys in zip(doings, accounts, strict=True):
        fixed, rest = [state, user, us], known
        if name == "place_and_take_perp_order":
            fixed, rest = [state, user, stats, us], known | makers - {user, stats}
        elif name == "trigger_order":
            fixed = [state, us, user, user]
        if keys[: len(fixed)] != fixed or not set(keys[len(fixed) :]) <= rest:
            yield f"accounts of {name}"


def _doings(doings: Sequence[Doing], facts: Facts) -> Iterator[str]:
    placed = [it for name, many in doings if name.startswith("place_") for it in many]
    resting = [it for name, many in doings if name in RESTS for it in many]
    numbers = [it["number"] for it in placed]
    taken = {it.user_order_id for it in facts.account.orders}
    entries = [it for it in placed if it["kind"] == LIMIT and not it["reduce"]]
    profits = [it["size"] for it in resting if it["kind"] == LIMIT and it["reduce"]]
    kinds, names = [it["kind"] for it in placed], {name for name, _ in doings}
    is_bracket = (kinds.count(STOP), len(kinds)) == (1, 2) and names <= RESTS
    holds = {
        "numbers": 0 not in numbers and len(set(numbers)) == len(numbers),
        "an entry's free number": not taken & {it["number"] for it in placed if not it["reduce"]},
        "an entry with its stop alone": not entries or is_bracket,
        "take-profits within the position": entries or sum(profits) <= abs(facts.account.position),
    }
    yield from (f"not {what}" for what, fine in holds.items() if not fine)
    for name, many in doings:
        for it in many:
            if name.startswith("place_"):
                yield from _placed(name, it, entries, facts)
            elif name == "modify_order":
                yield from _moved(it, len(doings), facts)
            elif name == "trigger_order":
                yield from _fired(_order(facts, id=it["id"]))
    yield from _gone(doings, placed, facts)


def _fired(order: OpenOrder | None) -> Iterator[str]:
    if order is None or not order.is_ours or _is_stop(order) != 1:
        yield "fires no waiting stop"


def _is_stop(order: OpenOrder) -> int:
    """Give 1 for a stop that waits, 2 for one that has fired, 0 for no stop."""
    if not (order.is_trigger and order.is_reduce_only):
        return 0
    return 2 if order.is_triggered else 1


def _order(facts: Facts, **wanted: int | None) -> OpenOrder | None:
    for it in facts.account.orders:
        if wanted in ({"id": it.order_id}, {"number": it.user_order_id}):
            return it
    return None


def _held(facts: Facts) -> int | None:
    """Give the program's number of the side that could need protection; None when none could."""
    if facts.account.position:
        return LONG if facts.account.position > 0 else SHORT
    for it in facts.account.orders:
        if it.is_ours and not it.is_reduce_only:
            return LONG if it.side is Side.LONG else SHORT
    return None


def _placed(name: str, it: Fields, entries: Sequence[Fields], facts: Facts) -> Iterator[str]:
    account = facts.account
    market, oracle, now = account.market, account.market.oracle, account.chain.now_s
    sign = 1 if it["side"] == LONG else -1
    odd = [it[k] for k in ("offset", "auction", "auction_start", "auction_end")] != [None] * 4
    holds = {"here": (it["market_type"], it["market"]) == (1, market.index), "no extras": not odd}
    if it["kind"] == STOP:
        trigger, held = it["trigger"] or 0, _held(facts)
        if not account.position and entries:
            held = entries[0]["side"]
        holds |= {
            "rests": name in RESTS,
            "reduces": bool(it["reduce"]) and held is not None and held != it["side"],
            "covers all": it["size"] == ALL and it["price"] == 0,
            "never ends": it["max_ts"] == 0,
            "fires against us": it["condition"] == it["side"],
            "plain": it["post"] == it["flags"] == 0,
            "near": abs(trigger - oracle) * 100 <= oracle * 20 and trigger % market.tick == 0,
            "as approved": account.stop_price is None or sign * (trigger - account.stop_price) <= 0,
            "behind": not entries or sign * (trigger - entries[0]["price"]) > 0,
        }
    elif it["kind"] == LIMIT:
        takes = name == "place_and_take_perp_order"
        holds |= {
            "no trigger": it["trigger"] is None,
            "grid": it["price"] % market.tick == 0 and it["price"] > 0,
            "size": 0 < it["size"] < ALL and it["size"] % market.step == 0,
        }
        if it["reduce"]:
            # 5 % beyond the oracle, and the tick that it is rounded to.
            beyond = sign * (it["price"] - oracle) - market.tick
            ends = it["max_ts"] or 0 if takes else it["max_ts"]
            holds |= {
                "within 5 %": beyond * 100 <= oracle * 5,
                "covered": it["size"] <= abs(account.position),
                "opposite": account.position * sign < 0,
                "ends": ends is not None and (ends == 0 or ends > now),
                "way": (it["flags"], it["post"]) in ([(1, 0)] if takes else [(0, 0), (0, 1)]),
                "success": it.get("success") in {None, 1, 2},
            }
        else:
            holds |= {"posts": it["post"] == 1 and it["flags"] == 0 and not takes}
            holds |= {"same side": account.position * sign >= 0}
            approval = account.approval
            holds |= {"approved size": approval is not None and it["size"] <= approval.left}
            holds |= _risk(sign, it, facts, size=it["size"], moved=None)
    else:
        holds |= {"kind": False}
    yield from (f"order: not {what}" for what, fine in holds.items() if not fine)


def _risk(sign: int, it: Fields, facts: Facts, *, size: int, moved: int | None) -> dict[str, bool]:
    """Say what holds of something that adds risk."""
    price, max_ts = it["price"] or 0, it["max_ts"]
    account, approval = facts.account, facts.account.approval
    if approval is None:
        return {"approved": False}
    oracle = account.market.oracle
    resting = sum(
        (it.left or 0) * it.price
        for it in account.orders
        if not it.is_reduce_only and it.order_id != moved
    )
    total = abs(account.position) * oracle + resting + size * price
    return {
        "approved side": approval.side.sign == sign,
        "approved price": sign * (approval.worst_price - price) >= 0,
        "fenced": account.chain.now_s < (max_ts or 0) <= approval.expires_s,
        "unkilled": account.standing.kill_level == facts.signer.standing.kill_level == 0,
        "may grow": not account.is_shrink_only,
        "within 1 % worse": sign * (price - oracle) * 100 <= oracle,
        "within 20 % better": sign * (oracle - price) * 100 <= oracle * 20,
        "notional": total <= account.notional_max * 10**9,
        "looked after": facts.signer.session.expires_ms - facts.signer.now_ms >= 1_800_000,
        "leaves room for exits": len(facts.signer.lately.times_ms) < 60,
    }


def _moved(it: Fields, count: int, facts: Facts) -> Iterator[str]:
    order, market = _order(facts, id=it["id"]), facts.account.market
    if order is None:
        yield "moves an order of nobody"
        return
    side = LONG if order.side is Side.LONG else SHORT
    odd = [it[k] for k in ("offset", "auction", "auction_start", "auction_end")] != [None] * 4
    holds = {
        "ours": order.is_ours and not order.is_triggered,
        "or fails": it["policy"] == 1,
        "the remainder": it["size"] is None,
        "as it was": it["side"] in {None, side}
        and it["reduce"] in {None, order.is_reduce_only}
        and not it["flags"]
        and not odd,
    }
    sign, price, trigger = order.side.sign, it["price"] or 0, it["trigger"] or 0
    if order.is_trigger:
        oracle = market.oracle
        holds |= {
            "a stop": order.is_reduce_only and not price and not it["post"],
            "never ends": it["max_ts"] == 0,
            "fires against us": it["condition"] in {None, side},
            "tighter": sign * (trigger - order.price) <= 0,
            "near": abs(trigger - oracle) * 100 <= oracle * 20 and trigger % market.tick == 0,
        }
    else:
        holds |= {
            "grid": price > 0 and price % market.tick == 0,
            "no trigger": it["trigger"] is None and it["condition"] is None,
            "rests": it["post"] in {None, 0, 1},
        }
        if order.is_reduce_only:
            beyond = sign * (price - market.oracle) - market.tick
            holds |= {"within 5 %": beyond * 100 <= market.oracle * 5}
            ends, now = it["max_ts"], facts.account.chain.now_s
            holds |= {"ends": ends is not None and (ends == 0 or ends > now)}
        else:
            holds |= {"alone": count == 1}
            holds |= _risk(sign, it, facts, size=order.left or 0, moved=order.order_id)
    yield from (f"move: not {what}" for what, fine in holds.items() if not fine)


def _gone(doings: Sequence[Doing], placed: Sequence[Fields], facts: Facts) -> Iterator[str]:
    """Name cancels that may not be, or that take the last stop."""
    gone: list[OpenOrder | None] = []
    held = _held(facts)
    killed = facts.account.standing.kill_level or facts.signer.standing.kill_level
    for name, many in doings:
        for it in many:
            if name in {"cancel_order", "cancel_orders_by_ids"}:
                gone.append(_order(facts, id=it["id"]))
            elif name == "cancel_order_by_user_id":
                gone.append(_order(facts, number=it["number"]) if it["number"] else None)
            elif name == "cancel_orders":
                yield from _gone_side(it, held, facts)
    if any(it is None or not (it.is_ours or killed) for it in gone):
        yield "cancels what is not ours"
    against = {None: None, LONG: Side.SHORT, SHORT: Side.LONG}[held]
    stops = [it for it in facts.account.orders if _is_stop(it) and it.side is against]
    left = [it for it in stops if it not in gone]
    own = [it for it in left if it.is_ours and it.left is None]
    if stops != left and not own and STOP not in [it["kind"] for it in placed]:
        yield "takes the last stop"


def _waits(order: Fields, facts: Facts) -> bool:
    """Say whether a limit stands at the oracle or better: a buy no higher, a sale no lower."""
    oracle, price = facts.account.market.oracle, order["price"] or 0
    return price <= oracle if order["side"] == LONG else price >= oracle


def _gone_side(it: Fields, held: int | None, facts: Facts) -> Iterator[str]:
    if (it["market_type"], it["market"]) != (1, facts.account.market.index):
        yield "cancels elsewhere"
    if it["side"] is None or (held is not None and it["side"] != held):
        yield "cancels a side that may protect"


def _money(it: Parsed, doings: Sequence[Doing], facts: Facts) -> Iterator[str]:
    units: list[int] = []
    prices: list[int] = []
    for program, keys, body in it.calls:
        if program == BUDGET:
            if keys or (body[:1], len(body)) not in {(b"\x02", 5), (b"\x03", 9)}:
                yield "budget"
            (units if body[:1] == b"\x02" else prices).append(int.from_bytes(body[1:], "little"))
    if len(units) != 1 or len(prices) > 1 or not 0 < units[0] <= 600_000:
        yield "budget's shape"
        return
    cap = 50_000
    if facts.account.standing.kill_level or facts.signer.standing.kill_level:
        cap = 200_000
    for name, many in doings:
        for fields in many:
            order = _order(facts, id=fields.get("id"))
            rests = name in RESTS and fields["kind"] == LIMIT and _waits(fields, facts)
            if rests or (name == "modify_order" and order and not order.is_trigger):
                cap = 10_000
    if units[0] * sum(prices) > cap * 1_000_000:
        yield "fee"
    yield from _spent(math.ceil(units[0] * sum(prices) / 1_000_000), facts)


def _spent(fee: int, facts: Facts) -> Iterator[str]:
    """Name a fee that does not fit beside those of the running minute and 59, or 1,439, before."""
    now, fees = facts.signer.now_ms // 60_000, facts.signer.lately.fees
    hour = sum(spent for minute, spent in fees if minute >= now - 59)
    day = sum(spent for minute, spent in fees if minute >= now - 1_439)
    if fee and (hour + fee > 4_000_000 or day + fee > 20_000_000):
        yield "fees of an hour or a day"
