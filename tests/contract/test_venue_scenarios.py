"""One suite of scenarios on every venue: paper, and the real program where `DRIFT_SO` names one."""

import pytest

from contracts.values import Side
from kit.paper_stage import PaperStage
from kit.scenario import Stage, mirrored, play, scenarios

SCENARIOS = scenarios()
VENUES = ("paper", "program")


def stage_of(venue: str, side: Side) -> Stage:
    if venue == "paper":
        return PaperStage()
    pytest.importorskip(
        "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
    )
    from kit.program_stage import program_stage  # noqa: PLC0415  It needs the extra packages.

    return program_stage(side)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_long_lives_the_scenario(name: str, venue: str) -> None:
    play(stage_of(venue, Side.LONG), SCENARIOS[name])


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_short_lives_its_mirror_image(name: str, venue: str) -> None:
    play(stage_of(venue, Side.SHORT), mirrored(SCENARIOS[name]), side=Side.SHORT)
