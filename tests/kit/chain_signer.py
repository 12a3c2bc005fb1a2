"""A signer that asks the policy about the bytes, with facts as the engine knew them."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from contracts.values import to_millis
from execution.signing.facts import Facts, Session, SignerFacts
from execution.signing.lately import SignedLately
from execution.signing.policy import judge
from execution.signing.port import Asked, Signed
from execution.signing.reading import account_facts
from execution.signing.refusals import Refusal
from execution.venues.drift.chain import DriftChain
from kit.engine_world import ACCOUNT

_HOUR_MS = 3_600_000


@dataclass
class JudgingSigner:
    """Signs what the policy permits, with the delegate's key (`port.Signer`)."""

    key: Keypair
    drift: DriftChain
    refusals: list[Refusal]
    hashes: dict[Hash, int] = field(default_factory=dict[Hash, int])
    lately: SignedLately = field(default_factory=SignedLately)
    address: Pubkey = field(init=False)

    def __post_init__(self) -> None:
        """Derive the key's address once, as a session has it."""
        self.address = self.key.pubkey()

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        """Sign a message, or say why not."""
        newest = self.drift.blockhash()
        self.hashes[Hash.from_string(newest.hash)] = newest.last_valid_block_height
        facts = account_facts(
            asked.before,
            asked.after,
            asked.seen,
            venue=self.drift.accounts(ACCOUNT),
            market_index=0,
            blockhashes=self.hashes,
            notional_usd_max=Decimal(100_000),
            control_position=0,
            orders_position=0,
            tables={},
        )
        # What decisions see of the height is held back for transactions whose fate is open.
        facts = replace(facts, chain=replace(facts.chain, block_height=self.drift.height))
        now_ms = to_millis(asked.seen.clock.at)
        own = SignerFacts(
            session=Session(self.address, now_ms - _HOUR_MS, now_ms + _HOUR_MS),
            standing=replace(facts.standing, kill_level=asked.after.kill_level),
            now_ms=now_ms,
            lately=self.lately.at(now_ms),
        )
        answer = judge(message, Facts(facts, own))
        if isinstance(answer, Refusal):
            self.refusals.append(answer)
            return answer
        self.lately = self.lately.signed(answer.priority_fee_lamports, at_ms=now_ms)
        return Signed(str(self.key.sign_message(message)), answer.message_sha256, answer.verdict)
