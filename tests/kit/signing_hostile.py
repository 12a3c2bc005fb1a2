"""Every transaction that must not be signed, with the reason why not."""

from collections.abc import Mapping
from dataclasses import replace

from execution.signing.facts import SignerFacts
from execution.signing.lately import SignedLately
from execution.signing.refusals import Code
from kit.drift_bytes import (
    modify_order,
    place_perp_order,
)
from kit.signing_hostile_messages import BRACKET, INSTRUCTIONS, MESSAGES, PROGRAMS, Case
from kit.signing_hostile_orders import ENTRIES, EXITS
from kit.signing_scene import (
    A_MOVE,
    A_PROFIT,
    FLAT,
    HEIGHT,
    LONG,
    NOW_MS,
    SIGNER,
    STANDING,
    WORKING,
    Asked,
    asked,
    bracket,
    call,
)

_CHAIN = FLAT.chain


def _standing(**changes: int) -> SignerFacts:
    """Let the log hold something else than the fold has heard."""
    return replace(SIGNER, standing=replace(STANDING, **changes))


def _paid(*fees: tuple[int, int]) -> SignerFacts:
    """Let so many lamports of priority fees be signed in minutes before."""
    return replace(SIGNER, lately=SignedLately(fees=fees))


CIRCUMSTANCES: Mapping[str, Case] = {
    "revoked-in-the-fold": (
        asked(replace(FLAT, standing=replace(STANDING, is_revoked=True)), bracket()),
        Code.REVOKED,
    ),
    "revoked-meanwhile": (
        asked(
            LONG,
            call(place_perp_order(A_PROFIT)),
            signer=_standing(is_revoked=True),
        ),
        Code.REVOKED,
    ),
    "person-spoke-meanwhile": (
        asked(FLAT, bracket(), signer=_standing(control_position=41)),
        Code.STANDING_CHANGED,
    ),
    "other-writer": (
        asked(FLAT, bracket(), signer=_standing(orders_position=91)),
        Code.STANDING_CHANGED,
    ),
    "killed-entry": (
        asked(FLAT, bracket(), signer=_standing(kill_level=1)),
        Code.KILLED,
    ),
    "killed-move": (
        asked(
            replace(WORKING, standing=replace(STANDING, kill_level=1)),
            call(modify_order(5, A_MOVE)),
        ),
        Code.KILLED,
    ),
    "blockhash-of-nobody": (
        Asked(BRACKET.but(blockhash=bytes(range(32))).data(), FLAT),
        Code.BLOCKHASH_UNKNOWN,
    ),
    "blockhash-expired": (
        asked(replace(FLAT, chain=replace(_CHAIN, block_height=HEIGHT + 150)), bracket()),
        Code.BLOCKHASH_EXPIRED,
    ),
    "blockhash-lives-too-long": (
        asked(replace(FLAT, chain=replace(_CHAIN, block_height=HEIGHT - 1)), bracket()),
        Code.BLOCKHASH_TOO_FAR,
    ),
    "session-to-come": (
        asked(FLAT, bracket(), signer=replace(SIGNER, now_ms=SIGNER.session.opened_ms - 1)),
        Code.SESSION_NOT_OPEN,
    ),
    "session-over": (
        asked(FLAT, bracket(), signer=replace(SIGNER, now_ms=SIGNER.session.expires_ms)),
        Code.SESSION_EXPIRED,
    ),
    "entry-in-the-key's-last-half-hour": (
        asked(
            FLAT, bracket(), signer=replace(SIGNER, now_ms=SIGNER.session.expires_ms - 1_799_999)
        ),
        Code.SESSION_ENDING,
    ),
    "session-of-a-day-and-a-bit": (
        asked(
            FLAT,
            bracket(),
            signer=replace(
                SIGNER,
                session=replace(SIGNER.session, expires_ms=SIGNER.session.expires_ms + 1),
            ),
        ),
        Code.SESSION_TOO_LONG,
    ),
    "sixty-signatures-and-an-entry": (
        asked(FLAT, bracket(), signer=replace(SIGNER, lately=SignedLately((NOW_MS,) * 60))),
        Code.RATE,
    ),
    "too-many-signatures": (
        asked(
            LONG,
            call(place_perp_order(A_PROFIT)),
            signer=replace(SIGNER, lately=SignedLately((NOW_MS,) * 120)),
        ),
        Code.RATE,
    ),
    "fee-over-an-hour's": (
        asked(FLAT, bracket(), signer=_paid((NOW_MS // 60_000, 4_000_000))),
        Code.FEES_SPENT,
    ),
    "fee-over-a-day's": (
        asked(
            LONG,
            call(place_perp_order(A_PROFIT)),
            signer=_paid(*((NOW_MS // 60_000 - 60 * it, 2_000_000) for it in range(10, 0, -1))),
        ),
        Code.FEES_SPENT,
    ),
}

HOSTILE: Mapping[str, Case] = {
    f"{group}/{name}": case
    for group, cases in (
        ("instruction", INSTRUCTIONS),
        ("message", MESSAGES),
        ("program", PROGRAMS),
        ("entry", ENTRIES),
        ("exit", EXITS),
        ("circumstance", CIRCUMSTANCES),
    )
    for name, case in cases.items()
}
