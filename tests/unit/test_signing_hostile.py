import pytest

from execution.signing.policy import judge
from execution.signing.refusals import Code, Refusal
from kit.signing_bounds import BOUNDS
from kit.signing_hostile import HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_transaction_is_refused_for_its_own_reason(name: str) -> None:
    asked, code = HOSTILE[name]

    answer = judge(asked.data, asked.facts)

    assert isinstance(answer, Refusal), f"expected {code}, found {answer}"
    assert answer.code is code, str(answer)


def test_every_reason_has_its_transaction() -> None:
    covered = {code for _, code in HOSTILE.values()} | {it.code for it in BOUNDS.values()}

    # Without a key there is no transaction to judge: see the signer's own tests.
    assert set(Code) - covered == {Code.NO_KEY}
