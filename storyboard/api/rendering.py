"""Render a film, or cut it from the takes that are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from storyboard.api.films import (
    FilmSource,
    Folders,
    Names,
    Usd,
    load,
    to_micros,
    to_names,
    to_paths,
)
from storyboard.api.keywords import name_known_keywords, name_known_keywords_async
from storyboard.errors import StoreError, UsageError
from storyboard.pipeline.prepared_render import (
    PreparedRender,
    RenderRequest,
    RenderSource,
    prepare_render,
    read_render_source,
)
from storyboard.pipeline.render import RenderResult
from storyboard.pipeline.session import CheckedFilm, Overrides
from storyboard.run.events import Event, Note

EventCallback: TypeAlias = Callable[[Event], None]
"""Gets every event of a run as it happens, in the thread that renders."""
MissingPolicy: TypeAlias = Literal["fail", "slate", "previz"]
"""What a render shows in place of a missing take."""


def ignore_event(event: Event) -> None:
    """The callback of a program that only wants the result."""


@name_known_keywords
def render(
    film: FilmSource,
    *,
    out: str | Path | None = None,
    deps: str | Path | None = None,
    max_cost_usd: Usd | None = 0,
    on_event: EventCallback = ignore_event,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
    shots: Names = (),
    retake: Names = (),
    force: Names = (),
    rebuy: Names = (),
    accept_stale: bool = False,
    missing: MissingPolicy = "fail",
    until: Literal["stills"] | None = None,
    frozen: bool = False,
    jobs: int | None = None,
    patience_min: float | None = None,
) -> RenderResult:
    """Makes what is missing and cuts the film to `out` (default: as on the command line).

    May spend up to `max_cost_usd`, by default nothing: a plan priced higher raises MoneyRefused
    before anything is submitted. None leaves only the film's own budget as the limit, as `--yes`
    does. `on_event` receives every event of the run. `film` may be a plan that
    `plan_film(out=...)` saved: `render` runs exactly that plan, for at most its price, or raises
    MoneyRefused.

    The other arguments are the options of the command line. `shots` limits the render to these
    shots. `retake` makes one more take of these shots and picks it, `force` makes them again,
    `rebuy` buys lost takes again, `accept_stale` plays picked takes of older versions. `missing`
    says what to show in place of a missing take, `until="stills"` stops when the pictures exist
    that shots begin from, and `frozen` submits nothing. `deps` is the path of a make fragment to
    write, which lists what the film reads. `jobs` is the number of processes for local work
    (default: one for each core). `patience_min` is how many minutes to wait for an operation;
    after that the next render continues with it, and its money stays reserved (default: as the
    catalogue says; `math.inf` waits without end).

    The result names the steps that failed; finished takes are safe.
    """
    overrides = (profile, provider, model, previz, proxy, allow_retired, allow_folders)
    request = _build_request(
        out, deps, max_cost_usd, shots, retake, force, rebuy, accept_stale, missing, until, frozen,
        jobs, patience_min,
    )  # fmt: skip
    with _prepare_render(film, overrides, request, on_event) as prepared:
        result = prepared.run_to_end(on_event)
        _report_notes(prepared, on_event)
        return result


@name_known_keywords_async
async def render_async(
    film: FilmSource,
    *,
    out: str | Path | None = None,
    deps: str | Path | None = None,
    max_cost_usd: Usd | None = 0,
    on_event: EventCallback = ignore_event,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
    shots: Names = (),
    retake: Names = (),
    force: Names = (),
    rebuy: Names = (),
    accept_stale: bool = False,
    missing: MissingPolicy = "fail",
    until: Literal["stills"] | None = None,
    frozen: bool = False,
    jobs: int | None = None,
    patience_min: float | None = None,
) -> RenderResult:
    """`render` for a program that has an event loop already."""
    overrides = (profile, provider, model, previz, proxy, allow_retired, allow_folders)
    request = _build_request(
        out, deps, max_cost_usd, shots, retake, force, rebuy, accept_stale, missing, until, frozen,
        jobs, patience_min,
    )  # fmt: skip
    with _prepare_render(film, overrides, request, on_event) as prepared:
        result = await prepared.run(on_event)
        _report_notes(prepared, on_event)
        return result


@name_known_keywords
def stitch(
    film: FilmSource,
    *,
    out: str | Path | None = None,
    on_event: EventCallback = ignore_event,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
    jobs: int | None = None,
) -> Path:
    """Cuts the film from the takes that are there, submits nothing, and returns its path.

    Raises StoreError when a take is missing.
    """
    result = render(
        film,
        out=out,
        on_event=on_event,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
        allow_folders=allow_folders,
        frozen=True,
        jobs=jobs,
    )
    if result.film is None:
        raise StoreError(
            "the film can't be assembled: takes are missing",
            hint="run `storyboard plan` to see which takes are missing",
        )
    return result.film


_OverrideValues: TypeAlias = tuple[
    str | None, str | None, str | None, bool | None, bool | None, bool | None, Folders
]


def _prepare_render(
    film: FilmSource, overrides: _OverrideValues, request: RenderRequest, on_event: EventCallback
) -> PreparedRender:
    profile, provider, model, previz, proxy, allow_retired, allow_folders = overrides
    if isinstance(film, CheckedFilm):
        source = RenderSource(
            load(
                film,
                profile=profile,
                provider=provider,
                model=model,
                previz=previz,
                proxy=proxy,
                allow_retired=allow_retired,
                allow_folders=allow_folders,
            )
        )
    else:
        flags = Overrides(
            profile,
            provider,
            model,
            bool(previz),
            bool(proxy),
            bool(allow_retired),
            to_paths(allow_folders),
        )
        source = read_render_source(Path(film), flags, request)
    return prepare_render(
        source, request, on_notice=lambda message: on_event(Note(message=message))
    )


def _report_notes(prepared: PreparedRender, on_event: EventCallback) -> None:
    for note in prepared.notes:
        on_event(Note(message=note))


def _build_request(
    out: str | Path | None,
    deps: str | Path | None,
    max_cost_usd: Usd | None,
    shots: Names,
    retake: Names,
    force: Names,
    rebuy: Names,
    accept_stale: bool,
    missing: MissingPolicy,
    until: Literal["stills"] | None,
    frozen: bool,
    jobs: int | None,
    patience_min: float | None,
) -> RenderRequest:
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is too small: {jobs}", hint="use 1 or more, or omit it")
    if patience_min is not None and not patience_min > 0:
        raise UsageError(
            f"patience_min={patience_min} is too small", hint="use minutes above 0, or math.inf"
        )
    return RenderRequest(
        out=Path(out) if out is not None else None,
        deps=Path(deps) if deps is not None else None,
        shots=to_names(shots),
        retake=to_names(retake),
        force=to_names(force),
        rebuy=to_names(rebuy),
        accept_stale=accept_stale,
        missing=missing,
        until=until or "",
        frozen=frozen,
        max_cost_micros=to_micros(max_cost_usd),
        jobs=jobs or 0,
        patience_s=None if patience_min is None else patience_min * 60,
    )
