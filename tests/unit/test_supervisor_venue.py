"""`up --venue localnet`: what it needs is said in one line before anything is started."""

import contextlib
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from localnet.drift.addresses import Trader
from localnet.drift.world import keypair
from supervisor import venue as venues
from supervisor.data_folder import DataFolder
from supervisor.options import Feed, choose_feed, parser
from supervisor.refusal import Refusal

NATS = "nats://token@127.0.0.1:4222"
FEED = Feed("synthetic:7", "synthetic-7", "a market", {}, "solusdt")


def asked(*arguments: str) -> Namespace:
    return parser().parse_args(["up", *arguments])


def refusal(*arguments: str) -> str:
    with pytest.raises(Refusal) as refused:
        venues.require_venue(asked("--venue", "localnet", *arguments))
    return str(refused.value)


def opened(
    folder: DataFolder, logs: Path, *options: str, symbol: str = FEED.symbol
) -> venues.Venue:
    asks = asked("--venue", "localnet", *options)
    feed = replace(FEED, symbol=symbol)
    return venues.opened(asks, folder, feed, nats_url=NATS, page_url="http://page", logs=logs)


def test_paper_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIFT_SO", raising=False)
    venues.require_venue(asked())
    assert venues.folder_of(FEED, "paper") == "synthetic-7"
    assert venues.identity_of(FEED, "paper") == "synthetic:7"


def test_without_a_program_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIFT_SO", raising=False)
    assert refusal() == (
        "expected DRIFT_SO to be the path of a Drift program, found none; "
        "`./justw localnet` says how to get one"
    )


def test_another_file_is_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other.so"
    other.write_bytes(b"another program")
    monkeypatch.setenv("DRIFT_SO", str(other))
    words = refusal()
    assert words.startswith(f"expected a known Drift program at {other}")
    assert "\n" not in words


class TestWithAProgram:
    @pytest.fixture(autouse=True)
    def program(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(path: str | None) -> None:
            del path

        def find_spec(name: str) -> object:
            return name

        monkeypatch.setattr(venues, "load", load)
        monkeypatch.setattr(venues, "find_spec", find_spec)

    @pytest.mark.parametrize("speed", ["max", "11", "60"])
    @pytest.mark.parametrize("feed", [(), ("--tape", "some.csv")])
    def test_a_market_that_outruns_a_chain_is_refused(
        self, feed: Sequence[str], speed: str
    ) -> None:
        found = refusal("--speed", speed, *feed)
        assert f"at most 10 with --venue localnet, found {speed}" in found

    def test_a_tape_plays_in_its_own_time_or_up_to_ten_times_faster(self) -> None:
        for speed in ((), ("--speed", "10")):
            venues.require_venue(asked("--venue", "localnet", "--tape", "some.csv", *speed))

    def test_a_speed_that_is_none_is_refused(self) -> None:
        assert "expected --speed as a number above 0 or max, found 'fast'" in refusal(
            "--speed", "fast"
        )

    def test_a_synthetic_market_has_a_speed_that_a_chain_can_follow(self) -> None:
        options = asked("--venue", "localnet", "--feed", "synthetic")
        venues.require_venue(options)
        feed = choose_feed(options)
        assert feed.environment["SYNTHETIC_SPEED"] == venues.SPEED
        assert venues.folder_of(feed, "localnet").startswith("localnet-synthetic-7-")

    def test_the_packages_are_named_when_they_are_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nothing(name: str) -> None:
            del name

        monkeypatch.setattr(venues, "find_spec", nothing)
        assert "`./justw sync --extra drift` installs them" in refusal()


def test_a_folder_holds_one_run_of_a_localnet(tmp_path: Path) -> None:
    for _ in range(2):
        folder = DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "localnet"))
        was_new = folder.is_new
        if not was_new:
            with pytest.raises(Refusal, match="give another --data-dir"):
                opened(folder, tmp_path)
        else:
            venue = opened(folder, tmp_path)
            told = venue.execution
            assert told["VENUE"] == venue.gateway["VENUE"] == "localnet"
            assert told["ACCOUNT_OWNER"] == venue.gateway["OWNER_WALLET"]
            assert venue.chain is not None
            assert not any("token" in it for it in venue.chain.command)
            assert venue.chain.command[-2:] == ("--owner-signs-at", "http://page")
            assert (told["SET_UP_DEPOSIT_USD"], told["DELEGATE_FEES_SOL"]) == ("0", "1")
            on_page = opened(folder, tmp_path, "--delegate-on-page").chain
            assert on_page is not None
            assert "--owner-signs-at" not in on_page.command
        folder.close()
    with pytest.raises(Refusal, match="on localnet"):
        DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "paper"))


