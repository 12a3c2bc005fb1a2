"""What an append to the log answers, and how it may be refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a draft stands in the log; `is_duplicate` when it already stood there."""

    position: int
    is_duplicate: bool


class VersionConflict(Exception):
    """Someone else wrote this subject since the caller last looked: a zombie, or a rival."""

    def __init__(self, *, subject: str, expected: int, found: int) -> None:
        super().__init__(f"expected {subject} at position {expected}, found {found}")
        self.subject = subject
        self.expected = expected
        self.found = found


class LogFull(Exception):
    """The log refuses new messages because its storage is used up; nothing old was dropped."""


class AppendRefused(Exception):
    """The log will never take this message: too large, or not its subject."""
