"""The faults of one video job, shared by services with one sample per job."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.simulator.fault_injection import consume_job_fault
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.state import SimulatorState


@dataclass(frozen=True, slots=True)
class JobFaults:
    """The faults of an accepted job."""

    failure: str = ""
    """`filtered`, `blocked`, `failed`, or empty."""
    message: str = ""
    looks: int = 0
    """How many polls report it unfinished, at any time on the clock."""
    missing_frames: int = 0
    """Frames that are missing."""
    is_half_size: bool = False
    """Whether the clip has half the requested width and height."""

    def halve_size_if_faulty(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[0] // 4 * 2, size[1] // 4 * 2) if self.is_half_size else size


def consume_video_job_faults(world: SimulatorState, searched_text: str) -> JobFaults:
    """Takes the waiting faults of a job; `searched_text` is its prompt and path."""
    failure = message = ""
    if fault := consume_job_fault(world, "blocked", searched_text):
        failure = "blocked"
        message = (
            "The prompt could not be submitted: it may go against the usage guidelines. "
            f"Support codes: {fault.value or '58061214'}"
        )
    elif fault := consume_job_fault(world, "filtered", searched_text) or consume_job_fault(
        world, "partial", searched_text
    ):
        failure = "filtered"
        code = fault.value if fault.kind == "filtered" and fault.value else "42237218"
        message = (
            f"The video was filtered for safety and you will not be charged. Support codes: {code}"
        )
    elif consume_job_fault(world, "failed", searched_text):
        failure, message = "failed", "Internal error. Please try again."
    late = consume_job_fault(world, "processing", searched_text)
    return JobFaults(
        failure,
        message,
        looks=int(late.read_number_value(3)) if late else 0,
        missing_frames=FPS if consume_job_fault(world, "wrong_length", searched_text) else 0,
        is_half_size=consume_job_fault(world, "wrong_size", searched_text) is not None,
    )