def test_a_feed_goes_to_its_own_market_and_a_strange_one_is_refused(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "localnet"))
    for symbol, index in (("solusdt", "0"), ("btcusdt", "1"), ("ethusdt", "2")):
        assert opened(folder, tmp_path, symbol=symbol).execution["PERP_MARKET_INDEX"] == index
    with pytest.raises(Refusal, match="expected a feed of sol-perp, btc-perp, eth-perp with"):
        opened(folder, tmp_path, symbol="ltcusdt")
    with pytest.raises(Refusal, match=r"expected a symbol of .*, found 'nosuchusdt'"):
        opened(folder, tmp_path, symbol="nosuchusdt")
    folder.close()


def test_a_persons_own_wallet_owns_the_account_and_is_left_to_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "localnet"))
    wallet = str(keypair("a person").pubkey())
    monkeypatch.setenv("OWNER_WALLET", wallet)
    venue = opened(folder, tmp_path)
    assert venue.execution["ACCOUNT_OWNER"] == venue.gateway["OWNER_WALLET"] == wallet
    assert venue.chain is not None
    assert venue.chain.command[-2:] == ("--owner", wallet)
    told = venue.execution
    assert (told["SET_UP_DEPOSIT_USD"], told["DELEGATE_FEES_SOL"]) == ("10000", "0.05")
    assert "--owner-signs-at" not in venue.chain.command
    for named in ("none", str(Trader(keypair("a person").pubkey()).user)):
        monkeypatch.setenv("OWNER_WALLET", named)
        with pytest.raises(Refusal, match=f"wallet in base58, found '{named}'"):
            opened(folder, tmp_path)
    folder.close()


class TestOnAPublicCluster:
    @pytest.fixture(autouse=True)
    def packages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def find_spec(name: str) -> object:
            return name

        monkeypatch.setattr(venues, "find_spec", find_spec)
        for name in ("VENUE", "ACCOUNT_OWNER", "OWNER_WALLET", "SIGN_IN_CHAIN_ID"):
            monkeypatch.delenv(name, raising=False)

    def told(self, folder: DataFolder, logs: Path, venue: str) -> venues.Venue:
        asks = asked("--venue", venue)
        return venues.opened(asks, folder, FEED, nats_url=NATS, page_url="http://page", logs=logs)

    @pytest.mark.parametrize("venue", ["devnet", "mainnet"])
    def test_it_is_fed_by_the_live_market_and_by_nothing_that_is_made_up(self, venue: str) -> None:
        options = asked("--venue", venue)
        venues.require_venue(options)
        assert options.feed == "binance"
        for other in (["--feed", "synthetic"], ["--feed", "tape"], ["--tape", "some.csv"]):
            with pytest.raises(Refusal, match=f"expected a live feed with --venue {venue}"):
                venues.require_venue(asked("--venue", venue, *other))

    @pytest.mark.parametrize("name", ["RPC_URL", "DRIFT_ENV"])
    def test_a_name_that_is_not_ours_is_refused_without_what_it_says(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "https://node.example/?api-key=secret")
        with pytest.raises(Refusal, match=f"found {name}$"):
            venues.require_venue(asked("--venue", "devnet"))

    def test_a_folder_goes_on_and_the_owner_is_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert venues.folder_of(FEED, "devnet") == "devnet-synthetic-7"
        wallet = str(keypair("a person").pubkey())
        monkeypatch.setenv("ACCOUNT_OWNER", wallet)
        for _ in range(2):
            folder = DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "devnet"))
            with contextlib.closing(folder):
                venue = self.told(folder, tmp_path, "devnet")
            assert venue.execution == {"VENUE": "devnet"}
            assert venue.chain is None
            assert venue.gateway == {
                "VENUE": "devnet",
                "OWNER_WALLET": wallet,
                "SIGN_IN_CHAIN_ID": "devnet",
            }
        monkeypatch.setenv("OWNER_WALLET", str(keypair("another").pubkey()))
        folder = DataFolder(tmp_path / "run", feed=venues.identity_of(FEED, "devnet"))
        with (
            contextlib.closing(folder),
            pytest.raises(Refusal, match="expected OWNER_WALLET to be the wallet of"),
        ):
            self.told(folder, tmp_path, "devnet")
