"""The invariants of execution.md 8.8, checked on the truth of the chain and on the log.

One `Watch` belongs to one world and is its check: it runs after every recorded turn and after every
step. A broken invariant is an AssertionError that begins with its number.

| | what holds | where |
|---|---|---|
| I1 | entries never fill more than was approved | chain._filled |
| I2 | no exit and no entry turns the position over | chain._filled, _stands |
| I3 | one entry rests at most | chain._stands |
| I4 | no position is without a stop for long | chain._protected |
| I5 | take-profits are placed for no more than the position | chain._covered |
| I6 | two replaces and one conversion at most | log._went |
| I7 | what is broadcast is in the log; one exposure at a time | log.__call__, _plan |
| I8 | only leaving after a kill, and that completely | log._plan, chain._cleared |
| I9 | no signature after a revoke, no fill after its time | log._on_event, chain._filled |
| I10 | a stop has no end, moves toward profit, outlives its position | log._intended, _ratchet |
| I11 | a fired stop is not moved | log._intended |
| I12 | a setup ends with nothing left, and before the next begins | log._closed, _plan |
| I13 | each flow counts once; no exposure on an unexplained position | log._flowed, _plan |
| I14 | snapshots and decisions never go back | log._observed, _plan |
| I15 | fees stay under their caps | log._pay |
| I16 | prices and sizes are on the grid, on the right side | log._placed |
| I17 | what is the owner's is left alone, but for a kill | log._intended, chain._happened |
| I18 | a snapshot is answered once | log._plan, EngineWorld._take_all |
| I19 | a crash changes nothing of what comes of it | engine_restarts |
| I20 | every setup ends | engine_runs.to_the_end |
| I21 | by hand, what is offered is what the plan wants | engine_hand_checks |
"""

from dataclasses import dataclass, field

from kit.engine_chain_checks import ChainWatch
from kit.engine_log_checks import LogWatch
from kit.engine_world import EngineWorld


@dataclass
class Watch:
    """Checks a world after every step; remembers what it has seen of it."""

    chain: ChainWatch = field(default_factory=ChainWatch)
    log: LogWatch = field(init=False)

    def __post_init__(self) -> None:
        self.log = LogWatch(self.chain)

    def __call__(self, world: EngineWorld) -> None:
        """Check everything that is new."""
        self.chain(world, world.truth())
        self.log(world)
