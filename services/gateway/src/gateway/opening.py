"""The account's first event, appended once.

It waits for the feed, because the account opens at the feed's own time: so two runs of one tape
have the same account, byte for byte.
"""

import structlog

from chassis.appends import VersionConflict
from contracts.control import AccountOpened
from contracts.delegation import OwnerNamed
from contracts.event import Draft
from contracts.ids import derive_root_id
from contracts.routes import subject_of
from contracts.venues import PAPER
from gateway.handlers import FOLD_WAIT_S, CommandLog, Commands
from gateway.live import Live
from gateway.problems import Code, Problem
from gateway.settings import GatewaySettings

_log = structlog.get_logger()


async def open_account(live: Live, log: CommandLog, settings: GatewaySettings) -> None:
    """Open the account with the environment's settings, unless the log already has it."""
    with live.hub.bell() as bell:
        while not live.hub.is_open or live.state.feed is None:
            bell.clear()
            await bell.wait()
    event = AccountOpened(
        account=settings.account,
        venue=settings.venue,
        equity_usd=settings.paper_equity_usd if settings.venue == PAPER else None,
        priority_fee_microlamports=settings.priority_fee_microlamports,
        settings=settings.account_settings(),
    )
    identity = derive_root_id(event.event_type, settings.account)
    while live.state.account is None:
        feed = live.state.feed
        draft = Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=feed.opened_at,
            correlation_id=identity,
        )
        expected = {draft.subject: live.state.control_position}
        try:
            position = (await log.append([draft], expected_last=expected))[0].position
        except VersionConflict as conflict:
            # A kill came first: commands stand on the same subject.
            position = conflict.found
        else:
            if await live.folded(position, timeout_s=FOLD_WAIT_S) and live.state.account is None:
                _log.error("account_unreadable", position=position)
                return
            continue
        await live.folded(position, timeout_s=FOLD_WAIT_S)
    kept = live.state.account.opened
    if kept != event:
        _log.info("account_kept", environment=event.model_dump_json(), log=kept.model_dump_json())


async def name_owner(live: Live, commands: Commands, settings: GatewaySettings) -> None:
    """Say whose wallet owns the account, when the settings name another one than the log."""
    with live.hub.bell() as bell:
        while not live.hub.is_open or live.state.account is None:
            bell.clear()
            await bell.wait()
    wanted = settings.owner()
    while live.state.owner.wallet != wanted:
        event = OwnerNamed(account=settings.account, wallet=wanted, by="settings")
        try:
            await commands.record(event, commands.new_id())
        except Problem as problem:
            if problem.code is not Code.LOG_UNAVAILABLE:
                raise
            _log.warning("owner_not_named_yet", detail=problem.detail)
