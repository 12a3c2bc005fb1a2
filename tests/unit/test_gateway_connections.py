"""How many connections there are descriptors for."""

import resource

import pytest

from gateway.connections import PLACES_MAX, places_max

NO_LIMIT = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "raised_to", "places"),
    [
        (20_000, 20_000, None, PLACES_MAX),
        (NO_LIMIT, NO_LIMIT, None, PLACES_MAX),
        # 640 places and 128 for all else.
        (256, 4_096, 768, PLACES_MAX),
        (256, NO_LIMIT, 768, PLACES_MAX),
        (256, 300, 300, 172),
        (100, 100, 100, 1),
    ],
)
def test_what_the_system_gives_is_taken_and_the_rest_is_done_without(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised_to: int | None, places: int
) -> None:
    asked: list[int] = []

    def raised(_: int, limits: tuple[int, int]) -> None:
        asked.append(limits[0])

    def given(_: int) -> tuple[int, int]:
        return soft, hard

    monkeypatch.setattr(resource, "getrlimit", given)
    monkeypatch.setattr(resource, "setrlimit", raised)
    assert places_max() == places
    assert asked == ([] if raised_to is None else [raised_to])
