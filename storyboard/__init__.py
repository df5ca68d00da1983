"""A film is a YAML file of shots: check it, price it, rehearse it, shoot it, cut it.

    >>> import storyboard
    >>> film = storyboard.load("film.yaml")           # doctest: +SKIP
    >>> plan = storyboard.plan_film(film)             # doctest: +SKIP
    >>> storyboard.render(film, out="film.mp4")       # doctest: +SKIP

Every function takes the path of a film, or a film that `load` returned, and these overrides:

- `profile`: use this profile of the film
- `provider`, `model`: use this provider or model for every shot
- `previz`: let previz draw every shot, for free
- `proxy`: draw at 320x180
- `allow_retired`: try models that were switched off

An override that is None keeps what the film was loaded with. One that changes a loaded film reads
its file again.

Every function raises StoryboardError (`storyboard.errors`) for what a user can cure; an invalid
film raises InvalidStoryboard with every problem at once. Nothing heavy is imported before a
function is called.
"""

from storyboard._version import __version__ as __version__

TYPE_CHECKING = False  # neither `typing` nor `__future__` is imported: see `__main__`
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from pathlib import Path
    from typing import Any, Literal, ParamSpec, TypeVar

    from storyboard.graph.compiler import Graph
    from storyboard.pipeline.render import RenderResult
    from storyboard.pipeline.session import CheckedFilm, FilmSession
    from storyboard.plan.plan import Plan, TakeRequests
    from storyboard.run.events import Event

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = [
    "arender",
    "compile_film",
    "load",
    "plan_film",
    "render",
    "render_async",
    "stitch",
]


def _wrap_with_keyword_check(function: "Callable[P, T]") -> "Callable[P, T]":
    """Makes the TypeError for an unknown keyword name the known ones."""

    def call_with_known_keywords(*arguments: "P.args", **keywords: "P.kwargs") -> "T":
        _reject_unknown_keywords(function, keywords)
        return function(*arguments, **keywords)

    return _copy_function_metadata(function, call_with_known_keywords)


def _wrap_async_with_keyword_check(
    function: "Callable[P, Coroutine[Any, Any, T]]",
) -> "Callable[P, Coroutine[Any, Any, T]]":
    """The same for a function that is awaited."""

    async def call_with_known_keywords(*arguments: "P.args", **keywords: "P.kwargs") -> "T":
        _reject_unknown_keywords(function, keywords)
        return await function(*arguments, **keywords)

    return _copy_function_metadata(function, call_with_known_keywords)


def _reject_unknown_keywords(function: "Callable[..., Any]", keywords: "Iterable[str]") -> None:
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for keyword in keywords:
        if keyword not in known:
            raise TypeError(
                f"{function.__name__}() has no keyword '{keyword}'; it has {', '.join(known)}"
            )


def _copy_function_metadata(
    source: "Callable[..., Any]", wrapper: "Callable[P, T]"
) -> "Callable[P, T]":
    """What `functools.wraps` does; importing that here would let a stranger's folder answer."""
    wrapper.__name__ = wrapper.__qualname__ = source.__name__
    wrapper.__doc__, wrapper.__annotations__ = source.__doc__, source.__annotations__
    wrapper.__wrapped__ = source  # type: ignore[attr-defined]  # `inspect.signature` reads it
    return wrapper


@_wrap_with_keyword_check
def load(
    film: "str | Path | CheckedFilm",
    *,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
) -> "CheckedFilm":
    """Reads, checks and compiles a film; never raises for what its author can get wrong.

    Raises UsageError for a provider or a model that does not exist.
    """
    from dataclasses import replace
    from pathlib import Path

    from storyboard.pipeline.session import CheckedFilm, Overrides, check_film

    loaded = film.overrides if isinstance(film, CheckedFilm) else Overrides()
    overrides: dict[str, Any] = {
        "profile": profile,
        "provider": provider,
        "model": model,
        "previz": previz,
        "proxy": proxy,
        "allow_retired": allow_retired,
    }
    flags = replace(loaded, **{name: v for name, v in overrides.items() if v is not None})
    if not isinstance(film, CheckedFilm):
        return check_film(Path(film), flags)
    if flags == loaded:
        return film
    return check_film(film.film.path if film.film else film.path, flags)


@_wrap_with_keyword_check
def compile_film(
    film: "str | Path | CheckedFilm",
    *,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
) -> "Graph":
    """The steps of a valid film in running order; raises InvalidStoryboard otherwise."""
    return load(
        film,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
    ).require_graph()


@_wrap_with_keyword_check
def plan_film(
    film: "str | Path | CheckedFilm",
    *,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
    shots: "str | Iterable[str]" = (),
    retake: "str | Iterable[str]" = (),
    force: "str | Iterable[str]" = (),
    rebuy: "str | Iterable[str]" = (),
    accept_stale: bool = False,
) -> "Plan":
    """What a render would make now, why, and at what price; changes nothing on disk.

    `shots`, `retake`, `force`, `rebuy` and `accept_stale` mean what they mean to `render`.
    """
    from storyboard.pipeline.session import FilmSession

    checked_film = load(
        film,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
    )
    session = FilmSession(checked_film)
    try:
        take_requests = _build_take_requests(session, retake, force, rebuy, accept_stale)
        return session.plan(take_requests, _to_name_tuple(shots))
    finally:
        session.close()


