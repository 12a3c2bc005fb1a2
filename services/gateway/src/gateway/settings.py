"""What the environment says to the gateway."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from chassis.settings import (
    ConfigurationError,
    Requirement,
    ServiceSettings,
    complaints_of,
    place_of,
    read_settings,
)
from contracts.control import Settings
from contracts.ids import AccountId
from contracts.values import Positive
from contracts.venues import PAPER
from gateway.limits import LIMITS
from gateway.notify.sealing import Sealer, read_key
from gateway.place import PAPER_PLACE, Place, checked_url, is_address, quote_of
from gateway.signin.sign_in import SignInRules
from gateway.signin.siws import is_wallet
from gateway.site import Site, loopback_site, public_site

_TOKEN = re.compile(r"[a-z0-9-]{1,64}")
_LOOPBACK = "127.0.0.1"


class GatewaySettings(ServiceSettings):
    """The gateway's address, and the settings that a new account starts from."""

    gateway_host: str = _LOOPBACK
    gateway_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """0 takes any free port."""
    gateway_url: str = ""
    """The public origin, `https://desk.example.com`; empty: the loopback."""
    gateway_proxies: str = ""
    """Addresses or networks, comma-separated, whose X-Forwarded-For names the client."""
    sign_in_wallets: str = ""
    """Who may sign in: `WALLET` or `WALLET=ACCOUNT`, comma-separated; empty: nobody needs to."""
    operator_wallets: str = ""
    """Which of SIGN_IN_WALLETS may stop and resume all accounts, comma-separated; empty: none."""
    owner_wallet: str = ""
    """Whose wallet owns the account on the venue and names its delegate; empty: the first of
    SIGN_IN_WALLETS for the account; `none`: nobody's, the paper desk signs for itself."""
    sign_in_chain_id: Literal["mainnet", "testnet", "devnet", "localnet"] = "mainnet"
    """The chain that a wallet is told; it must be the one that it is set to."""
    session_idle_min: Annotated[int, Field(ge=1, le=480)] = 30
    session_max_min: Annotated[int, Field(ge=1, le=480)] = 480
    """The store of sessions keeps none longer."""
    session_ends_file: str = ""
    """Where ends of sessions are kept that NATS has not taken; empty: in memory alone."""
    step_up_min: Annotated[int, Field(ge=1, le=60)] = 5
    """How old a sign-in may be for what is dangerous."""
    max_leverage: Annotated[Positive, Field(le=LIMITS["max_leverage"])] = Decimal(5)
    risk_per_trade_bp: Annotated[Positive, Field(le=LIMITS["risk_per_trade"])] = Decimal(50)
    daily_stop_pct: Annotated[Positive, Field(le=LIMITS["daily_drawdown_limit"])] = Decimal(3)
    priority_fee_microlamports: Annotated[int, Field(ge=0, le=10**12)] = 10_000
    """What each transaction offers at first, and the cap that the account starts with."""
    paper_equity_usd: Positive = Decimal(10_000)
    """What a new account on paper has; on a chain it has what the venue shows."""
    strategy_enabled: bool = True
    venue: Literal["paper", "localnet", "devnet", "mainnet"] = "paper"
    """Which holds the orders of a new account; execution must be told the same one."""
    drift_program: str = ""
    """Address of the venue's program; needed on a chain, where execution is told the same one."""
    quote_mint: str = ""
    """Of the venue's quote asset; needed on a chain, as for execution."""
    sub_account: Annotated[int, Field(ge=0, le=65535)] = 0
    """The number of the owner's sub-account, as for execution."""
    venue_account_url: str = ""
    """The venue's own page of an account, over https, with `{owner}` or `{account}` in it where
    an address belongs; empty: there is none to link to."""
    notifications_key_file: str = ""
    """Path of the key that targets of notifications are sealed with; empty: none can be set."""
    log_store_dir: str = ""
    """A folder on the disk that the log lies on; empty: that disk is not ours to look at."""

    def account_settings(self) -> Settings:
        """Give the settings that a new account starts from."""
        return Settings(
            leverage_max=self.max_leverage,
            risk_per_trade_bps=self.risk_per_trade_bp,
            daily_drawdown_limit_pct=self.daily_stop_pct,
            priority_fee_cap_microlamports=self.priority_fee_microlamports,
            delegate_enabled=self.venue != PAPER,
            strategy_enabled=self.strategy_enabled,
        )

    def site(self, port: int) -> Site:
        """Give the site that is served on a port."""
        if self.gateway_url:
            return public_site(self.gateway_url)
        return loopback_site(
            port, host=self.gateway_host, requires_origin=bool(self.sign_in_wallets)
        )

    def requirements(self) -> tuple[Requirement, ...]:
        """Do as ServiceSettings.requirements."""
        return (
            self.owner,
            self._account_url,
            partial(self._require_address, "drift_program"),
            partial(self._require_address, "quote_mint"),
            self.sealer,
            self.log_disk,
            self._has_sign_in_for_others,
            self._operators,
            self._has_public_origin,
            self._has_proxies_for_others,
            self._has_proxies,
            self.host,
        )

    def place(self) -> Place:
        """Give where the account's orders go."""
        url = self._account_url()
        if self.venue == PAPER:
            return replace(PAPER_PLACE, account_url=url)
        return Place(
            self.venue, self.drift_program, quote_of(self.quote_mint), self.sub_account, url
        )

    def _account_url(self) -> str:
        url = self.venue_account_url.strip()
        try:
            return checked_url(url) if url else ""
        except ValueError as error:
            raise ConfigurationError(f"VENUE_ACCOUNT_URL: {error}") from None

    def _require_address(self, name: str) -> None:
        address: str = getattr(self, name)
        if self.venue != PAPER and not is_address(address):
            raise ConfigurationError(
                f"expected {name.upper()} with VENUE={self.venue} to be an address in base58, the "
                f"one that execution is told, found {address!r:.60}"
            )

    def sealer(self) -> Sealer | None:
        """Give what seals the targets of notifications, if there is a key for it.

        Raises ConfigurationError.
        """
        if not self.notifications_key_file:
            return None
        return Sealer(read_key(Path(self.notifications_key_file)), account=self.account)

    def log_disk(self) -> Path | None:
        """Give a folder on the log's disk, if there is one; raise ConfigurationError."""
        if not self.log_store_dir:
            return None
        folder = Path(self.log_store_dir)
        if not folder.is_dir():
            raise ConfigurationError(
                f"expected LOG_STORE_DIR to be a folder on the disk of the log, found none at "
                f"{self.log_store_dir!r:.200}"
            )
        return folder

    def owner(self) -> str | None:
        """Give the wallet that owns the account, if one does; raise ConfigurationError."""
        owner = self._owner()
        if owner is None and self.venue != PAPER:
            raise ConfigurationError(
                f"expected OWNER_WALLET with VENUE={self.venue}, found none: the wallet that "
                "ACCOUNT_OWNER names"
            )
        return owner

    def _owner(self) -> str | None:
        named = self.owner_wallet.strip()
        if named.lower() == "none":
            return None
        if named and not is_wallet(named):
            raise ConfigurationError(
                f"expected OWNER_WALLET to be a wallet in base58, or none, found {named!r:.60}"
            )
        if named:
            return named
        return next((it for it, owned in self._wallets().items() if owned == self.account), None)

    def host(self) -> str:
        """Give the address to listen at; beyond the loopback only for a public origin.

        Raises ConfigurationError.
        """
        if not self.gateway_url:
            return loopback(self.gateway_host)
        host = self.gateway_host.strip("[]")
        try:
            return str(ipaddress.ip_address(_LOOPBACK if host.lower() == "localhost" else host))
        except ValueError:
            raise ConfigurationError(
                f"expected GATEWAY_HOST to be an address of this machine, found {host!r:.80}"
            ) from None

    def _has_sign_in_for_others(self) -> None:
        if not self._wallets() and self.gateway_url:
            raise ConfigurationError(
                f"expected SIGN_IN_WALLETS beside GATEWAY_URL {place_of(self.gateway_url)!r}, "
                "found none: what others may reach needs a sign-in"
            )

    def _has_public_origin(self) -> None:
        try:
            self.site(0)
        except ValueError as error:
            raise ConfigurationError(f"GATEWAY_URL: {error}") from None

    def _has_proxies_for_others(self) -> None:
        if self.gateway_url and not self.gateway_proxies.strip(", "):
            raise ConfigurationError(
                "expected GATEWAY_PROXIES to name what ends TLS before GATEWAY_URL, found none: "
                "every client would seem to have its address, and one stranger use up the rates "
                "of all"
            )

    def _has_proxies(self) -> None:
        _require_proxies(self.gateway_proxies)

    def sign_in_rules(self) -> SignInRules | None:
        """Give who may sign in; None where nobody needs to."""
        wallets = self._wallets()
        if not wallets:
            return None
        return SignInRules(
            account=AccountId(self.account),
            wallets=wallets,
            operators=self._operators(),
            chain_id=self.sign_in_chain_id,
            idle=timedelta(minutes=self.session_idle_min),
            lifetime=timedelta(minutes=self.session_max_min),
            step_up=timedelta(minutes=self.step_up_min),
        )

    def _wallets(self) -> Mapping[str, AccountId]:
        text = self.sign_in_wallets.strip()
        return _wallets_in(text, account=AccountId(self.account)) if text else {}

    def _operators(self) -> frozenset[str]:
        wallets = self._wallets()
        return _operators_in(self.operator_wallets, wallets) if wallets else frozenset()


