import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

from execution.signing import policy
from execution.signing.facts import AccountFacts, Standing
from execution.signing.keys import DelegateKey, KeyUnusable, Secret, Vault
from execution.signing.lately import SignedLately
from execution.signing.port import Signed
from execution.signing.refusals import Code, Refusal
from execution.signing.signer import PolicySigner
from kit.drift_bytes import Ix, Meta, cancel_order, compiled
from kit.signing_scene import (
    BLOCKHASH,
    DAY_MS,
    DELEGATE,
    FLAT,
    NOW_MS,
    OFFER,
    STANDING,
    VERDICT,
    WORKING,
    bracket,
    call,
    key,
    unit_price,
)


@dataclass
class FakeFence:
    """A log whose end the test says."""

    standing: Standing = STANDING
    reads: int = 0
    is_cut: bool = False
    on_read: Callable[[], None] = lambda: None

    def read(self, account: str) -> Standing:
        assert account == "local"
        if self.is_cut:
            raise ConnectionError("no answer")
        self.on_read()
        self.reads += 1
        return self.standing


@dataclass
class HeldKeys:
    """The keys that are open."""

    held: dict[str, DelegateKey] = field(default_factory=dict[str, DelegateKey])

    def key(self, account: str) -> DelegateKey | None:
        return self.held.get(account)


@dataclass
class Desk:
    """A signer with one key."""

    fence: FakeFence = field(default_factory=FakeFence)
    keys: HeldKeys = field(default_factory=HeldKeys)
    now_ms: int = NOW_MS

    def __post_init__(self) -> None:
        vault = Vault(Secret(bytes(range(32))))
        self.key, self.sealed = vault.bear(wallet=key("w"), account="local", now_ms=NOW_MS)
        self.keys.held["local"] = self.key
        self.signer = PolicySigner(self.fence, self.keys, lambda: self.now_ms)

    def message(self, *calls: Ix) -> bytes:
        """Write calls for this desk's own delegate."""
        delegate = self.key.session.delegate
        own = [replace(it, metas=tuple(_for(delegate, meta) for meta in it.metas)) for it in calls]
        return compiled((*OFFER, *own), payer=delegate, blockhash=bytes(BLOCKHASH)).data()

    def sign(self, facts: AccountFacts = FLAT, *calls: Ix) -> Signed | Refusal:
        return self.signer.sign(self.message(*(calls or (bracket(),))), facts)


def _for(delegate: Pubkey, meta: Meta) -> Meta:
    return replace(meta, key=delegate) if meta.key == DELEGATE else meta


def code_of(answer: Signed | Refusal) -> Code | None:
    return answer.code if isinstance(answer, Refusal) else None


def test_a_signature_names_the_bytes_that_were_judged() -> None:
    desk = Desk()
    message = desk.message(bracket())

    signed = desk.signer.sign(message, FLAT)

    assert isinstance(signed, Signed), str(signed)
    assert signed.message_sha256 == hashlib.sha256(message).hexdigest()
    assert signed.verdict == VERDICT
    assert Signature.from_string(signed.signature).verify(desk.key.session.delegate, message)
    assert from_bytes_versioned(message).account_keys[0] == desk.key.session.delegate


def test_what_reduces_risk_names_no_verdict() -> None:
    signed = Desk().sign(WORKING, call(cancel_order(5)))

    assert isinstance(signed, Signed)
    assert signed.verdict is None


def test_a_refused_message_leaves_no_signature() -> None:
    desk = Desk()

    answer = desk.sign(replace(FLAT, approval=None))

    assert code_of(answer) is Code.NOT_APPROVED
    assert desk.sign() != answer


def test_without_a_key_nothing_is_signed() -> None:
    desk = Desk()
    desk.keys.held.clear()

    assert code_of(desk.sign()) is Code.NO_KEY


def test_what_was_written_for_a_former_key_is_not_signed_with_a_new_one() -> None:
    desk = Desk()
    newer, _ = Vault(Secret(bytes(32))).bear(wallet=key("w"), account="local", now_ms=NOW_MS)

    desk.keys.held["local"] = newer

    assert code_of(desk.sign()) is Code.FEE_PAYER


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (replace(STANDING, kill_level=1), Code.KILLED),
        (replace(STANDING, is_revoked=True), Code.REVOKED),
        (replace(STANDING, control_position=41), Code.STANDING_CHANGED),
        (replace(STANDING, orders_position=91), Code.STANDING_CHANGED),
    ],
)
def test_the_log_is_read_at_every_signature(standing: Standing, code: Code) -> None:
    desk = Desk()
    assert isinstance(desk.sign(), Signed)

    desk.fence.standing = standing

    assert code_of(desk.sign()) is code
    assert desk.fence.reads == 2


