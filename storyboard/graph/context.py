"""What the compilation of one film has found so far, shared by those who work on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.graph.limits.model_limits import ModelRules
from storyboard.graph.limits.model_lookup import ModelLookup
from storyboard.graph.limits.rejection_texts import build_diagnostic
from storyboard.graph.limits.rejections import Finding, Rejection
from storyboard.graph.shot_material import ShotMaterial, UsedRange
from storyboard.graph.steps import Step
from storyboard.model.film import Film, Footage, Shot
from storyboard.timecode import Rate

T = TypeVar("T")


@dataclass(slots=True)
class CompileContext:
    film: Film
    diagnostics: DiagnosticCollector
    models: ModelLookup
    rules: ModelRules
    shots: dict[str, Shot]
    """All that are not omitted, by id."""
    steps: dict[str, Step] = field(default_factory=dict)
    materials: dict[str, ShotMaterial] = field(default_factory=dict)
    used_ranges: dict[str, UsedRange] = field(default_factory=dict)
    footage: dict[str, Footage] = field(default_factory=dict)
    """What a step takes in, of those that take in a clip of the film's own."""
    expired: frozenset[str] = frozenset()
    """Extensions, by step, whose source the platform no longer has."""
    resolutions: dict[str, str] = field(default_factory=dict)
    """What each step's take comes out as, a proxy's real one."""

    @property
    def rate(self) -> Rate:
        return self.film.delivery.rate

    def report_findings(self, *findings: Finding) -> None:
        """Says what the rules found; a shot that is rejected has failed."""
        for finding in findings:
            self.diagnostics.add(build_diagnostic(finding, self.film), finding.shot)

    def accept_answer(self, answer: T | Rejection) -> T | None:
        """The answer of a rule; None for a rejection, which is reported."""
        if isinstance(answer, Rejection):
            self.report_findings(answer)
            return None
        return answer

    def remove_shot_steps(self, shot_id: str) -> None:
        """Takes back the steps of a shot that was refused."""
        for id in [id for id, step in self.steps.items() if step.shot == shot_id]:
            del self.steps[id]
