"""Options that mean the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from storyboard.cli import completion, console

F = TypeVar("F", bound=Callable[..., Any])

FILM = click.Path(path_type=Path)


def format_examples(*lines: str) -> str:
    """Command lines as the end of a verb's help; each begins after the program's name."""
    return "\n".join(("\b", "Examples:", *(f"  storyboard {line}" for line in lines)))


def resolve_film_link(_ctx: click.Context, _param: click.Parameter, value: Path) -> Path:
    """The film that a link leads to."""
    from storyboard.run.paths import resolve_film_path

    return resolve_film_path(value)


def add_film_argument(function: F) -> F:
    """The one film a command is about."""
    return click.argument("film", type=FILM, callback=resolve_film_link)(function)


def add_shots_argument(function: F) -> F:
    """The shots or steps of the film that are meant; none means all."""
    return click.argument(
        "shots", metavar="[SHOT]...", nargs=-1, shell_complete=completion.complete_shots
    )(function)


def add_output_options(function: F) -> F:
    """How much is said, and in which form."""
    for option in (
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour; `auto` follows the terminal, NO_COLOR and FORCE_COLOR.",
            callback=lambda _c, _p, value: console.set_color(value),
            expose_value=False,
        ),
        click.option("-v", "--verbose", is_flag=True, help="Print more."),
        click.option("-q", "--quiet", is_flag=True, help="Print only errors."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        function = option(function)
    return function


def add_override_options(function: F) -> F:
    """What is laid over the film before it is read."""
    for option in (
        click.option(
            "--allow-folder",
            "allow_folders",
            multiple=True,
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Let the film use files in this folder outside its root.",
        ),
        click.option(
            "--allow-retired", is_flag=True, help="Allow models that the platform has switched off."
        ),
        click.option(
            "--proxy",
            is_flag=True,
            help="Rehearse with previz at 320x180: quick and free. Writes a file of its own.",
        ),
        click.option(
            "--model",
            metavar="NAME",
            help="Use this model for every shot.",
            shell_complete=completion.complete_models,
        ),
        click.option("--previz", is_flag=True, help="Rehearse: previz draws every shot, free."),
        click.option(
            "--provider",
            metavar="NAME",
            help="Use this provider for every shot.",
            shell_complete=completion.complete_providers,
        ),
        click.option(
            "--profile",
            metavar="NAME",
            help="Apply this profile of the film.",
            shell_complete=completion.complete_profiles,
        ),
    ):
        function = option(function)
    return function


def add_take_options(function: F) -> F:
    """What is asked of takes that are there."""
    for option in (
        click.option(
            "--accept-stale", is_flag=True, help="Use takes made from an older version of the shot."
        ),
        click.option(
            "--rebuy",
            multiple=True,
            metavar="SHOT",
            shell_complete=completion.complete_shots,
            help="Buy again a paid take whose file is missing.",
        ),
        click.option(
            "--force",
            multiple=True,
            metavar="SHOT",
            shell_complete=completion.complete_shots,
            help="Make the shot again even if it is up to date.",
        ),
        click.option(
            "--retake",
            multiple=True,
            metavar="SHOT",
            shell_complete=completion.complete_shots,
            help="Add one more take, and pick it when it is made.",
        ),
    ):
        function = option(function)
    return function


OVERRIDE_NAMES = ("profile", "provider", "model", "previz", "proxy", "allow_retired")
"""Names of the overlay's parameters, by which `Overrides` keeps them too."""


def pop_overrides(options: dict[str, Any]) -> Any:
    """Takes the overlay's values out of a command's parameters."""
    from dataclasses import replace

    from storyboard.pipeline.session import Overrides

    allow_folders = options.pop("allow_folders")
    overrides = Overrides.from_fields({name: options.pop(name) for name in OVERRIDE_NAMES})
    return replace(overrides, allow_folders=allow_folders)


def parse_max_cost(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Micro-dollars of `--max-cost`."""
    if value is None:
        return None
    from storyboard.money import parse_usd_micros

    try:
        return parse_usd_micros(value.removeprefix("$"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not an amount in US dollars, like 12.50") from None


def parse_patience(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """Seconds of `--patience`."""
    if value is None:
        return None
    try:
        minutes = math.inf if value == "infinite" else float(value)
    except ValueError:
        minutes = -1.0
    if not minutes > 0:
        raise click.BadParameter(f"{value!r} is not a number of minutes, like 90 or infinite")
    return minutes * 60
