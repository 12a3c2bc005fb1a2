"""The judgment of bytes that somebody wants signed: a permit, or a refusal with its reason.

Pure: equal bytes and facts give the equal answer. Everything is read from the bytes; what is not
on a list is refused. There is no flag, setting or caller that passes it by.
"""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from solders.pubkey import Pubkey

from execution.signing import budget, drift_ix
from execution.signing.budget import Budget
from execution.signing.calls import Effect, judge_calls
from execution.signing.drift_ix import Call, Fire, Take
from execution.signing.facts import ChainFacts, Facts, SignerFacts, VenueAccounts
from execution.signing.lately import DAY_MINUTES, HOUR_MINUTES
from execution.signing.limits import LIMITS
from execution.signing.message import Instruction, Message, decode
from execution.signing.refusals import Code, Refusal, Refused, require

_SYSTEM = Pubkey.default()
_ADVANCE_NONCE = (4).to_bytes(4, "little")


@dataclass(frozen=True, slots=True)
class Permit:
    """These bytes may be signed now."""

    message_sha256: str
    verdict: UUID | None
    """The approved verdict behind it; None when it adds no risk."""
    priority_fee_lamports: int


def judge(data: bytes, facts: Facts) -> Permit | Refusal:
    """Say whether these bytes may be signed, as far as these facts go."""
    try:
        return _permit(data, facts)
    except Refused as refused:
        return refused.refusal


def _permit(data: bytes, facts: Facts) -> Permit:
    _require_standing(facts)
    _require_session(facts.signer)
    message = decode(data, facts.account.tables)
    payer, delegate = message.fee_payer, facts.signer.session.delegate
    offered, called = _programs(message, facts.account.venue)
    require(payer == delegate, Code.FEE_PAYER, delegate, payer)
    _require_fresh(message, facts.account.chain)
    calls = [drift_ix.decode(it.data) for it in called]
    _require_accounts(called, calls, facts)
    effect = judge_calls(calls, facts)
    _require_life(effect, facts.signer)
    _require_fee(offered, effect, facts)
    _require_fees(offered.priority_fee_lamports, facts.signer)
    _require_rate(effect, facts.signer)
    digest = hashlib.sha256(data).hexdigest()
    return Permit(digest, effect.verdict, offered.priority_fee_lamports)


def _require_standing(facts: Facts) -> None:
    known, now = facts.account.standing, facts.signer.standing
    is_revoked = known.is_revoked or now.is_revoked
    require(not is_revoked, Code.REVOKED, "a delegation that stands", "a revoked one")
    heard = (known.control_position, known.orders_position)
    holds = (now.control_position, now.orders_position)
    require(heard == holds, Code.STANDING_CHANGED, f"positions {holds}", heard)


def _require_session(signer: SignerFacts) -> None:
    session, now = signer.session, signer.now_ms
    require(session.opened_ms <= now, Code.SESSION_NOT_OPEN, f"from {session.opened_ms}", now)
    require(now < session.expires_ms, Code.SESSION_EXPIRED, f"below {session.expires_ms}", now)
    life, longest = session.expires_ms - session.opened_ms, LIMITS.session_ms_max
    require(life <= longest, Code.SESSION_TOO_LONG, f"at most {longest} ms", life)


def _programs(message: Message, venue: VenueAccounts) -> tuple[Budget, list[Instruction]]:
    """Give the budget, and the calls of the venue's program; no other program may run."""
    offered: list[Instruction] = []
    called: list[Instruction] = []
    for it in message.instructions:
        is_nonce = it.program == _SYSTEM and it.data[:4] == _ADVANCE_NONCE
        require(not is_nonce, Code.DURABLE_NONCE, "no durable nonce", it.data.hex())
        if it.program == budget.PROGRAM:
            offered.append(it)
        else:
            require(it.program == venue.program, Code.PROGRAM_UNKNOWN, venue.program, it.program)
            called.append(it)
    require(called, Code.NO_INSTRUCTIONS, "a call of the venue", "none")
    return budget.decode(tuple(offered)), called


