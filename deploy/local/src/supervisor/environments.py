"""What each service is told beside the environment of this process."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from supervisor.data_folder import DataFolder
from supervisor.ports import LOOPBACK
from supervisor.venue import Venue

SERVICES = ("audit", "gateway", "execution", "risk", "signals", "ingest")
"""In the order of their start; they stop in the opposite one, so that ticks end first."""
_KEY_FILE = "NOTIFICATIONS_KEY_FILE"
_ENDS_FILE = "SESSION_ENDS_FILE"
_SEALING_FILE, _KEYS_DIR = "KEY_ENCRYPTION_FILE", "DELEGATE_KEYS_DIR"


@dataclass(frozen=True, slots=True)
class Telling:
    """All that the services of a data folder are told from."""

    folder: DataFolder
    feed: Mapping[str, str]
    venue: Venue
    page_port: int
    nats_url: str
    postgres_dsn: str
    health_ports: Mapping[str, int]

    def environments(self) -> dict[str, dict[str, str]]:
        """Give the environment of each service."""
        return {name: self._environment(name) for name in SERVICES}

    def _environment(self, name: str) -> dict[str, str]:
        common = {
            "NATS_URL": self.nats_url,
            "HEALTH_HOST": LOOPBACK,
            "HEALTH_PORT": str(self.health_ports[name]),
            "INSTANCE": f"{name}-0",
        }
        match name:
            case "gateway":
                return common | self._gateway()
            case "audit":
                return common | {"POSTGRES_DSN": self.postgres_dsn}
            case "ingest":
                return common | dict(self.feed)
            case "execution":
                return common | self._keys() | dict(self.venue.execution)
            case _:
                return common

    def _gateway(self) -> dict[str, str]:
        folder = self.folder
        key = os.environ.get(_KEY_FILE) or str(folder.key_file("notifications"))
        ends = os.environ.get(_ENDS_FILE) or str(folder.path / "session-ends.json")
        told = {
            "GATEWAY_PORT": str(self.page_port),
            "LOG_STORE_DIR": str(folder.path),
            _KEY_FILE: key,
            _ENDS_FILE: ends,
        }
        return told | self.venue.gateway

    def _keys(self) -> dict[str, str]:
        """Give execution a place for delegate keys, and what seals them, unless they are set."""
        given = os.environ.get(_SEALING_FILE) or str(self.folder.key_file("delegates"))
        folder = os.environ.get(_KEYS_DIR) or str(self.folder.path / "delegates")
        return {_SEALING_FILE: given, _KEYS_DIR: folder}
