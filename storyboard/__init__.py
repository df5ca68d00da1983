"""A film is a YAML file of shots: check it, price it, rehearse it, shoot it, cut it.

    >>> import storyboard
    >>> film = storyboard.load("film.yaml")           # doctest: +SKIP
    >>> plan = storyboard.plan_film(film)             # doctest: +SKIP
    >>> storyboard.render(film, out="film.mp4")       # doctest: +SKIP

Every function raises StoryboardError (`storyboard.errors`) for what a user can cure; an invalid
film raises InvalidStoryboard with every problem at once. Nothing heavy is imported before a
function is called.
"""

TYPE_CHECKING = False  # neither `typing` nor `__future__` is imported: see `__main__`
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storyboard.graph.compile import Graph
    from storyboard.graph.plan import Plan
    from storyboard.make import Rendered
    from storyboard.production import Examined
    from storyboard.run.events import Event

__version__ = "0.1.0"
__all__ = ["arender", "compile_film", "load", "plan_film", "render", "stitch"]


def load(film: "str | Path", **overlay: object) -> "Examined":
    """Reads, checks and compiles a film; never raises for what its author can get wrong.

    `overlay` is what flags lay over it: `profile provider model previz proxy allow_retired`.
    """
    from pathlib import Path

    from storyboard.production import Flags, examine

    return examine(Path(film), Flags.from_fields(overlay))


def compile_film(film: "str | Path | Examined", **overlay: object) -> "Graph":
    """The steps of a sound film in running order; raises InvalidStoryboard otherwise."""
    return _examined(film, overlay).checked()


def plan_film(film: "str | Path | Examined", **overlay: object) -> "Plan":
    """What a render would make now, why, and at what price; changes nothing on disk."""
    from storyboard.production import Production

    production = Production(_examined(film, overlay))
    try:
        return production.plan()
    finally:
        production.close()


def render(
    film: "str | Path | Examined",
    *,
    out: "str | Path | None" = None,
    max_cost_usd: float | str = 0,
    tell: "Callable[[Event], None]" = lambda _: None,
    **overlay: object,
) -> "Rendered":
    """Makes what is missing and cuts the film to `out` (default: as on the command line).

    May spend up to `max_cost_usd`, by default nothing: a plan priced higher raises MoneyRefused
    before anything is submitted. `tell` hears every event of the run.
    """
    import asyncio

    return asyncio.run(arender(film, out=out, max_cost_usd=max_cost_usd, tell=tell, **overlay))


async def arender(
    film: "str | Path | Examined",
    *,
    out: "str | Path | None" = None,
    max_cost_usd: float | str = 0,
    tell: "Callable[[Event], None]" = lambda _: None,
    **overlay: object,
) -> "Rendered":
    """`render` for a program that has an event loop already."""
    from decimal import Decimal
    from pathlib import Path

    from storyboard.make import Order, usd_micros
    from storyboard.make import render as make
    from storyboard.production import Production

    production = Production(_examined(film, overlay), create=True)
    try:
        order = Order(
            out=Path(out) if out is not None else None,
            max_cost_micros=usd_micros(format(Decimal(str(max_cost_usd)), "f")),
        )
        return await make(production, production.plan(), order, tell)
    finally:
        production.close()


def stitch(
    film: "str | Path | Examined", *, out: "str | Path | None" = None, **overlay: object
) -> "Path":
    """Cuts the film from the takes that are there, submits nothing, and returns its path.

    Raises StoreError when a take is missing.
    """
    import asyncio
    from pathlib import Path

    from storyboard.errors import StoreError
    from storyboard.make import Order
    from storyboard.make import render as make
    from storyboard.production import Production

    production = Production(_examined(film, overlay), create=True)
    try:
        order = Order(out=Path(out) if out is not None else None, frozen=True)
        done = asyncio.run(make(production, production.plan(), order, lambda _: None))
    finally:
        production.close()
    if done.film is None:
        raise StoreError(
            "the film can't be cut: takes are missing", hint="`storyboard plan` names them"
        )
    return done.film


def _examined(film: "str | Path | Examined", overlay: dict[str, object]) -> "Examined":
    from storyboard.production import Examined

    return film if isinstance(film, Examined) else load(film, **overlay)
