"""A Veo job, from a request that was taken: what it makes, what befalls it, what it costs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.gate import job_fault
from storyboard.simulator.rules.veo_models import VeoModel
from storyboard.simulator.world import Job, World

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
class Shot:
    """What one Veo job is to make."""

    provider: str
    model: VeoModel
    order: Order
    """Of the first sample."""
    seed: int | None
    samples: int
    resolution: str

    @property
    def seconds(self) -> float:
        return self.order.frames / FPS


def begin(world: World, name: str, shot: Shot, filter_words: Callable[[str], str]) -> Job:
    """Starts the job, with the faults that wait for it, and puts it on the bill.

    `filter_words` gives a wire's reason for a filtered sample, from its support codes.
    """
    prompt = shot.order.prompt
    job = Job(name, shot.provider, shot.model.id, prompt)
    usd = shot.model.price(shot.resolution, shot.order.sound)
    fault = job_fault(world, "blocked", prompt)
    if fault is not None:
        job.error = (3, BLOCKED.format(codes=fault.value or "61493863"))
    elif job_fault(world, "failed", prompt):
        job.error = INTERNAL
    if job.error:
        world.charge(job, usd, shot.seconds, samples=shot.samples, note="failed")
        return world.begin(job)
    lost, codes = 0, "42237218"
    if fault := job_fault(world, "filtered", prompt):
        lost, codes = shot.samples, fault.value or codes
    elif fault := job_fault(world, "partial", prompt):
        lost = min(shot.samples, int(fault.number(1)))
    if fault := job_fault(world, "processing", prompt):
        job.memo["looks"] = int(fault.number(3))
    job.filtered = (filter_words(codes),) * lost
    job.orders = tuple(_orders(world, shot))[lost:]
    job.memo["lost"] = lost
    world.charge(job, usd, shot.seconds, samples=shot.samples - lost)
    world.charge(job, usd, shot.seconds, samples=lost, note="filtered")
    return world.begin(job)


def fail(world: World, job: Job, code: int, message: str) -> Job:
    """Takes on a job that will end with that gRPC code; there is nothing to pay."""
    job.error = (code, message)
    world.charge(job, Decimal(0), 0, note="failed")
    return world.begin(job)


def _orders(world: World, shot: Shot) -> list[Order]:
    """One order a sample; several samples have random seeds, as one without a seed has."""
    order = shot.order
    if job_fault(world, "wrong_length", order.prompt):
        order = replace(order, frames=order.frames - FPS)
    if job_fault(world, "wrong_size", order.prompt):
        order = replace(order, size=(order.size[0] // 2, order.size[1] // 2))
    if shot.seed is not None and shot.samples == 1:
        return [replace(order, seed=shot.seed)]
    job = world.number()
    return [replace(order, seed=_random(job, sample)) for sample in range(shot.samples)]


def _random(job: int, sample: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{job}/{sample}".encode()).digest()[:4])
