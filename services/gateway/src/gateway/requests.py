"""What people may ask: closed, strict shapes; every number is a plain decimal string."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.control import Settings
from contracts.values import plain, refused
from gateway.domain.hidden import HIDDEN, shown

TEXT_MAX = 500
"""Characters of a person's text."""
REASON_NOT_GIVEN = "no reason given"


def _above_zero(text: str) -> str:
    if not Decimal(text) > 0:
        raise refused("expected a number above zero")
    return text


def _printable(text: str) -> str:
    if HIDDEN.search(text):
        raise refused("expected text without control characters")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise refused("expected a reason, found blanks")
    return text.strip()


PlainNumber = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$", max_length=22, examples=["142.5"]),
    AfterValidator(_above_zero),
]
"""A decimal above zero: no sign, no exponent, at most 12 digits before and 9 after the point."""
Text = Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(_printable)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OrderRequest(_Request):
    """A setup by hand: an entry with its stop and three take-profits."""

    side: Literal["long", "short"]
    type: Literal["post_only_limit"]
    px: PlainNumber
    """Entry price, USD."""
    size: PlainNumber
    """Quantity, base asset."""
    sl: PlainNumber
    tp1: PlainNumber
    tp2: PlainNumber
    tp3: PlainNumber
    leverage: PlainNumber
    venue: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    notes: Text = ""


class CancelRequest(_Request):
    """Take back one resting order."""

    orderId: Annotated[str, Field(pattern=r"^[0-9a-z]{26}$")]  # noqa: N815 - the contract's name


class ReasonRequest(_Request):
    """Why a person does this."""

    reason: Annotated[Text, Field(min_length=1), AfterValidator(_said)]


class ResumeRequest(ReasonRequest):
    """Why trading is to be resumed, and whose."""

    scope: Literal["account", "global"] = "account"
    knows: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")] | None = None
    """`newestPos` of the stop that the person saw: with a newer one, nothing is resumed."""


class ChallengeRequest(_Request):
    """Ask what a wallet is to sign."""

    address: Annotated[str, Field(min_length=32, max_length=44)]
    """The wallet, in base58."""


class VerifyRequest(_Request):
    """What the wallet gave back."""

    challengeId: Annotated[  # noqa: N815 - the API is camelCase
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{43}$")
    ]
    """As it was issued."""
    signedMessage: Annotated[str, Field(max_length=4096)]  # noqa: N815
    """The bytes that were signed, in base64."""
    signature: Annotated[str, Field(max_length=128)]
    """64 bytes in base64."""


_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class ConsentRequest(_Request):
    """Agree to the text with this hash."""

    textSha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # noqa: N815 - the API is camelCase


class SignedTransactionRequest(_Request):
    """A transaction as the owner's wallet gave it back."""

    txId: Annotated[str, Field(pattern=_UUID)]  # noqa: N815
    base64: Annotated[str, Field(max_length=2048)]


class DeclineRequest(_Request):
    """A transaction that the owner does not want to sign."""

    txId: Annotated[str, Field(pattern=_UUID)]  # noqa: N815


class SigningModeRequest(_Request):
    """Who signs from now on."""

    mode: Literal["delegate", "manual"]


class SettingsBody(_Request):
    """An account's limits and switches, whole."""

    max_leverage: PlainNumber
    risk_per_trade: PlainNumber
    """Equity lost when the stop is hit, in basis points."""
    daily_drawdown_limit: PlainNumber
    """Percent of equity."""
    priority_fee_cap: Annotated[int, Field(ge=0, le=10**12)]
    """Micro-lamports per compute unit."""
    delegate_enabled: bool
    strategy_enabled: bool

    def settings(self) -> Settings:
        """Give the settings as the log has them."""
        return Settings(
            leverage_max=Decimal(self.max_leverage),
            risk_per_trade_bps=Decimal(self.risk_per_trade),
            daily_drawdown_limit_pct=Decimal(self.daily_drawdown_limit),
            priority_fee_cap_microlamports=self.priority_fee_cap,
            delegate_enabled=self.delegate_enabled,
            strategy_enabled=self.strategy_enabled,
        )


def settings_body(settings: Settings) -> SettingsBody:
    """Give settings of the log in the API's words."""
    return SettingsBody.model_construct(
        max_leverage=plain(settings.leverage_max),
        risk_per_trade=plain(settings.risk_per_trade_bps),
        daily_drawdown_limit=plain(settings.daily_drawdown_limit_pct),
        priority_fee_cap=settings.priority_fee_cap_microlamports,
        delegate_enabled=settings.delegate_enabled,
        strategy_enabled=settings.strategy_enabled,
    )


def read_time(text: str) -> datetime | None:
    """Read a time with its zone (RFC 3339); None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def clean_reason(text: object) -> str:
    """Make any value a reason that the log takes; what is no text was not given."""
    return (clean_text(text) if isinstance(text, str) else "") or REASON_NOT_GIVEN


def clean_text(text: str) -> str:
    """Make any text one that the log takes: short, on one line, without control characters."""
    return " ".join(shown(text[: 4 * TEXT_MAX]).split())[:TEXT_MAX]