def _require_fresh(message: Message, chain: ChainFacts) -> None:
    """Require a blockhash that a node gave us, and that dies within the chain's own time."""
    last = chain.blockhashes.get(message.blockhash)
    if last is None:
        raise Refused(Code.BLOCKHASH_UNKNOWN, "a hash that a node gave us", message.blockhash)
    left, longest = last - chain.block_height, LIMITS.blockhash_blocks_max
    require(left > 0, Code.BLOCKHASH_EXPIRED, f"above {chain.block_height}", last)
    require(left <= longest, Code.BLOCKHASH_TOO_FAR, f"{longest} blocks at most", left)


def _require_accounts(called: Sequence[Instruction], calls: Sequence[Call], facts: Facts) -> None:
    venue, delegate = facts.account.venue, facts.signer.session.delegate
    writable = {delegate, venue.user}
    for call in calls:
        if isinstance(call, Take):
            writable |= {venue.user_stats, venue.perp_market, *venue.makers}
        if isinstance(call, Fire):
            writable.add(venue.perp_market)
    for it, call in zip(called, calls, strict=True):
        _require_places(it, call, venue, delegate)
        _require_flags(it, venue, writable)


def _require_places(it: Instruction, call: Call, venue: VenueAccounts, delegate: Pubkey) -> None:
    """Require our account in each named place, and known ones in the rest."""
    rest = {venue.perp_market, *venue.readable}
    match call:
        case Take():
            named = (venue.state, venue.user, venue.user_stats, delegate)
            rest |= venue.makers - {venue.user, venue.user_stats}
        case Fire():
            named = (venue.state, delegate, venue.user, venue.user)
        case _:
            named = (venue.state, venue.user, delegate)
    keys = [account.key for account in it.accounts]
    have = len(keys)
    require(have >= len(named), Code.ACCOUNT_MISSING, f"{len(named)} accounts", have)
    for expected, found in zip(named, keys, strict=False):
        require(expected == found, Code.ACCOUNT_STRANGE, expected, found)
    strange = next((key for key in keys[len(named) :] if key not in rest), None)
    require(strange is None, Code.ACCOUNT_STRANGE, "an account of the market", strange)


def _require_flags(it: Instruction, venue: VenueAccounts, writable: Set[Pubkey]) -> None:
    for account in it.accounts:
        must_write = account.key == venue.user
        fits = account.key in writable if account.is_writable else not must_write
        if not fits:
            word = "writable" if must_write else "read-only"
            raise Refused(Code.ACCOUNT_FLAGS, f"{word} {account.key}", account.is_writable)


def _require_life(effect: Effect, signer: SignerFacts) -> None:
    """Require that a key lives on for a while behind what adds risk."""
    left, least = signer.session.expires_ms - signer.now_ms, LIMITS.entry_session_left_ms_min
    is_enough = not effect.adds_risk or left >= least
    require(is_enough, Code.SESSION_ENDING, f"{least} ms of life at least", left)


def _require_fee(offered: Budget, effect: Effect, facts: Facts) -> None:
    units, most = offered.units, LIMITS.compute_units_max
    require(0 < units <= most, Code.COMPUTE_UNITS, f"1 to {most}", units)
    cap = LIMITS.fee_lamports_protective
    if effect.adds_risk or effect.takes_profit:
        cap = LIMITS.fee_lamports_normal
    elif facts.account.standing.kill_level or facts.signer.standing.kill_level:
        cap = LIMITS.fee_lamports_killed
    fee = offered.priority_fee_lamports
    require(fee <= cap, Code.PRIORITY_FEE, f"at most {cap} lamports", fee)


def _require_fees(fee: int, signer: SignerFacts) -> None:
    """Require room for a fee under an hour's and a day's caps; what offers none always has it."""
    caps = ((HOUR_MINUTES, LIMITS.fees_hour_lamports), (DAY_MINUTES, LIMITS.fees_day_lamports))
    for minutes, cap in caps:
        total = signer.lately.lamports(minutes, now_ms=signer.now_ms) + fee
        expected = f"at most {cap} lamports in {minutes} minutes, or no fee"
        require(not fee or total <= cap, Code.FEES_SPENT, expected, total)


def _require_rate(effect: Effect, signer: SignerFacts) -> None:
    count, most = len(signer.lately.times_ms), LIMITS.signatures_per_minute
    if effect.adds_risk:
        most = LIMITS.entries_per_minute_below
    require(count < most, Code.RATE, f"below {most} in a minute", count)