def test_without_an_answer_of_the_log_nothing_is_signed() -> None:
    desk = Desk()
    desk.fence.is_cut = True

    with pytest.raises(ConnectionError):
        desk.sign()


def test_the_minute_counts_what_was_signed_and_not_what_was_refused() -> None:
    desk = Desk()
    for _ in range(60):
        assert isinstance(desk.sign(), Signed)
        assert code_of(desk.sign(replace(FLAT, approval=None))) is Code.NOT_APPROVED

    assert code_of(desk.sign()) is Code.RATE
    assert isinstance(desk.sign(WORKING, call(cancel_order(5))), Signed)
    desk.now_ms += 60_000
    assert isinstance(desk.sign(), Signed)


def test_a_restart_remembers_the_minute() -> None:
    desk = Desk()
    lately = {"local": SignedLately((NOW_MS - 59_999,) * 60)}
    desk.signer = PolicySigner(desk.fence, desk.keys, lambda: NOW_MS, lately=lately)

    assert code_of(desk.sign()) is Code.RATE


def test_fees_are_remembered_through_a_restart_and_for_every_key_of_the_account() -> None:
    desk = Desk()
    # Each offers 200 lamports: one more fits under 4,000,000 in an hour.
    lately = {"local": SignedLately(fees=((NOW_MS // 60_000, 3_999_800),))}
    desk.signer = PolicySigner(desk.fence, desk.keys, lambda: desk.now_ms, lately=lately)
    assert code_of(desk.sign(replace(FLAT, approval=None))) is Code.NOT_APPROVED
    assert isinstance(desk.sign(), Signed)
    refusal = desk.sign()
    assert str(refusal) == (
        "fees_spent: expected at most 4000000 lamports in 60 minutes, or no fee, found 4000200"
    )

    newer = Desk()
    desk.keys.held["local"] = desk.key = newer.key
    assert code_of(desk.sign()) is Code.FEES_SPENT
    free = desk.message(bracket()).replace(bytes(unit_price(1_000).data), unit_price(0).data)
    assert isinstance(desk.signer.sign(free, FLAT), Signed)
    desk.now_ms += 3_600_000
    assert isinstance(desk.sign(), Signed)


def test_a_session_ends_and_its_key_with_it() -> None:
    desk = Desk()
    desk.now_ms += DAY_MS

    assert code_of(desk.sign()) is Code.SESSION_EXPIRED
    with pytest.raises(KeyUnusable, match="destroyed"):
        desk.key.sign(b"it", now_ms=NOW_MS)


def test_a_clock_that_is_set_back_gives_no_second_minute() -> None:
    desk = Desk()
    for _ in range(60):
        assert isinstance(desk.sign(), Signed)

    desk.now_ms -= 3_600_000

    assert code_of(desk.sign()) is Code.RATE
    assert isinstance(desk.sign(WORKING, call(cancel_order(5))), Signed)


def test_bytes_that_change_while_they_are_judged_are_not_signed_changed() -> None:
    desk = Desk()
    shared = bytearray(desk.message(bracket()))
    judged = bytes(shared)

    def change() -> None:
        shared[-1] ^= 1

    desk.fence.on_read = change
    signed = desk.signer.sign(shared, FLAT)  # pyright: ignore[reportArgumentType]

    assert isinstance(signed, Signed)
    assert signed.message_sha256 == hashlib.sha256(judged).hexdigest()
    assert Signature.from_string(signed.signature).verify(desk.key.session.delegate, judged)


def public(owner: object) -> Iterator[inspect.Signature]:
    for name, member in inspect.getmembers(owner, callable):
        if not name.startswith("_") and getattr(member, "__module__", "").startswith("execution"):
            yield inspect.signature(member)


def test_nobody_is_offered_a_way_past_the_policy() -> None:
    offered = {name for it in (*public(PolicySigner), *public(policy)) for name in it.parameters}

    assert inspect.signature(policy.judge).parameters.keys() == {"data", "facts"}
    assert inspect.signature(PolicySigner.sign).parameters.keys() == {"self", "message", "facts"}
    assert not [it for it in offered if "force" in it or "skip" in it or "bypass" in it]