@_wrap_with_keyword_check
def render(
    film: "str | Path | CheckedFilm",
    *,
    out: "str | Path | None" = None,
    max_cost_usd: float | str = 0,
    tell: "Callable[[Event], None]" = lambda _: None,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
    shots: "str | Iterable[str]" = (),
    retake: "str | Iterable[str]" = (),
    force: "str | Iterable[str]" = (),
    rebuy: "str | Iterable[str]" = (),
    accept_stale: bool = False,
    missing: "Literal['fail', 'slate', 'previz']" = "fail",
    frozen: bool = False,
    jobs: "int | None" = None,
) -> "RenderResult":
    """Makes what is missing and cuts the film to `out` (default: as on the command line).

    May spend up to `max_cost_usd`, by default nothing: a plan priced higher raises MoneyRefused
    before anything is submitted. `tell` gets every event of the run.

    The rest are the command line's options. `shots` names the only shots to make. `retake` makes
    one more take of these shots and picks it, `force` makes them again, `rebuy` buys again what is
    lost, `accept_stale` keeps picked takes of older versions. `missing` says what to show where a
    take is missing, `frozen` submits nothing, and `jobs` is the number of processes for local work
    (default: one for each core).
    """
    import asyncio

    return asyncio.run(
        arender(
            film,
            out=out,
            max_cost_usd=max_cost_usd,
            tell=tell,
            profile=profile,
            provider=provider,
            model=model,
            previz=previz,
            proxy=proxy,
            allow_retired=allow_retired,
            shots=shots,
            retake=retake,
            force=force,
            rebuy=rebuy,
            accept_stale=accept_stale,
            missing=missing,
            frozen=frozen,
            jobs=jobs,
        )
    )


@_wrap_async_with_keyword_check
async def arender(
    film: "str | Path | CheckedFilm",
    *,
    out: "str | Path | None" = None,
    max_cost_usd: float | str = 0,
    tell: "Callable[[Event], None]" = lambda _: None,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
    shots: "str | Iterable[str]" = (),
    retake: "str | Iterable[str]" = (),
    force: "str | Iterable[str]" = (),
    rebuy: "str | Iterable[str]" = (),
    accept_stale: bool = False,
    missing: "Literal['fail', 'slate', 'previz']" = "fail",
    frozen: bool = False,
    jobs: "int | None" = None,
) -> "RenderResult":
    """`render` for a program that has an event loop already; `render_async` is another name."""
    from decimal import Decimal
    from pathlib import Path

    from storyboard.errors import UsageError
    from storyboard.money import parse_usd_micros
    from storyboard.pipeline.render import MISSING, RenderOptions
    from storyboard.pipeline.render import render as make
    from storyboard.pipeline.session import FilmSession

    if missing not in MISSING:
        raise UsageError(f"missing={missing!r} is unknown", hint=f"it is one of {MISSING}")
    checked_film = load(
        film,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
    )
    session = FilmSession(checked_film, create=True)
    try:
        take_requests = _build_take_requests(session, retake, force, rebuy, accept_stale)
        options = RenderOptions(
            out=Path(out) if out is not None else None,
            shots=_to_name_tuple(shots),
            requests=take_requests,
            missing=missing,
            frozen=frozen,
            max_cost_micros=parse_usd_micros(format(Decimal(str(max_cost_usd)), "f")),
            jobs=_parse_job_count(jobs),
        )
        return await make(session, session.plan(take_requests, options.shots), options, tell)
    finally:
        session.close()


render_async = arender


@_wrap_with_keyword_check
def stitch(
    film: "str | Path | CheckedFilm",
    *,
    out: "str | Path | None" = None,
    profile: "str | None" = None,
    provider: "str | None" = None,
    model: "str | None" = None,
    previz: "bool | None" = None,
    proxy: "bool | None" = None,
    allow_retired: "bool | None" = None,
    jobs: "int | None" = None,
) -> "Path":
    """Cuts the film from the takes that are there, submits nothing, and returns its path.

    Raises StoreError when a take is missing.
    """
    from storyboard.errors import StoreError

    result = render(
        film,
        out=out,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
        frozen=True,
        jobs=jobs,
    )
    if result.film is None:
        raise StoreError(
            "the film can't be cut: takes are missing", hint="`storyboard plan` names them"
        )
    return result.film


def _build_take_requests(
    session: "FilmSession",
    retake: "str | Iterable[str]",
    force: "str | Iterable[str]",
    rebuy: "str | Iterable[str]",
    accept_stale: bool,
) -> "TakeRequests":
    from storyboard.pipeline.saved_plan import parse_take_requests

    return parse_take_requests(
        session, _to_name_tuple(retake), _to_name_tuple(force), _to_name_tuple(rebuy), accept_stale
    )


def _to_name_tuple(names: "str | Iterable[str]") -> tuple[str, ...]:
    """A single shot may be given without a list around it."""
    return (names,) if isinstance(names, str) else tuple(names)


def _parse_job_count(jobs: "int | None") -> int:
    """The number as `RenderOptions` has it, where 0 is one for each core."""
    if jobs is not None and jobs < 1:
        from storyboard.errors import UsageError

        raise UsageError(f"jobs={jobs} is too few", hint="give 1 or more, or leave it out")
    return jobs or 0
