"""Which streams are silent for longer than they may be. Times are monotonic seconds."""

from collections.abc import Mapping

from ingest.domain.items import Recovered, Stalled


class SilenceWatch:
    """Follows the streams of one path; a stream without a deadline may be silent for ever."""

    def __init__(self, deadlines_s: Mapping[str, float]) -> None:
        self._deadlines_s = dict(deadlines_s)
        self._heard_s: dict[str, float] = {}
        self._stalled_s: dict[str, float] = {}

    def start(self, now_s: float) -> None:
        """Count silence from here on: a connection was opened."""
        for stream in self._deadlines_s:
            self._heard_s[stream] = now_s

    def heard(self, stream: str, now_s: float) -> Recovered | None:
        """Note a frame; say so when it ends a stall."""
        self._heard_s[stream] = now_s
        since_s = self._stalled_s.pop(stream, None)
        return None if since_s is None else Recovered(stream, int((now_s - since_s) * 1000))

    def is_stalled(self, stream: str | None = None) -> bool:
        """Say whether a stream is in a stall; without a name, whether any is."""
        return bool(self._stalled_s) if stream is None else stream in self._stalled_s

    def overdue(self, now_s: float) -> list[Stalled]:
        """Give the streams that are silent beyond their deadline, each once."""
        found: list[Stalled] = []
        for stream, deadline_s in self._deadlines_s.items():
            silence_s = now_s - self._heard_s.get(stream, now_s)
            if silence_s > deadline_s and stream not in self._stalled_s:
                self._stalled_s[stream] = now_s
                found.append(
                    Stalled(stream, f"silent for more than {deadline_s:g} s", int(silence_s * 1000))
                )
        return found
