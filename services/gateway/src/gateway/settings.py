"""What the environment says to the gateway."""

import ipaddress
from decimal import Decimal
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from chassis.settings import ConfigurationError, ServiceSettings
from contracts.control import Settings
from contracts.values import Positive


class GatewaySettings(ServiceSettings):
    """The gateway's address, and the settings that a new account starts from."""

    gateway_host: str = "127.0.0.1"
    gateway_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """0 takes any free port."""
    max_leverage: Positive = Decimal(5)
    risk_per_trade_bp: Positive = Decimal(50)
    daily_stop_pct: Positive = Decimal(3)
    priority_fee_microlamports: Annotated[int, Field(ge=0, le=10**12)] = 10_000
    """What each transaction offers at first, and the cap that the account starts with."""
    paper_equity_usd: Positive = Decimal(10_000)
    strategy_enabled: bool = True

    def account_settings(self) -> Settings:
        """Give the settings that a new account starts from."""
        return Settings(
            leverage_max=self.max_leverage,
            risk_per_trade_bps=self.risk_per_trade_bp,
            daily_drawdown_limit_pct=self.daily_stop_pct,
            priority_fee_cap_microlamports=self.priority_fee_microlamports,
            delegate_enabled=False,
            strategy_enabled=self.strategy_enabled,
        )


def load_settings() -> GatewaySettings:
    """Read the environment; raise ConfigurationError, with all that is wrong in one line."""
    try:
        settings = GatewaySettings()
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(_complaint, error.errors()))) from None
    return settings.model_copy(update={"gateway_host": loopback(settings.gateway_host)})


def loopback(host: str) -> str:
    """Give the loopback address that `host` names; refuse any other with ConfigurationError."""
    if host.lower() == "localhost":
        return "127.0.0.1"
    try:
        is_loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            "expected GATEWAY_HOST to be a loopback address (127.0.0.1, ::1 or localhost), "
            f"found {host!r:.80}: there is no sign-in yet, so nobody else may reach this"
        )
    return host.strip("[]")


def _complaint(error: ErrorDetails) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    return f"{name}: {error['msg']}, found {error['input']!r:.80}"
