"""What execution on a chain shows of itself: venue, clock, account, and what its owner reads."""

from contracts.values import from_millis, plain
from execution.onchain.standing import ChainStanding
from execution.status import account_status
from execution.venues.drift.chain import DriftChain


def status_of(standing: ChainStanding, chain: DriftChain, *, parked: int) -> dict[str, object]:
    """Give the status as JSON values; `parked` counts the messages that could not be worked."""
    state, clock, trouble = standing.planner.state, chain.clock, chain.nodes.heads.trouble
    return {
        "policy": state.policy,
        "venue": chain.venue.cluster,
        "market": chain.venue.market,
        "clock": None
        if clock is None
        else {"at": from_millis(clock.at_s * 1_000).isoformat(), "slot": clock.slot},
        "is_current": chain.is_ready,
        "nodes": {"count": chain.nodes.count, "silent": chain.nodes.silent},
        **({"nodes_trouble": trouble} if trouble else {}),
        "kill_level": state.global_kill,
        **_delegation(chain),
        "accounts": {name: account_status(it) for name, it in sorted(state.accounts.items())},
        "waiting_for_verdicts": len(standing.progress.unanswered),
        "parked_ticks": parked,
    }


def _delegation(chain: DriftChain) -> dict[str, object]:
    """Give what was read for the account's owner; nothing that is older than a few seconds."""
    owned = chain.owned
    if not owned.is_current:
        return {}
    seen = owned.sub_account(chain.account)
    return {
        f"delegation.{chain.account}": {
            "at": from_millis(owned.now_ms).isoformat(),
            "block_height": seen.block_height,
            "owner_lamports": seen.owner_lamports,
            "fee_payer_lamports": seen.fee_payer_lamports,
            "fees_due_lamports": seen.fees_due_lamports,
            "has_key_store": True,
        },
        f"sub_account.{chain.account}": {
            "is_open": seen.is_open,
            "margin_ratio": seen.margin_ratio,
            "deposit_due_usd": plain(seen.deposit_due_usd),
            "build": owned.build,
            **owned.quote(),
        },
    }
