"""What the environment says to execution."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.settings import ConfigurationError, ServiceSettings, complaints_of, read_settings
from contracts.values import refused
from contracts.venues import PAPER
from execution.domain.policy import POLICY
from execution.onchain.config import LOCALNET, ChainConfig, pubkey_of, require_given, urls_of
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import KeyUnusable, Vault, encryption_key
from execution.venues.drift.config import FirstMoney
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules

_CALM = "paper_is_calm"
_LAMPORTS = 10**9


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

    @model_validator(mode="after")
    def _calm_stands_alone(self) -> Self:
        others = sorted(
            name for name in self.model_fields_set if name.startswith("paper_") and name != _CALM
        )
        if self.paper_is_calm and others:
            raise refused(
                f"expected {_CALM.upper()}=true without other settings of the paper venue, which "
                f"a calm one does not follow; found {', '.join(others).upper()}"
            )
        return self

    @model_validator(mode="after")
    def _chain_is_told(self) -> Self:
        if self.venue != PAPER:
            try:
                self.chain  # noqa: B018 - it raises when something is missing or cannot be
            except ValueError as error:
                raise refused(str(error)) from None
        return self

    @property
    def chain(self) -> ChainConfig:
        """Give the chain to trade on; raise ValueError, with what was expected."""
        require_given(
            (
                ("RPC_URLS", self.rpc_urls.get_secret_value(), "addresses of nodes"),
                ("DRIFT_PROGRAM", self.drift_program, "address of the program"),
                ("QUOTE_MINT", self.quote_mint, "address of the quote asset's mint"),
                ("ACCOUNT_OWNER", self.account_owner, "address of the owner's wallet"),
                ("DELEGATE_KEYS_DIR", self._keys_folder, "folder of sealed keys"),
                ("KEY_ENCRYPTION_FILE", self.key_encryption_file.name, "path of what seals them"),
            ),
            self.venue,
        )
        if self.set_up_deposit_usd and self.venue != LOCALNET:
            raise ValueError(
                f"expected SET_UP_DEPOSIT_USD with VENUE={LOCALNET} only, found {self.venue}"
            )
        return ChainConfig(
            cluster=self.venue,
            urls=urls_of(self.rpc_urls.get_secret_value(), self.venue),
            program=pubkey_of("DRIFT_PROGRAM", self.drift_program),
            quote_mint=pubkey_of("QUOTE_MINT", self.quote_mint),
            owner=pubkey_of("ACCOUNT_OWNER", self.account_owner),
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
    return complaints_of(lambda: read_settings(ExecutionSettings, over).cabinet())
