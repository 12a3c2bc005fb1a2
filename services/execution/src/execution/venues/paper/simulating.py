"""What an owner's message would do now, tried on a copy of the account that is thrown away."""

from dataclasses import replace

from contracts.manual import SimulatedEffect
from execution.venues.paper import margin, owners
from execution.venues.paper.codes import Refused
from execution.venues.paper.scene import Scene
from execution.venues.units import base, usd


def simulate(scene: Scene, message: bytes) -> SimulatedEffect:
    """Say what the account would be right after a message, and what it would cost."""
    trial = replace(scene, account=scene.account.trial())
    fee, code = scene.terms.rules.signature_lamports, None
    try:
        read = owners.decode(message)
        fee += read.priority_fee_lamports
        owners.run_owners(trial, read)
    except Refused as refused:
        trial, code = scene, refused.code.value
    before, after = scene.account, trial.account
    return SimulatedEffect(
        code=code,
        position_base=base(before.position),
        position_after_base=base(after.position),
        orders=len(before.open_orders()),
        orders_after=len(after.open_orders()),
        equity_usd=usd(margin.equity(scene)),
        margin_usd=usd(_margin(scene)),
        margin_after_usd=usd(_margin(trial)),
        fee_lamports=fee,
    )


def _margin(scene: Scene) -> int:
    """Give the initial margin of position and open orders at their worst."""
    position = margin.worst_position(scene.account)
    return margin.requirement(scene, ratio=scene.terms.initial_ratio, position=position)
