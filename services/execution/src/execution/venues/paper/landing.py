"""How a transaction comes into a block: broadcast, lost, late, landed once or never.

Broadcasts repeat until it landed or its last block is past. Each may be lost and has its own
delay; the earliest that is not lost counts. Landing costs the fee payer, whatever comes of it.
"""

from dataclasses import replace

from execution.venues.paper import owners
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.owners import OwnersMessage
from execution.venues.paper.program import run
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import HOUSE, Account, Fate, Transit
from execution.venues.paper.wire import Message, decode, paper_blockhash
from execution.venues.port import SignedTransaction
from execution.venues.units import ppm

FATES_KEPT = 1_000
"""How many fates of an account are known; older ones are forgotten."""


def receive(scene: Scene, transaction: SignedTransaction) -> None:
    """Take a transaction and broadcast it, unless it is known, or its block is not ours or over."""
    account, signature, terms = scene.account, transaction.signature, scene.terms
    if signature in account.fates or any(it.signature == signature for it in account.transits):
        return
    blockhash = transaction.blockhash
    last_height = blockhash.last_valid_block_height
    height = last_height - terms.rules.blockhash_life_blocks
    is_ours = blockhash.hash == paper_blockhash(terms.rules.seed, terms.market, height)
    if not (is_ours and height <= scene.slot <= last_height):
        return
    transit = Transit(
        signature=signature,
        message=transaction.message,
        hash=blockhash.hash,
        last_height=last_height,
        next_ms=scene.now_ms,
    )
    account.transits.append(transit)
    broadcast(scene, transit)


def broadcast(scene: Scene, transit: Transit) -> None:
    """Send a transaction's bytes once more; plan the next time."""
    rules, now_ms = scene.terms.rules, scene.now_ms
    end_ms = (transit.last_height + 1) * rules.slot_ms
    transit.next_ms = min(now_ms + rules.rebroadcast_ms, max(end_ms, now_ms + 1))
    index = transit.attempts
    transit.attempts += 1
    lands_ms = _lands_ms(scene, transit, index, end_ms=end_ms)
    if lands_ms is None or lands_ms >= end_ms:
        return
    if transit.lands_ms is None or lands_ms < transit.lands_ms:
        transit.lands_ms = lands_ms


def _lands_ms(scene: Scene, transit: Transit, index: int, *, end_ms: int) -> int | None:
    chance, rules, weather, key = scene.chance, scene.terms.rules, scene.weather, transit.signature
    lost = rules.drop_rate if weather.drop_rate is None else weather.drop_rate
    if chance.happens("lost", key, index, ppm=ppm(lost)):
        return None
    if chance.happens("late", key, index, ppm=ppm(rules.late_rate)):
        delay_ms = chance.draw("lateness", key, index, below=max(1, end_ms - scene.now_ms))
    else:
        delay_ms = chance.delay_ms("landing", key, index, quantiles=rules.landing_ms)
    return scene.now_ms + delay_ms + weather.landing_extra_ms


def carry(scene: Scene) -> Scene:
    """Do what is due with an account's transactions; give the scene afterwards."""
    while True:
        transit = min(scene.account.transits, key=lambda it: it.due_ms, default=None)
        if transit is None or transit.due_ms > scene.now_ms:
            return scene
        if transit.lands_ms is not None and transit.lands_ms <= scene.now_ms:
            after = land(scene, transit)
            if after is None:
                transit.lands_ms = None
            else:
                scene = after
        elif scene.slot > transit.last_height:
            scene.account.transits.remove(transit)
        elif scene.weather.is_engine_down:
            transit.next_ms = scene.now_ms + scene.terms.rules.rebroadcast_ms
        else:
            broadcast(scene, transit)


def land(scene: Scene, transit: Transit) -> Scene | None:
    """Put a transaction into a block; give the scene afterwards, None when no block takes it.

    What ran through is on another account object; what failed left its fate and its price.
    """
    message = _read(transit)
    if message is not None and message.blockhash != transit.hash:
        return None
    fee = scene.terms.rules.signature_lamports
    if message is not None:
        fee += message.priority_fee_lamports
    is_owners = isinstance(message, OwnersMessage)
    if is_owners and not _is_of_owner(scene.account, message, transit):
        return None
    if fee > (scene.account.owner_lamports if is_owners else scene.account.lamports):
        return None
    after, code = _execute(scene, message, transit)
    account = after.account
    if is_owners:
        account.owner_lamports -= fee
    else:
        account.lamports -= fee
    account.transits = [it for it in account.transits if it.signature != transit.signature]
    account.fates[transit.signature] = Fate(scene.slot, code, fee)
    if len(account.fates) > FATES_KEPT:
        del account.fates[next(iter(account.fates))]
    return after


def _read(transit: Transit) -> Message | OwnersMessage | None:
    is_versioned = transit.message[:1] >= b"\x80"
    try:
        return owners.decode(transit.message) if is_versioned else decode(transit.message)
    except Refused:
        return None


def _is_of_owner(account: Account, message: OwnersMessage, transit: Transit) -> bool:
    """Say whether the account's owner pays for and signed it; of others nothing is known here."""
    return message.payer == account.owner and owners.is_signed(
        transit.message, by=message.payer, signature=transit.signature
    )


def _require_delegate(account: Account, message: Message, transit: Transit) -> None:
    """Raise Refused unless whom the owner named signed it; the house's hand is not looked at."""
    delegate = account.delegate
    if message.account != account.name or delegate is None:
        raise Refused(Code.NOT_A_SIGNER)
    if delegate != HOUSE and not owners.is_signed(
        transit.message, by=delegate, signature=transit.signature
    ):
        raise Refused(Code.NOT_A_SIGNER)


def _execute(
    scene: Scene, message: Message | OwnersMessage | None, transit: Transit
) -> tuple[Scene, int | None]:
    """Run a message on a copy of the account; when it is refused the copy is thrown away."""
    if message is None or scene.weather.program_is_foreign:
        return scene, Code.UNREADABLE.value
    trial = replace(scene, account=scene.account.trial())
    try:
        if isinstance(message, OwnersMessage):
            owners.run_owners(trial, message)
        else:
            _require_delegate(scene.account, message, transit)
            run(trial, message.instructions)
    except Refused as refused:
        return scene, refused.code.value
    return trial, None
