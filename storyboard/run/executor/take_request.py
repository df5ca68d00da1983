"""What a step asks for: takes to make, as a request to the provider and as rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.digest import digest_value
from storyboard.graph.step_identity import Identity, build_request
from storyboard.graph.steps import Step
from storyboard.model.film import compute_frame_size
from storyboard.providers.base import Input, Provider, Request, Role
from storyboard.run.executor.acceptance import MOVING_KINDS
from storyboard.run.executor.operation_slot import OperationSlot
from storyboard.run.ledger.attempts import Attempt


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """Takes of one step to make."""

    step: Step
    identity: Identity
    ordinals: tuple[int, ...]
    inputs: tuple[Input, ...]
    slot: OperationSlot
    """Where they are made."""
    is_forced: bool = False
    """A person wants it made, whatever became of it before."""
    is_pick: bool = False
    """It is to play in place of a take that is there."""

    @property
    def digest(self) -> str:
        return self.identity.digest

    @property
    def ordinal(self) -> int:
        """The first, and of a request for one take the only one."""
        return self.ordinals[0]

    @property
    def source_video(self) -> Path | None:
        """The file of the video that the takes go on from, where it is here."""
        return next((source.path for source in self.inputs if source.role is Role.VIDEO), None)

    def split_ordinals(self, size: int) -> Iterator[TakeRequest]:
        """The same takes in requests for up to `size` of them."""
        for start in range(0, len(self.ordinals), size):
            yield replace(self, ordinals=self.ordinals[start : start + size])

    def build_request(self, operation_tag: str = "") -> Request:
        """What is asked of the provider; `operation_tag` names the operation's own place."""
        return build_request(
            self.step,
            self.inputs,
            ordinal=self.ordinal,
            samples=len(self.ordinals),
            tag=operation_tag,
        )

    def build_attempts(self, provider: Provider) -> tuple[Attempt, ...]:
        """A row for each of its takes, not yet entered."""
        step = self.step
        request = self.build_request()
        video = request.input(Role.VIDEO)
        width, height = 0, 0
        if step.kind in MOVING_KINDS and step.buys_frames and step.settings.resolution:
            width, height = compute_frame_size(step.settings.resolution, step.settings.aspect_ratio)
        return tuple(
            Attempt(
                digest=self.digest,
                ordinal=ordinal,
                step=step.id,
                shot=step.shot,
                kind=step.kind.value,
                provider=step.provider,
                model=step.model,
                repeatable=provider.repeatable,
                request=digest_value("request", [self.digest, ordinal, request.settings.seed]),
                seed=request.settings.seed,
                parts=self.identity.parts,
                buys_frames=step.buys_frames,
                given_frames=video.facts.frames if video and video.facts else 0,
                width=width,
                height=height,
                sample=number,
                picks=self.is_pick,
            )
            for number, ordinal in enumerate(self.ordinals)
        )


def format_operation_tag(run: str, attempt_id: int) -> str:
    """The name of an operation's own place, by the run and the first of its attempts."""
    return f"{run}-{attempt_id:05d}".lower()
