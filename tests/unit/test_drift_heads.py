"""Which nodes are believed about where the chain is, and how far it is for sure."""

from dataclasses import dataclass, field

import pytest

from execution.venues.drift.heads import Heads

AHEAD = 90
"""Slots before the chain's blocks."""
A, B, C = 1, 2, 3


@dataclass
class Chain:
    """Two slots a second, as so many nodes show them."""

    count: int = 2
    now: float = 0.0
    heads: Heads = field(init=False)
    frozen: dict[int, int] = field(default_factory=dict[int, int])
    """By node: the slot at which it stands."""
    offset: dict[int, int] = field(default_factory=dict[int, int])
    silent: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self.heads = Heads(self.count, clock=lambda: self.now)
        self.told()

    @property
    def slot(self) -> int:
        """Give where the chain is."""
        return 1_000 + int(self.now * 2)

    def told(self) -> None:
        """Let every node that speaks say where it is."""
        for place in range(1, self.count + 1):
            if place not in self.silent:
                slot = self.frozen.get(place, self.slot) + self.offset.get(place, 0)
                self.heads.tell(place, slot=slot, height=slot - AHEAD)

    def goes_on(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.now += 1
            self.told()

    @property
    def well(self) -> list[int]:
        """Give whom nothing speaks against."""
        return [it for it in range(1, self.count + 1) if self.heads.is_well(it)]

    def freeze(self, place: int) -> None:
        """Let a node show what it shows now, from now on."""
        self.frozen[place] = self.slot


def test_nodes_that_move_together_are_well() -> None:
    chain = Chain()
    chain.goes_on(20)
    assert (chain.well, chain.heads.trouble) == ([A, B], "")
    assert chain.heads.height == chain.heads.sure_height == 1_040 - AHEAD


@pytest.mark.parametrize("frozen", [A, B])
def test_a_node_that_stands_still_rests_and_holds_the_height_back_no_longer(frozen: int) -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.freeze(frozen)
    chain.goes_on(4)
    assert chain.well == [A, B]
    assert chain.heads.sure_height == 1_020 - AHEAD  # Two said so; 1,028 was said by one.
    chain.goes_on(2)
    assert chain.well == [A + B - frozen]
    assert chain.heads.trouble == f"node {frozen} stands still at slot 1020"
    assert chain.heads.sure_height == chain.heads.height == 1_032 - AHEAD


def test_when_all_stand_still_nobody_is_well_and_no_block_passes() -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.freeze(A)
    chain.freeze(B)
    chain.goes_on(60)
    assert chain.well == []
    assert "node 1 stands still at slot 1020; node 2 stands" in chain.heads.trouble
    assert chain.heads.height == 1_020 - AHEAD


def test_a_node_that_lags_rests_until_it_has_caught_up() -> None:
    chain = Chain(offset={A: -12})
    chain.goes_on(5)
    assert chain.well == [A, B]
    chain.offset[A] = -13
    chain.told()
    assert chain.well == [B]
    assert chain.heads.trouble == "node 1 is 13 slots behind"
    assert chain.heads.is_behind(chain.slot - 13)
    assert not chain.heads.is_behind(chain.slot - 12)
    chain.offset[A] = -3
    chain.told()
    assert chain.well == [A, B]


@pytest.mark.parametrize("leap", [40, 1_000_000])
def test_a_node_that_leaps_ahead_is_not_believed_and_the_other_goes_on(leap: int) -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.offset[B] = leap
    chain.goes_on(120)
    assert chain.well == [A]
    assert "node 2" in chain.heads.trouble
    assert chain.heads.height == chain.heads.sure_height == chain.slot - AHEAD
    assert not chain.heads.is_reachable(chain.slot + leap)
    chain.silent = {A}
    chain.goes_on(9)
    assert chain.heads.height == 1_000 + 2 * 130 - AHEAD  # Alone it is believed no more.
    assert not chain.heads.is_well(B)


def test_a_height_that_leaps_alone_is_not_believed_either() -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.heads.tell(B, slot=chain.slot, height=10**9)
    assert chain.well == [A]
    assert chain.heads.height == chain.heads.sure_height == chain.slot - AHEAD


def test_nobody_alone_makes_a_block_pass_while_two_are_heard() -> None:
    chain = Chain(offset={B: 10})
    chain.goes_on(10)
    assert chain.well == [A, B]
    assert chain.heads.height == chain.slot + 10 - AHEAD
    assert chain.heads.sure_height == chain.slot - AHEAD


def test_nodes_that_never_agreed_are_of_different_chains_and_nobody_is_believed() -> None:
    chain = Chain(offset={B: 1_000_000})
    chain.goes_on(3)
    assert chain.well == []
    assert chain.heads.height == chain.heads.sure_height == 0
    assert chain.heads.trouble == "the nodes are of different chains, at the slots 1006, 1001006"
    chain.offset.clear()
    chain.goes_on(1)
    assert chain.well == [A, B]


def test_of_three_the_two_that_are_together_are_believed_from_the_start() -> None:
    chain = Chain(count=3, offset={A: 1_000_000})
    chain.goes_on(3)
    assert chain.well == [B, C]
    assert chain.heads.sure_height == chain.slot - AHEAD


def test_a_node_that_stood_still_before_the_start_is_found_out() -> None:
    chain = Chain(frozen={A: 10})
    chain.goes_on(3)
    assert chain.well == []  # Nobody can say yet who is right.
    chain.goes_on(3)
    assert chain.well == [B]
    assert chain.heads.height == chain.slot - AHEAD


def test_a_clock_that_stood_still_makes_no_liars_of_nodes_that_agree() -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.offset = {A: 5_000, B: 5_000}
    chain.goes_on(2)
    assert chain.well == [A, B]
    assert chain.heads.sure_height == chain.slot + 5_000 - AHEAD


def test_whoever_is_silent_is_no_second_source() -> None:
    chain = Chain()
    chain.goes_on(10)
    chain.silent = {A}
    chain.goes_on(9)
    assert chain.heads.sure_height == 1_020 - AHEAD
    chain.goes_on(2)
    assert chain.heads.sure_height == chain.slot - AHEAD
    assert chain.heads.trouble == ""
