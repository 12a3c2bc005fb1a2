"""What the owner's own transactions do on the paper chain: messages as a real chain would take.

Read by the program's layouts: the owner names a delegate, and may do with orders whatever a
delegate may; the compute budget has its price, and Lighthouse asserts nothing here.
"""

from dataclasses import dataclass

from solders.pubkey import Pubkey
from solders.signature import Signature

from execution.owner.offers import NAME_DELEGATE, NOBODY
from execution.owner.returned import (
    COMPUTE_BUDGET,
    LIGHTHOUSE,
    Call,
    NotTaken,
    priority_fee_lamports,
    read,
)
from execution.venues.drift.config import DriftVenue
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.owner_calls import instructions_of
from execution.venues.paper.program import run
from execution.venues.paper.scene import Scene

PROGRAM = Pubkey.from_string("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH")
"""The program that the paper chain stands for."""


def paper_venue(market: str, owner: str) -> DriftVenue:
    """Give the addresses of an owner's sub-account on the paper chain."""
    return DriftVenue(
        cluster="paper",
        program=PROGRAM,
        quote_asset="USDC",
        market=market,
        market_index=0,
        owner=Pubkey.from_string(owner),
    )


@dataclass(frozen=True, slots=True)
class OwnersMessage:
    """A message of the owner's, as the chain reads it."""

    payer: str
    blockhash: str
    priority_fee_lamports: int
    calls: tuple[Call, ...]


def decode(data: bytes) -> OwnersMessage:
    """Read an owner's message; raise Refused when these are not the bytes of one."""
    try:
        message = read(data)
        fee = priority_fee_lamports(message.calls)
    except NotTaken as error:
        raise Refused(Code.UNREADABLE) from error
    return OwnersMessage(str(message.payer), message.blockhash, fee, message.calls)


def is_signed(data: bytes, *, by: str, signature: str) -> bool:
    """Say whether a key signed these bytes."""
    try:
        return Signature.from_string(signature).verify(Pubkey.from_string(by), data)
    except ValueError:
        return False


def run_owners(scene: Scene, message: OwnersMessage) -> None:
    """Carry out an owner's message on an account that may be thrown away; raise Refused."""
    venue = paper_venue(scene.terms.market, message.payer)
    for call in message.calls:
        if call.program == venue.program:
            _run(scene, call, venue)
        elif call.program not in (COMPUTE_BUDGET, LIGHTHOUSE):
            raise Refused(Code.UNREADABLE)


def _run(scene: Scene, call: Call, venue: DriftVenue) -> None:
    name, arguments = call.data[:8], call.data[8:]
    if name == NAME_DELEGATE:
        number = venue.sub_account.to_bytes(2, "little")
        is_whole = len(arguments) == 2 + 32 and arguments[:2] == number
        if not is_whole or call.accounts != (venue.user, venue.owner):
            raise Refused(Code.NOT_A_SIGNER)
        named = Pubkey(arguments[2:])
        scene.account.delegate = None if named == NOBODY else str(named)
    else:
        run(scene, instructions_of(call.data, call.accounts, venue))
