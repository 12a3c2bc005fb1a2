import hashlib

import pytest

from execution.signing.policy import Permit, judge
from kit.signing_scene import (
    LEGAL,
    VERDICT,
)


@pytest.mark.parametrize("name", LEGAL)
def test_what_the_plan_needs_may_be_signed(name: str) -> None:
    asked = LEGAL[name]

    answer = judge(asked.data, asked.facts)

    adds_risk = "bracket" in name or name in {"move", "convert"}
    assert answer == Permit(
        message_sha256=hashlib.sha256(asked.data).hexdigest(),
        verdict=VERDICT if adds_risk else None,
        priority_fee_lamports=200,  # 200,000 units of 1,000 microlamports
    )
