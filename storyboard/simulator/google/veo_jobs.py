"""A Veo job from an accepted request: its clips, its faults, its price."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from storyboard.simulator.fault_injection import consume_job_fault
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation.veo_models import VeoModel

BLOCKED = (
    "The prompt could not be submitted. This prompt contains words that violate the usage "
    "guidelines. Please rephrase the prompt. If you think this was an error, send feedback. "
    "Support codes: {codes}"
)
INTERNAL = (13, "An internal error has occurred. Please retry or report the problem.")
PROVISIONING = (
    9,
    "Service agents are being provisioned (https://cloud.google.com/vertex-ai/docs/general/"
    "access-control#service-agents). Service agents are needed to read the Cloud Storage file "
    "provided. So please try again in a few minutes.",
)


@dataclass(frozen=True, slots=True)
class VeoJobSpec:
    """What one Veo job must make."""

    provider: str
    model: VeoModel
    clip_spec: ClipSpec
    """The first sample's."""
    seed: int | None
    samples: int
    resolution: str

    @property
    def seconds(self) -> float:
        return self.clip_spec.frames / FPS


def start_veo_job(
    world: SimulatorState,
    name: str,
    job_spec: VeoJobSpec,
    format_filter_notice: Callable[[str], str],
) -> Job:
    """Starts the job with its waiting faults, and adds it to the bill.

    `format_filter_notice` gives the service's reason for a filtered sample, from its support codes.
    """
    prompt = job_spec.clip_spec.prompt
    job = Job(name, job_spec.provider, job_spec.model.id, prompt)
    usd = job_spec.model.compute_second_price_usd(job_spec.resolution, job_spec.clip_spec.sound)
    fault = consume_job_fault(world, "blocked", prompt)
    if fault is not None:
        job.error = (3, BLOCKED.format(codes=fault.value or "61493863"))
    elif consume_job_fault(world, "failed", prompt):
        job.error = INTERNAL
    if job.error:
        world.charge_job(job, usd, job_spec.seconds, samples=job_spec.samples, note="failed")
        return world.start_job(job)
    filtered_count, codes = 0, "42237218"
    if fault := consume_job_fault(world, "filtered", prompt):
        filtered_count, codes = job_spec.samples, fault.value or codes
    elif fault := consume_job_fault(world, "partial", prompt):
        filtered_count = min(job_spec.samples, int(fault.read_number_value(1)))
    if fault := consume_job_fault(world, "processing", prompt):
        job.memo["looks"] = int(fault.read_number_value(3))
    job.filtered = (format_filter_notice(codes),) * filtered_count
    # Filtered samples come first, so the others keep the numbers that they would have had.
    job.clip_specs = tuple(_build_clip_specs_with_faults(world, job_spec))[filtered_count:]
    job.memo["lost"] = filtered_count
    world.charge_job(job, usd, job_spec.seconds, samples=job_spec.samples - filtered_count)
    world.charge_job(job, usd, job_spec.seconds, samples=filtered_count, note="filtered")
    return world.start_job(job)


def start_failing_job(world: SimulatorState, job: Job, code: int, message: str) -> Job:
    """Starts a job that will fail with that gRPC code, at no charge."""
    job.error = (code, message)
    world.charge_job(job, Decimal(0), 0, note="failed")
    return world.start_job(job)


def _build_clip_specs_with_faults(world: SimulatorState, job_spec: VeoJobSpec) -> list[ClipSpec]:
    """One clip per sample; several samples get random seeds, like a request without a seed."""
    clip_spec = job_spec.clip_spec
    if consume_job_fault(world, "wrong_length", clip_spec.prompt):
        clip_spec = replace(clip_spec, frames=clip_spec.frames - FPS)
    if consume_job_fault(world, "wrong_size", clip_spec.prompt):
        clip_spec = replace(clip_spec, size=(clip_spec.size[0] // 2, clip_spec.size[1] // 2))
    if job_spec.seed is not None and job_spec.samples == 1:
        return [replace(clip_spec, seed=job_spec.seed)]
    job_number = world.issue_job_number()
    return [
        replace(clip_spec, seed=_derive_seed(job_number, sample))
        for sample in range(job_spec.samples)
    ]


def _derive_seed(job_number: int, sample_index: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{job_number}/{sample_index}".encode()).digest()[:4])
