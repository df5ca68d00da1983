"""A render before it begins: planned, within its limits, and with a path to write to.

The command line and the public API prepare the same render; each decides what it shows or asks
before the render runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from storyboard.errors import UsageError
from storyboard.pipeline.depfile import write_depfile
from storyboard.pipeline.output_paths import check_output_path
from storyboard.pipeline.render import (
    MISSING,
    RenderOptions,
    RenderResult,
    check_budget_and_compute_cap,
    choose_default_output,
    has_nothing_to_do,
    render,
    render_kept_takes,
)
from storyboard.pipeline.saved_plan import SavedPlan, parse_take_requests, read_saved_plan
from storyboard.pipeline.session import CheckedFilm, FilmSession, Overrides, check_film
from storyboard.plan.plan import Plan, TakeRequests
from storyboard.providers.base import Kind
from storyboard.run.events import EventSink

STILLS = "stills"
"""What `RenderRequest.until` may be, besides nothing."""


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """What a user asks of one render, in the user's terms."""

    out: Path | None = None
    deps: Path | None = None
    """The make fragment to write, which lists what the film reads."""
    shots: tuple[str, ...] = ()
    retake: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    rebuy: tuple[str, ...] = ()
    accept_stale: bool = False
    missing: str = "fail"
    until: str = ""
    frozen: bool = False
    max_cost_micros: int | None = None
    """None where nothing but the film's own budget limits it."""
    jobs: int = 0
    """Processes for local work; 0 is one for each core."""
    patience_s: float | None = None
    """How long to wait for an operation; None as the catalogue says, infinite for ever."""

    def __post_init__(self) -> None:
        if self.missing not in MISSING:
            raise UsageError(
                f"unknown value missing={self.missing!r}", hint=f"use one of {MISSING}"
            )
        if self.until not in ("", STILLS):
            raise UsageError(f"unknown value until={self.until!r}", hint=f"use {STILLS!r}")

    @property
    def changes_plan(self) -> bool:
        """Whether these options ask for another plan than the film alone gives."""
        wishes = (self.shots, self.retake, self.force, self.rebuy, self.accept_stale, self.until)
        return any(wishes)


@dataclass(frozen=True, slots=True)
class RenderSource:
    """The film of a render, and the saved plan that it runs, if any."""

    checked_film: CheckedFilm
    saved_plan: SavedPlan | None = None


def read_render_source(path: Path, overrides: Overrides, request: RenderRequest) -> RenderSource:
    """The film in the file `path`, or the film whose saved plan that file is.

    Raises UsageError if an option would change a saved plan.
    """
    saved_plan = read_saved_plan(path)
    if saved_plan is None:
        return RenderSource(check_film(path, overrides))
    if request.changes_plan or overrides != Overrides():
        raise UsageError(
            "a saved plan can't be combined with shots or with flags that change the film",
            hint="make a new plan with them and save it",
        )
    allowed = replace(saved_plan.overrides, allow_folders=overrides.allow_folders)
    return RenderSource(check_film(saved_plan.film, allowed), saved_plan)


@dataclass(slots=True)
class PreparedRender:
    """A render that may begin; a context, which closes the film's session."""

    session: FilmSession
    plan: Plan
    options: RenderOptions
    deps: Path | None = None
    is_reviewed: bool = field(default=False, kw_only=True)
    """Whether it runs a saved plan, whose price a person has seen."""
    notes: list[str] = field(default_factory=list, init=False)
    """What a person should know after the render."""

    @property
    def out(self) -> Path:
        """Where the film goes."""
        return self.options.out or choose_default_output(self.session.film)

    @property
    def has_nothing_to_do(self) -> bool:
        """Whether every take is there, so that at most the film is cut."""
        return has_nothing_to_do(self.session, self.plan)

    def limit_cost(self, max_cost_micros: int) -> None:
        """Lets it spend no more than that, and no more than it might before."""
        limit = find_lowest_limit(max_cost_micros, self.options.max_cost_micros)
        self.options = replace(self.options, max_cost_micros=limit)

    async def run(self, emit: EventSink) -> RenderResult:
        """Makes what is missing and cuts the film; may spend money, within its limits."""
        rendered = await render(self.session, self.plan, self.options, emit)
        self._write_deps()
        return rendered

    def run_to_end(self, emit: EventSink) -> RenderResult:
        """The same for a program without an event loop."""
        rendered = render_kept_takes(self.session, self.plan, self.options, emit)
        if rendered is not None:
            self._write_deps()
            return rendered
        import asyncio  # slow to import, and a film that is up to date needs no loop

        return asyncio.run(self.run(emit))

    def _write_deps(self) -> None:
        if self.deps is not None and not self.options.until:
            for file in write_depfile(self.deps, self.out, self.session.film):
                self.notes.append(
                    f"the make fragment leaves out {file.name!r}: make can't use this file "
                    "name; write the fragment to a file, then the program adds a link with a "
                    "usable name"
                )

    def __enter__(self) -> PreparedRender:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()


def prepare_render(
    source: RenderSource, request: RenderRequest, *, on_notice: Callable[[str], None]
) -> PreparedRender:
    """Plans the render and checks that it may begin; makes and spends nothing.

    Raises InvalidStoryboard for a film with errors, UsageError or EnvironmentProblem for a path
    that can't be written, and MoneyRefused for a plan that is over a limit or differs from the
    saved one.
    """
    session = FilmSession(source.checked_film, create=True, notice=on_notice)
    try:
        saved_plan = source.saved_plan
        shots = saved_plan.shots if saved_plan else request.shots
        take_requests = saved_plan.requests if saved_plan else _parse_requests(session, request)
        plan = session.plan(take_requests, shots)
        if saved_plan:
            saved_plan.require_same_plan(session, plan)
        if request.until:
            plan = plan.restrict_to({n.step.id for n in plan.nodes if n.step.kind is Kind.STILL})
        options = RenderOptions(
            out=request.out,
            shots=shots,
            requests=take_requests,
            missing=request.missing,
            frozen=request.frozen,
            max_cost_micros=find_lowest_limit(
                request.max_cost_micros, saved_plan.max_cost_micros if saved_plan else None
            ),
            jobs=request.jobs,
            patience_s=request.patience_s,
            until=request.until,
        )
        prepared = PreparedRender(
            session, plan, options, request.deps, is_reviewed=saved_plan is not None
        )
        check_output_path(session.film, prepared.out, request.deps)
        check_budget_and_compute_cap(session, plan, options)
        if saved_plan:  # nobody agreed to more: a job that failed since then needs a new agreement
            prepared.limit_cost(saved_plan.cost_micros)
        return prepared
    except BaseException:
        session.close()
        raise


def _parse_requests(session: FilmSession, request: RenderRequest) -> TakeRequests:
    return parse_take_requests(
        session, request.retake, request.force, request.rebuy, request.accept_stale
    )


def find_lowest_limit(*limits: int | None) -> int | None:
    """The tightest of the limits there are, micro-dollars."""
    return min((limit for limit in limits if limit is not None), default=None)
