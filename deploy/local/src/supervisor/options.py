"""What `up` was asked for, and the feed that follows from it."""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from math import inf
from pathlib import Path

from contracts.venues import PAPER, VENUES
from supervisor.refusal import Refusal

_PORT_NAME, _PORT = "GATEWAY_PORT", "8001"
_SYNTHETIC_SYMBOL = "solusdt"
"""What ingest generates."""
FEEDS = ("auto", "binance", "synthetic", "tape")
_SPEED_MAX = 1e6


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the ticks come from, its environment for ingest, and its name on disk."""

    identity: str
    folder: str
    description: str
    environment: dict[str, str]
    symbol: str


def parser() -> argparse.ArgumentParser:
    """Give the command line of the supervisor."""
    root = argparse.ArgumentParser(
        prog="justw", description="The whole desk on one machine.", allow_abbrev=False
    )
    commands = root.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run everything until Ctrl-C", allow_abbrev=False)
    up.add_argument("--feed", choices=FEEDS, help="default: tape with --tape, else auto")
    up.add_argument("--tape", action="append", default=[], metavar="FILES", help="comma-separated")
    up.add_argument("--speed", help="times the exchange's own time, or max (tape, synthetic)")
    up.add_argument("--symbol", default="solusdt", help="feed symbol of a live feed")
    up.add_argument("--seed", type=int, default=7, help="of the synthetic market")
    up.add_argument("--data-dir", type=Path, help="default: .data/<feed>")
    up.add_argument(
        "--venue",
        choices=VENUES,
        default=PAPER,
        help="localnet: the real program on this machine; devnet and mainnet: a public chain",
    )
    up.add_argument(
        "--delegate-on-page",
        action="store_true",
        help="localnet: its test wallet does not delegate by itself; sign with it on the page",
    )
    up.add_argument("--port", type=int, help="of the page and the API; default: GATEWAY_PORT, 8001")
    up.add_argument("--exit-at-end", action="store_true", help="stop when the tape is worked off")
    page = commands.add_parser("page", help="build the page where its sources changed")
    page.add_argument("--types", action="store_true", help="write its types of the API instead")
    page.add_argument("--check", action="store_true", help="check its style and types instead")
    audit = commands.add_parser("audit", help="verify, replay, report trades", allow_abbrev=False)
    audit.add_argument("--data-dir", type=Path, help="default: the one used last under .data")
    audit.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        help="verify, replay or trades, and its own options; --help after it tells them",
    )
    return root


def asked_feed(options: argparse.Namespace) -> Feed:
    """Give what the options say of the feed before anybody looks at it; raise Refusal.

    Its identity, folder and description are known once it is chosen.
    """
    kind, files = _kind(options), _files(options)
    if files and kind != "tape":
        raise Refusal(f"expected --feed tape with --tape, found --feed {kind}")
    if options.speed and kind == "binance":
        raise Refusal("expected no --speed on a live feed: it runs in its own time")
    speed_of(options)
    _check_symbol(options.symbol)
    _check_files(kind, files)
    return Feed("", "", "", _environment(kind, options), options.symbol)


def choose_feed(options: argparse.Namespace) -> Feed:
    """Give the feed that the options ask for; `auto` asks the network for five seconds."""
    asked_feed(options)
    kind = _kind(options)
    if kind == "auto":
        kind = "binance" if _live_answers(options.symbol) else "synthetic"
    environment = _environment(kind, options)
    match kind:
        case "tape":
            return _tape(environment)
        case "binance":
            return Feed(
                f"binance:{options.symbol}",
                f"binance-{options.symbol}",
                f"live Binance {options.symbol}",
                environment,
                options.symbol,
            )
        case _:
            return Feed(
                f"synthetic:{options.seed}",
                f"synthetic-{options.seed}",
                f"SYNTHETIC market, seed {options.seed}",
                environment,
                _SYNTHETIC_SYMBOL,
            )


def _kind(options: argparse.Namespace) -> str:
    return options.feed or ("tape" if options.tape else "auto")


def _files(options: argparse.Namespace) -> list[str]:
    return [part for group in options.tape for part in group.split(",") if part]


def _environment(kind: str, options: argparse.Namespace) -> dict[str, str]:
    """Give what ingest is told of a kind of feed."""
    told = {"FEED": kind}
    if kind == "tape":
        files = ",".join(str(Path(file).resolve()) for file in _files(options))
        return told | {"TAPE_FILES": files, "TAPE_SPEED": options.speed or "1"}
    if kind != "synthetic":
        told["FEED_SYMBOL"] = options.symbol
    if kind != "binance":
        told["SYNTHETIC_SEED"] = str(options.seed)
        told |= {"SYNTHETIC_SPEED": options.speed} if options.speed else {}
    return told


def speed_of(options: argparse.Namespace) -> float:
    """Give the speed, infinite for `max`; raise Refusal."""
    try:
        speed = inf if options.speed == "max" else float(options.speed or 1)
    except ValueError:
        speed = 0.0
    if not (0 < speed < _SPEED_MAX or options.speed == "max"):
        raise Refusal(f"expected --speed as a number above 0 or max, found {options.speed!r}")
    return speed


def choose_port(asked: int | None) -> int:
    """Give the port of the page: what was asked for, else GATEWAY_PORT, else 8001."""
    if asked is not None:
        return asked
    told = os.environ.get(_PORT_NAME, "").strip() or _PORT
    try:
        return int(told)
    except ValueError:
        raise Refusal(f"expected {_PORT_NAME} from 1 to 65535, found {told!r:.20}") from None


def _check_files(kind: str, files: list[str]) -> None:
    if kind == "tape" and not files:
        raise Refusal("expected --tape FILES with --feed tape, found none")
    for file in files:
        if not any(mark in file for mark in "*?[") and not Path(file).exists():
            raise Refusal(f"expected a recording at {Path(file).resolve()}, found nothing there")


def _tape(environment: dict[str, str]) -> Feed:
    files, speed = environment["TAPE_FILES"], environment["TAPE_SPEED"]
    found = subprocess.run(
        [sys.executable, "-m", "ingest", "inspect", "--identity-only", *files.split(",")],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        reason = _last_line(found.stderr).removeprefix("configuration_error: ")
        raise Refusal(reason or "the recording cannot be read")
    summary = json.loads(_last_line(found.stdout))
    print(summary["description"], flush=True)
    identity = summary["identity"]
    digest = identity.rsplit(":", 1)[-1][:8]
    return Feed(
        identity,
        f"tape-{summary['symbol']}-{digest}",
        f"TAPE of {summary['venue']} {summary['symbol']} at speed {speed}",
        environment,
        summary["symbol"],
    )


def _check_symbol(symbol: str) -> None:
    """Refuse what no exchange names a market: it also names the data folder."""
    if not re.fullmatch(r"[a-z0-9]{1,40}", symbol):
        raise Refusal(
            f"expected --symbol in small letters and digits, such as solusdt, found {symbol!r:.60}"
        )


def _live_answers(symbol: str) -> bool:
    print("Trying the live feed for 5 s ...", flush=True)
    probe = subprocess.run(
        [sys.executable, "-m", "ingest", "probe"],
        env={**os.environ, "FEED_SYMBOL": symbol},
        capture_output=True,
        text=True,
        check=False,
    )
    is_live = probe.returncode == 0
    if not is_live:
        print(f"No live trades: {_last_line(probe.stdout + probe.stderr)}", flush=True)
        print("Going SYNTHETIC: prices on this screen are made up.", flush=True)
    return is_live


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
