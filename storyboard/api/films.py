"""Read, check, plan and show a film; nothing here makes a take or spends money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, TypeAlias

from storyboard.api.keywords import name_known_keywords
from storyboard.errors import InvalidStoryboard, UsageError
from storyboard.graph.compiler import Graph
from storyboard.money import parse_usd_micros
from storyboard.pipeline.inputs.input_check import add_input_diagnostics
from storyboard.pipeline.output_paths import check_plan_path
from storyboard.pipeline.provider_comparison import ProviderOffer, compare_providers_of
from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap
from storyboard.pipeline.saved_plan import parse_take_requests, refuse_saved_plan, save_plan
from storyboard.pipeline.session import (
    CheckedFilm,
    FilmSession,
    Overrides,
    add_take_diagnostics,
)
from storyboard.pipeline.session import check_film as check_film_file
from storyboard.plan.plan import Plan
from storyboard.run.paths import resolve_film_path

FilmSource: TypeAlias = str | Path | CheckedFilm
"""The path of a film, or a film that `load` returned."""
Usd: TypeAlias = float | str | Decimal
"""US dollars, such as `12.50`."""
Names: TypeAlias = str | Iterable[str]
"""Shots or steps as the command line names them; a single one needs no list around it."""
Folders: TypeAlias = str | Path | Iterable[str | Path]
"""Folders; a single one needs no list around it."""
DiagnosticForm: TypeAlias = Literal["human", "concise", "github"]
"""How `format_diagnostics` draws problems."""


@name_known_keywords
def load(
    film: FilmSource,
    *,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
) -> CheckedFilm:
    """Reads, checks and compiles a film; never raises for a mistake in the film.

    `allow_folders` are folders outside the film's root that may hold its files. Raises UsageError
    for a provider or a model that does not exist.
    """
    loaded = film.overrides if isinstance(film, CheckedFilm) else Overrides()
    overrides: dict[str, Any] = {
        "profile": profile,
        "provider": provider,
        "model": model,
        "previz": previz,
        "proxy": proxy,
        "allow_retired": allow_retired,
    }
    folders = to_paths(allow_folders)
    flags = replace(
        loaded,
        **{name: v for name, v in overrides.items() if v is not None},
        allow_folders=tuple(dict.fromkeys((*loaded.allow_folders, *folders))),
    )
    if not isinstance(film, CheckedFilm):
        return check_film_file(Path(film), flags)
    if (flags, flags.allow_folders) == (loaded, loaded.allow_folders):
        return film
    return check_film_file(_find_loaded_path(film), flags)


@name_known_keywords
def check_film(
    film: FilmSource,
    *,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
    full: bool = False,
) -> CheckedFilm:
    """Returns what `load` returns, and adds what is wrong with the lock file's trims and the media
    files.

    It checks as `storyboard check` does; `full` decodes every file that the film names to its end.
    """
    checked_film = add_take_diagnostics(
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
    return add_input_diagnostics(checked_film, full=full)


@name_known_keywords
def format_diagnostics(
    film: CheckedFilm | InvalidStoryboard, *, form: DiagnosticForm = "human"
) -> str:
    """The diagnostics of a film as the command line prints them; empty if there are none.

    `human` shows each place with a caret and a fix, `concise` prints one line each, and GitHub
    Actions reads `github`.
    """
    from storyboard.diagnostics.formatting import format_diagnostics as format_all

    return format_all(film.diagnostics, film.texts, form)


@name_known_keywords
def compile_film(
    film: FilmSource,
    *,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool | None = None,
    proxy: bool | None = None,
    allow_retired: bool | None = None,
    allow_folders: Folders = (),
) -> Graph:
    """The steps of a valid film in running order, with their prompts.

    Raises InvalidStoryboard for a film with errors.
    """
    return load(
        film,
        profile=profile,
        provider=provider,
        model=model,
        previz=previz,
        proxy=proxy,
        allow_retired=allow_retired,
        allow_folders=allow_folders,
    ).require_graph()


@name_known_keywords
def plan_film(
    film: FilmSource,
    *,
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
    max_cost_usd: Usd | None = None,
    out: str | Path | None = None,
) -> Plan:
    """What a render would make now, why, and for what price; changes no take and no lock file.

    `shots`, `retake`, `force`, `rebuy` and `accept_stale` mean what they mean for `render`. `out`
    saves the plan there, and `render(out)` then runs exactly that plan or refuses.

    Raises MoneyRefused for a plan that may cost more than `max_cost_usd`; a plan to save must also
    be within the film's own budget.
    """
    if not isinstance(film, CheckedFilm):
        refuse_saved_plan(Path(film))
    session = FilmSession(
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
    try:
        if out is not None:
            check_plan_path(session.film, Path(out))
        take_requests = parse_take_requests(
            session, to_names(retake), to_names(force), to_names(rebuy), accept_stale
        )
        plan = session.plan(take_requests, to_names(shots))
        max_cost_micros = to_micros(max_cost_usd)
        if out is not None or max_cost_micros is not None:
            check_budget_and_compute_cap(
                session, plan, RenderOptions(max_cost_micros=max_cost_micros)
            )
        if out is not None:
            save_plan(Path(out), session, plan, take_requests, to_names(shots), max_cost_micros)
        return plan
    finally:
        session.close()


@name_known_keywords
def compare_providers(film: FilmSource, providers: Names) -> tuple[ProviderOffer, ...]:
    """What each provider would buy for a whole first run of the film, or why it can't.

    A provider may stand with a model: `gemini:omni-flash`.
    """
    checked_film = load(film)
    return compare_providers_of(
        _find_loaded_path(checked_film), checked_film.overrides, to_names(providers)
    )


@name_known_keywords
def format_film_yaml(film: FilmSource, *, origins: bool = False) -> str:
    """The film's YAML with everything resolved: defaults filled in, `like` and profiles applied.

    `origins` adds where each value comes from. Raises InvalidStoryboard for a film with errors.
    """
    from storyboard.language import to_storyboard_yaml

    return to_storyboard_yaml(load(film).require_graph().film, origins=origins)


@name_known_keywords
def to_film_data(film: FilmSource) -> dict[str, Any]:
    """The same as plain data, as `storyboard show --json` has it."""
    from storyboard.language import to_storyboard_data

    return to_storyboard_data(load(film).require_graph().film)


def locate_film(film: FilmSource) -> Path:
    """The film's own file, which names its lock file, its ledger and its store."""
    path = _find_loaded_path(film) if isinstance(film, CheckedFilm) else Path(film)
    return resolve_film_path(path).absolute()


def _find_loaded_path(film: CheckedFilm) -> Path:
    """The absolute path of a loaded film; valid after the program changes its folder."""
    return film.film.path if film.film else film.path


def to_names(names: Names) -> tuple[str, ...]:
    """A single name may be given without a list around it."""
    return (names,) if isinstance(names, str) else tuple(names)


def to_paths(folders: Folders) -> tuple[Path, ...]:
    """A single folder may be given without a list around it."""
    return tuple(map(Path, (folders,) if isinstance(folders, (str, Path)) else folders))


def to_micros(usd: Usd | None) -> int | None:
    """Micro-dollars; None stays None. Raises UsageError for anything that is not an amount."""
    if usd is None:
        return None
    try:
        return parse_usd_micros(format(Decimal(str(usd)), "f"))
    except (ValueError, InvalidOperation):
        raise UsageError(
            f"max_cost_usd is not an amount: {usd!r}", hint="use US dollars, for example 12.50"
        ) from None
