"""What the chart marks: signals with their verdict, and fills by order and minute."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

from contracts.values import Leg
from contracts.verdict import Rule
from gateway.domain import marks as all_marks
from gateway.domain.marks import MARKS_MAX, FillMark, Mark, SignalMark
from kit.gateway_events import START, order_denied
from kit.gateway_story import Story
from kit.memory import InMemoryLog


def told(write: Callable[[Story], Awaitable[object]]) -> tuple[Mark, ...]:
    async def written() -> InMemoryLog:
        story = Story(InMemoryLog())
        await write(story)
        return story.log

    marks: tuple[Mark, ...] = ()
    for recorded in asyncio.run(written()).recorded:
        marks = all_marks.evolve(marks, recorded)
    return marks


def test_a_signal_is_marked_on_its_bar_with_its_vwap_and_its_verdict() -> None:
    async def write(story: Story) -> None:
        await story.signals(3)
        await story.approves(await story.signals(4))
        await story.write(order_denied(await story.signals(5), Rule.LEVERAGE))

    marks = told(write)
    assert [
        (one.verdict, (one.minute - START).seconds // 60, one.vwap_usd)
        for one in marks
        if isinstance(one, SignalMark)
    ] == [("", 3, 150), ("approved", 4, 150), ("leverage", 5, 150)]


def test_the_fills_of_an_order_within_a_minute_are_one_mark() -> None:
    async def write(story: Story) -> None:
        setup = await story.approves(await story.signals(0))
        await story.fills(setup, Leg.ENTRY, "150", "30", after="30", remaining="20")
        await story.fills(setup, Leg.ENTRY, "151", "20", after="50")
        await story.fills(setup, Leg.TP1, "152", "25", after="25", made="40")

    fills = [one for one in told(write) if isinstance(one, FillMark)]
    assert [(one.leg, one.quantity_base, one.price_usd, one.made_usd) for one in fills] == [
        (Leg.ENTRY, 50, Decimal("150.4"), 0),  # (30 x 150 + 20 x 151) / 50
        (Leg.TP1, 25, 152, 40),
    ]


def test_the_oldest_marks_are_forgotten() -> None:
    async def write(story: Story) -> None:
        for number in range(MARKS_MAX + 2):
            await story.signals(number)

    marks = told(write)
    assert len(marks) == MARKS_MAX
    assert (marks[0].minute - START).seconds // 60 == 2
