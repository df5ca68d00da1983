"""Adapters by name, through the entry point group `storyboard.providers`.

Ours come in by the same door as a stranger's. Planning needs only what identity reads of a
provider; the adapter itself is made when a render asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.graph.plan import Makers
from storyboard.providers.base import WIRE_READS, Provider
from storyboard.providers.catalog import Catalog, catalog

_GROUP = "storyboard.providers"
_OURS = "storyboard"
EFFECTS = "effects"
"""The adapter that no shot names: it makes the effects of any."""


@cache
def adapters() -> Mapping[str, EntryPoint]:
    """The adapters that are installed, ours first.

    `STORYBOARD_PLUGINS` set and empty leaves strangers' out, which helps when hunting a fault.
    """
    found: dict[str, EntryPoint] = {}
    points = entry_points(group=_GROUP)
    alone = os.environ.get("STORYBOARD_PLUGINS") == ""
    for point in sorted(points, key=lambda p: not _is_ours(p)):
        if point.name not in found and (_is_ours(point) or not alone):
            found[point.name] = point
    return found


@cache
def adapter(name: str) -> type[Provider]:
    """The adapter's class; EnvironmentProblem where there is none, or it does not import."""
    point = adapters().get(name)
    if point is None:
        built = ", ".join(adapters())
        raise EnvironmentProblem(
            f"no adapter for `{name}` is installed",
            hint=f"installed: {built}; `--previz` rehearses the film without one",
        )
    try:
        found: type[Provider] = point.load()
    except Exception as error:
        raise EnvironmentProblem(
            f"the adapter for `{name}` ({point.value}) does not load: {error}",
            hint="see `storyboard doctor`",
        ) from error
    return found


def makers(name: str) -> Makers:
    """What planning must know of a provider; a paid one needs no adapter for that."""
    if name == "import":
        return Makers(frozenset(), repeatable=True)
    if name in adapters():
        found = adapter(name)
        return Makers(frozenset(found.reads), found.revision, found.repeatable)
    return Makers(WIRE_READS)


def plugins() -> tuple[str, ...]:
    """Names of adapters that the catalogue does not know and a shot may ask for."""
    return tuple(n for n in adapters() if n not in catalog().providers and n != EFFECTS)


def full_catalog(named: Iterable[str]) -> Catalog:
    """The catalogue with the models that the plug-ins among `named` bring along."""
    known = catalog()
    for name in sorted(named):
        if name in known.providers or name not in adapters() or name == "previz":
            continue
        entries: Sequence[Mapping[str, Any]] = getattr(adapter(name), "models", ())
        if entries:
            known = known.extended([{"provider": name, **entry} for entry in entries])
    return known


class Fragments(Mapping[str, Mapping[str, Any]]):
    """Schema fragments of the adapters' settings and options, by provider.

    An adapter is loaded when its fragment is looked at: most films name one or two.
    """

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in adapters():
            raise KeyError(name)
        fragment: Mapping[str, Any] | None = getattr(adapter(name), "schema", None)
        if not fragment:
            raise KeyError(name)
        return fragment

    def __iter__(self) -> Iterator[str]:
        return (name for name in adapters() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in adapters() and bool(getattr(adapter(str(name)), "schema", None))


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == _OURS
