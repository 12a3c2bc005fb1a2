"""Where the program keeps things. Source: drift-labs/protocol-v2, `sdk/src/addresses/pda.ts`."""

from dataclasses import dataclass

from solders.pubkey import Pubkey

PROGRAM = Pubkey.from_string("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH")
PYTH = Pubkey.from_string("FsJ3A3u2vn5cTVofAjvy6y5kwABJAqYWpe4975bi2epH")
"""The oracle program of mainnet builds."""
USDC = Pubkey.from_string("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
"""The quote mint of mainnet builds."""
LOOKUP_TABLES = (
    Pubkey.from_string("Fpys8GRa5RBWfyeN7AaDUwFGD1zkDCA4z3t4CJLV8dfL"),
    Pubkey.from_string("EiWSskK5HXnBTptiS5DH6gpAJRVNQ3cAhTKBGaiaysAb"),
)
"""The mainnet tables: driftpy sends no version-0 transaction without them."""
TOKENS = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
SYSTEM = Pubkey.default()
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
_ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")


def derived(*seeds: bytes) -> Pubkey:
    """Give the program's address of these seeds."""
    return Pubkey.find_program_address(list(seeds), PROGRAM)[0]


def _index(number: int) -> bytes:
    return number.to_bytes(2, "little")


STATE = derived(b"drift_state")
SIGNER = derived(b"drift_signer")
SPOT_MARKET = derived(b"spot_market", _index(0))
"""The quote: USDC."""
SPOT_VAULT = derived(b"spot_market_vault", _index(0))
INSURANCE_VAULT = derived(b"insurance_fund_vault", _index(0))


def perp_market(index: int) -> Pubkey:
    """Give a perp market."""
    return derived(b"perp_market", _index(index))


def tokens_of(owner: Pubkey) -> Pubkey:
    """Give a wallet's USDC account."""
    seeds = [bytes(owner), bytes(TOKENS), bytes(USDC)]
    return Pubkey.find_program_address(seeds, _ASSOCIATED)[0]


@dataclass(frozen=True, slots=True)
class Trader:
    """A sub-account of a wallet, by its addresses."""

    authority: Pubkey
    sub_account: int = 0

    @property
    def user(self) -> Pubkey:
        """Give the sub-account's account."""
        return derived(b"user", bytes(self.authority), _index(self.sub_account))

    @property
    def stats(self) -> Pubkey:
        """Give the wallet's statistics."""
        return derived(b"user_stats", bytes(self.authority))