def load_settings(over: Mapping[str, str] | None = None) -> GatewaySettings:
    """Read the environment, with variables laid over it. Raises SettingsRefused with all faults."""
    settings = read_settings(GatewaySettings, over)
    return settings.model_copy(update={"gateway_host": settings.host()})


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of a gateway that is to start."""
    return complaints_of(partial(load_settings, over))


def _wallets_in(text: str, *, account: AccountId) -> Mapping[str, AccountId]:
    """Read `WALLET` or `WALLET=ACCOUNT`, comma-separated."""
    found: dict[str, AccountId] = {}
    for entry in text.split(","):
        wallet, _, name = (part.strip() for part in entry.partition("="))
        owned = AccountId(name or account)
        if not is_wallet(wallet):
            raise ConfigurationError(
                f"expected SIGN_IN_WALLETS to name wallets in base58, found {wallet!r:.60}"
            )
        if not _TOKEN.fullmatch(owned):
            raise ConfigurationError(
                f"expected an account [a-z0-9-]{{1,64}} in SIGN_IN_WALLETS, found {owned!r:.80}"
            )
        if found.setdefault(wallet, owned) != owned:
            raise ConfigurationError(f"expected one account of wallet {wallet}, found two")
    return found


def _operators_in(text: str, wallets: Mapping[str, AccountId]) -> frozenset[str]:
    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    for wallet in sorted(named - wallets.keys()):
        raise ConfigurationError(
            f"expected OPERATOR_WALLETS to be among SIGN_IN_WALLETS, found {wallet!r:.60}"
        )
    return named


def _require_proxies(text: str) -> None:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(entry)
        except ValueError:
            raise ConfigurationError(
                f"expected GATEWAY_PROXIES to name addresses or networks, found {entry!r:.80}"
            ) from None
        if network.prefixlen == 0:
            raise ConfigurationError(
                f"expected GATEWAY_PROXIES to name your proxies, found everybody: {entry}"
            )


def loopback(host: str) -> str:
    """Give the loopback address that `host` names; refuse any other with ConfigurationError."""
    if host.lower() == "localhost":
        return _LOOPBACK
    try:
        is_loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            "expected GATEWAY_HOST to be a loopback address (127.0.0.1, ::1 or localhost), "
            f"found {host!r:.80}: who else may reach this needs GATEWAY_URL and SIGN_IN_WALLETS"
        )
    return host.strip("[]")
