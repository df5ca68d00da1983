"""Options that mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from storyboard.cli import console

F = TypeVar("F", bound=Callable[..., Any])

FILM = click.Path(path_type=Path)


def resolve_film_link(_ctx: click.Context, _param: click.Parameter, value: Path) -> Path:
    """The film that a link leads to."""
    from storyboard.run.paths import resolve_film_path

    return resolve_film_path(value)


def add_film_argument(function: F) -> F:
    """The one film a command is about."""
    return click.argument("film", type=FILM, callback=resolve_film_link)(function)


def add_output_options(function: F) -> F:
    """How much is said, and in which form."""
    for option in (
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour; NO_COLOR turns it off too.",
            callback=lambda _c, _p, value: console.set_color(value),
            expose_value=False,
        ),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong."),
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
    ):
        function = option(function)
    return function


def add_override_options(function: F) -> F:
    """What is laid over the film before it is read."""
    for option in (
        click.option("--allow-retired", is_flag=True, help="Try models that were switched off."),
        click.option("--proxy", is_flag=True, help="Previz at 320x180: quick and small."),
        click.option("--model", metavar="NAME", help="This model for every shot."),
        click.option("--previz", is_flag=True, help="Rehearse: previz draws every shot, free."),
        click.option("--provider", metavar="NAME", help="This provider for every shot."),
        click.option("--profile", metavar="NAME", help="A profile of the film's."),
    ):
        function = option(function)
    return function


def add_take_options(function: F) -> F:
    """What is asked of takes that are there."""
    for option in (
        click.option("--accept-stale", is_flag=True, help="Keep picked takes of older versions."),
        click.option("--rebuy", multiple=True, metavar="SHOT", help="Buy again what is lost."),
        click.option("--force", multiple=True, metavar="SHOT", help="Make it again."),
        click.option("--retake", multiple=True, metavar="SHOT", help="One more take, picked."),
    ):
        function = option(function)
    return function


OVERRIDE_NAMES = ("profile", "provider", "model", "previz", "proxy", "allow_retired")
"""Names of the overlay's parameters, by which `Overrides` keeps them too."""


def pop_overrides(options: dict[str, Any]) -> Any:
    """Takes the overlay's values out of a command's parameters."""
    from storyboard.pipeline.session import Overrides

    return Overrides.from_fields({name: options.pop(name) for name in OVERRIDE_NAMES})


def parse_max_cost(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Micro-dollars of `--max-cost`."""
    if value is None:
        return None
    from storyboard.money import parse_usd_micros

    try:
        return parse_usd_micros(value.removeprefix("$"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is no amount in US dollars, like 12.50") from None
