"""The policy for what the owner's wallet signs: as for our own keys, with room for more.

No key of ours is asked, so nothing here ends or counts; what the owner may be led to sign is
bounded all the same. A planner that is wrong, or an encoder, cannot offer harm.
"""

from solders.pubkey import Pubkey

from execution.signing.facts import AccountFacts, Facts, Session, SignerFacts
from execution.signing.lately import SignedLately
from execution.signing.limits import LIMITS
from execution.signing.message import MESSAGE_BYTES_MAX
from execution.signing.policy import judge
from execution.signing.refusals import Code, Refusal

ROOM_BYTES = 150
"""What wallets may add to a message."""


def judge_for_wallet(
    message: bytes, wallet: str, facts: AccountFacts, *, now_ms: int
) -> Refusal | None:
    """Say why a message may not be offered to a wallet, or sent for it; None when it may."""
    longest = MESSAGE_BYTES_MAX - ROOM_BYTES
    if len(message) > longest:
        return Refusal(Code.TOO_LONG, f"at most {longest} bytes", str(len(message)))
    session = Session(Pubkey.from_string(wallet), now_ms, now_ms + LIMITS.session_ms_max)
    own = SignerFacts(session, facts.standing, now_ms, SignedLately())
    answer = judge(message, Facts(facts, own))
    return answer if isinstance(answer, Refusal) else None
