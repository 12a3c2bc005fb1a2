"""What the owner of an account says, as the gateway records it."""

from uuid import UUID

from contracts.delegation import (
    ConsentGiven,
    DelegationAsked,
    DelegationLimits,
    OwnerNamed,
    OwnerTransactionReturned,
    RevokeAsked,
)
from contracts.manual import (
    OfferDeclined,
    SigningMode,
    SigningModeChanged,
    TransactionReturned,
)
from kit.execution_events import SETTINGS
from kit.owner_wallet import OwnerWallet

CONSENT = "A delegate can lose all that is in this sub-account."


def an_owner(account: str, wallet: str | None) -> OwnerNamed:
    """Say whose account it is."""
    return OwnerNamed(account=account, wallet=wallet, by="test")


def a_consent(account: str, wallet: OwnerWallet) -> ConsentGiven:
    """Agree to what a delegate can do."""
    return ConsentGiven(
        account=account,
        wallet=wallet.address,
        session=None,
        text=CONSENT,
        text_sha256="0" * 64,
        limits=DelegationLimits(
            leverage_max=SETTINGS.leverage_max,
            risk_per_trade_bps=SETTINGS.risk_per_trade_bps,
            daily_drawdown_limit_pct=SETTINGS.daily_drawdown_limit_pct,
            key_hours=24,
        ),
        by="test",
    )


def an_ask(account: str, wallet: OwnerWallet, consent: UUID) -> DelegationAsked:
    """Ask for a key, and the transaction that names it."""
    return DelegationAsked(account=account, wallet=wallet.address, consent=consent, by="test")


def a_revoke(account: str, wallet: OwnerWallet) -> RevokeAsked:
    """Ask for the transaction that takes the right to sign back."""
    return RevokeAsked(account=account, wallet=wallet.address, by="test")


def a_return(
    account: str, wallet: OwnerWallet, offer: UUID, message: str, *, signature: str | None = None
) -> OwnerTransactionReturned:
    """Sign a message, as an answer to an offer."""
    kept, signed = wallet.signed(message)
    return OwnerTransactionReturned(
        account=account,
        wallet=wallet.address,
        offer=offer,
        signature=signature or signed,
        message=kept,
        by="test",
    )


# By hand


def a_mode(
    account: str, wallet: OwnerWallet, mode: SigningMode = SigningMode.MANUAL
) -> SigningModeChanged:
    """Choose who signs from now on."""
    is_manual = mode is SigningMode.MANUAL
    return SigningModeChanged(
        account=account,
        before=SigningMode.DELEGATE if is_manual else SigningMode.MANUAL,
        mode=mode,
        wallet=wallet.address if is_manual else None,
        by="test",
    )


def a_signature(
    account: str, wallet: OwnerWallet, offer: UUID, message: str, *, signature: str | None = None
) -> TransactionReturned:
    """Sign a message by hand, as an answer to an offer; `signature` puts another in its place."""
    kept, signed = wallet.signed(message)
    return TransactionReturned(
        account=account,
        wallet=wallet.address,
        offer=offer,
        signature=signature or signed,
        message=kept,
        by="test",
    )


def a_decline(account: str, wallet: OwnerWallet, offer: UUID) -> OfferDeclined:
    """Say that an offer is not wanted."""
    return OfferDeclined(account=account, wallet=wallet.address, offer=offer, by="test")
