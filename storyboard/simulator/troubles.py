"""The faults of one video job, as the wires of one sample share them."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.simulator.clips import FPS
from storyboard.simulator.gate import job_fault
from storyboard.simulator.world import World


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with a job that was accepted."""

    failure: str = ""
    """`filtered`, `blocked`, `failed`, or nothing."""
    message: str = ""
    looks: int = 0
    """How many looks find it unfinished, whatever the clock says."""
    shorter: int = 0
    """Frames that are missing."""
    smaller: bool = False
    """Half as wide and high as asked."""

    def size(self, asked: tuple[int, int]) -> tuple[int, int]:
        return (asked[0] // 4 * 2, asked[1] // 4 * 2) if self.smaller else asked


def draw_trouble(world: World, told: str) -> Trouble:
    """Draws the faults that wait for a job; `told` is its prompt and path."""
    failure = message = ""
    if fault := job_fault(world, "blocked", told):
        failure = "blocked"
        message = (
            "The prompt could not be submitted: it may go against the usage guidelines. "
            f"Support codes: {fault.value or '58061214'}"
        )
    elif fault := job_fault(world, "filtered", told) or job_fault(world, "partial", told):
        failure = "filtered"
        code = fault.value if fault.kind == "filtered" and fault.value else "42237218"
        message = (
            f"The video was filtered for safety and you will not be charged. Support codes: {code}"
        )
    elif job_fault(world, "failed", told):
        failure, message = "failed", "Internal error. Please try again."
    late = job_fault(world, "processing", told)
    return Trouble(
        failure,
        message,
        looks=int(late.number(3)) if late else 0,
        shorter=FPS if job_fault(world, "wrong_length", told) else 0,
        smaller=job_fault(world, "wrong_size", told) is not None,
    )
