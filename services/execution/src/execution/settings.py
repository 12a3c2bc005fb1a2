"""What the environment says to execution."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from solders.pubkey import Pubkey

from chassis.settings import (
    ConfigurationError,
    Requirement,
    ServiceSettings,
    complaints_of,
    read_settings,
)
from contracts.values import refused
from contracts.venues import PAPER
from execution.domain.policy import POLICY
from execution.onchain.config import LOCALNET, ChainConfig, pubkey_of, urls_of
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import KeyUnusable, Vault, encryption_key
from execution.venues.drift.config import FirstMoney
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules

_CALM = "paper_is_calm"
_LAMPORTS = 10**9
_ADDRESSES = ("drift_program", "quote_mint", "account_owner")


class ExecutionSettings(ServiceSettings):
    """The shared settings, the venue, and how paper is modelled; its defaults are pessimistic."""

    paper_fees: str = "velocity"
    """Whose fee table the paper venue charges: `velocity` or `drift`."""
    paper_seed: Annotated[int, Field(ge=0)] = 1
    """Of every chance on the paper chain."""
    paper_drop_rate: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.10")
    """Part of the broadcasts that no leader ever sees."""
    paper_participation: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.02")
    """The venue's volume as a part of the feed's: of each print so much can reach us."""
    paper_queue_ahead_usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000)] = Decimal(25_000)
    """Notional that rests before us at our price when we come to it."""
    paper_is_calm: bool = False
    """For tests and measurements: what is sent lands at once, and every print can fill us whole.
    Stands alone: none of the others may be set beside it."""
    venue: Literal["paper", "localnet", "devnet", "mainnet"] = "paper"
    """Where orders go. What follows is for the venues on a chain, and has no default."""
    rpc_urls: SecretStr = SecretStr("")
    """Nodes, comma-separated, the first one first: two at least, for the localnet one."""
    drift_program: str = ""
    quote_mint: str = ""
    """Of the quote asset: what a dollar is there."""
    perp_market_index: Annotated[int, Field(ge=0, le=65_535)] = 0
    """The program's number of our market."""
    account_owner: str = ""
    """The wallet that the sub-account belongs to."""
    sub_account: Annotated[int, Field(ge=0, le=65_535)] = 0
    set_up_deposit_usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000)] = Decimal(0)
    """Deposited by the transaction that names the first delegate. Play money only: elsewhere an
    owner deposits at the venue, what it can lose."""
    delegate_fees_sol: Annotated[Decimal, Field(ge=0, le=1)] = Decimal(0)
    """What a delegate is to have for fees: the transaction that names it sends what is missing."""
    key_encryption_file: Path = Path()
    """64 hexadecimal digits in a file that others may not read."""
    delegate_keys_dir: Path | None = None
    """Where the sealed keys of delegates lie that owners name. Without it no delegation can be made
    on paper; a venue on a chain needs it."""
    checkpoint_events: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Events folded between two checkpoints: what a restart folds again at most."""

    @field_validator("paper_fees")
    @classmethod
    def _table_that_break_even_covers(cls, name: str) -> str:
        if name not in FEES:
            raise refused(f"expected one of {', '.join(FEES)}")
        fee = FEES[name].taker_bps
        if fee > POLICY.exit_fee_bps:
            raise refused(
                f"expected a table with a taker fee of at most {POLICY.exit_fee_bps} bps, "
                f"which break-even counts on, not of {fee} bps"
            )
        return name

    def requirements(self) -> tuple[Requirement, ...]:
        """Do as ServiceSettings.requirements."""
        return (
            self._calm_stands_alone,
            self._chain_is_told,
            self._deposits_play_money,
            partial(self._reads, "rpc_urls", self._urls),
            *(partial(self._reads, name, partial(self._address, name)) for name in _ADDRESSES),
            self.cabinet,
        )

    def _calm_stands_alone(self) -> None:
        others = sorted(
            name for name in self.model_fields_set if name.startswith("paper_") and name != _CALM
        )
        if self.paper_is_calm and others:
            raise ConfigurationError(
                f"expected {_CALM.upper()}=true without other settings of the paper venue, which "
                f"a calm one does not follow; found {', '.join(others).upper()}"
            )

    def _chain_is_told(self) -> None:
        if self.venue == PAPER:
            return
        given = (
            ("RPC_URLS", self._rpc_urls, "addresses of nodes"),
            ("DRIFT_PROGRAM", self.drift_program, "address of the program"),
            ("QUOTE_MINT", self.quote_mint, "address of the quote asset's mint"),
            ("ACCOUNT_OWNER", self.account_owner, "address of the owner's wallet"),
            ("DELEGATE_KEYS_DIR", self._keys_folder, "folder of sealed keys"),
            ("KEY_ENCRYPTION_FILE", self.key_encryption_file.name, "path of what seals them"),
        )
        missing = [f"{name} ({what})" for name, value, what in given if not value]
        if missing:
            raise ConfigurationError(
                f"expected with VENUE={self.venue} also {'; '.join(missing)}; found none"
            )

    def _deposits_play_money(self) -> None:
        if self.set_up_deposit_usd and self.venue not in (PAPER, LOCALNET):
            raise ConfigurationError(
                f"expected SET_UP_DEPOSIT_USD with VENUE={LOCALNET} only, found {self.venue}"
            )

    def _reads(self, name: str, read: Callable[[], object]) -> None:
        """Want what is given for a chain to be what it should."""
        if self.venue != PAPER and getattr(self, name):
            try:
                read()
            except ValueError as error:
                raise ConfigurationError(str(error)) from None

    def _urls(self) -> tuple[str, ...]:
        return urls_of(self._rpc_urls, self.venue)

    def _address(self, name: str) -> Pubkey:
        return pubkey_of(name.upper(), getattr(self, name))

    @property
    def _rpc_urls(self) -> str:
        return self.rpc_urls.get_secret_value()

    @property
    def chain(self) -> ChainConfig:
        """Give the chain to trade on, as the requirements have it."""
        return ChainConfig(
            cluster=self.venue,
            urls=self._urls(),
            program=self._address("drift_program"),
            quote_mint=self._address("quote_mint"),
            owner=self._address("account_owner"),
            sub_account=self.sub_account,
            market_index=self.perp_market_index,
            first_money=FirstMoney(
                self.set_up_deposit_usd, int(self.delegate_fees_sol * _LAMPORTS)
            ),
        )

    def cabinet(self) -> KeyCabinet | None:
        """Open the cabinet of keys; None without one. Raises ConfigurationError."""
        folder, sealing = self._keys_folder, self.key_encryption_file
        if folder is None:
            return None
        if not sealing.name:
            raise ConfigurationError(
                "expected KEY_ENCRYPTION_FILE beside DELEGATE_KEYS_DIR, found none: delegate keys "
                "are never kept in the clear"
            )
        try:
            return KeyCabinet(folder, Vault(encryption_key(sealing)))
        except KeyUnusable as error:
            raise ConfigurationError(f"delegate keys: {error}") from None

    @property
    def _keys_folder(self) -> Path | None:
        folder = self.delegate_keys_dir
        return folder if folder is not None and folder.name else None

    @property
    def rules(self) -> PaperRules:
        """Give the paper venue's rules."""
        if self.paper_is_calm:
            return PaperRules.calm()
        return PaperRules(
            fees=FEES[self.paper_fees],
            seed=self.paper_seed,
            drop_rate=self.paper_drop_rate,
            participation=self.paper_participation,
            queue_ahead_usd=self.paper_queue_ahead_usd,
        )


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of an execution that is to start."""
    return complaints_of(lambda: read_settings(ExecutionSettings, over))
