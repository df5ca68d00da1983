"""One film on its way from text to plan: what every command opens first.

Above language, graph and run; below the command line and the public API. Reading needs no key, no
network and no project; only `make.py` makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from storyboard.errors import (
    Diagnostic,
    InvalidStoryboard,
    Severity,
    StoryboardError,
    UsageError,
)
from storyboard.film import Film, MediaFacts
from storyboard.graph.choose import chosen_shots
from storyboard.graph.compile import Graph, compile_film
from storyboard.graph.decide import plan_film
from storyboard.graph.notices import nearest
from storyboard.graph.plan import Plan, Reason, Wishes
from storyboard.providers import registry
from storyboard.run.hashing import Hashes
from storyboard.run.places import real_film, selects_file, state_folder, store_folder
from storyboard.run.selects import Selects
from storyboard.run.shelf import FilmShelf
from storyboard.run.store import Store
from storyboard.serialized import Serialized, check_names


@dataclass(frozen=True, slots=True)
class Flags(Serialized):
    """What the command line lays over a film."""

    profile: str | None = None
    provider: str | None = None
    model: str | None = None
    previz: bool = False
    proxy: bool = False
    allow_retired: bool = False

    def to_fields(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "provider": self.provider,
            "model": self.model,
            "previz": self.previz,
            "proxy": self.proxy,
            "allow_retired": self.allow_retired,
        }

    @classmethod
    def from_fields(cls, told: Mapping[str, Any]) -> Flags:
        """The flags that `to_fields` wrote; TypeError for a flag that there is not."""
        check_names(told, cls().to_fields())
        return cls(
            profile=told.get("profile"),
            provider=told.get("provider"),
            model=told.get("model"),
            previz=told.get("previz", False),
            proxy=told.get("proxy", False),
            allow_retired=told.get("allow_retired", False),
        )


@dataclass(frozen=True, slots=True)
class Examined:
    """A film that was read and compiled, with everything there is to say about it."""

    path: Path
    flags: Flags
    film: Film | None
    graph: Graph | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    """Source by file name, for drawing carets."""
    compiled: Callable[..., Graph] | None = None
    """Compiles it once more, with what was learnt since (`expired=`)."""

    @property
    def is_valid(self) -> bool:
        """No errors: the film may be planned."""
        return self.graph is not None and not any(
            each.severity is Severity.ERROR for each in self.diagnostics
        )

    @property
    def sound(self) -> bool:
        """An older name of `is_valid`."""
        return self.is_valid

    def checked(self) -> Graph:
        """The graph; raises InvalidStoryboard when the film has errors."""
        if not self.is_valid or self.graph is None:
            raise InvalidStoryboard(self.diagnostics, self.texts)
        return self.graph


def examine(path: Path, flags: Flags | None = None) -> Examined:
    """Reads, checks and compiles a film; never raises for what its author can get wrong."""
    from storyboard.graph.codes import CODES as OF_GRAPH
    from storyboard.language import load
    from storyboard.language.codes import CODES, Code
    from storyboard.stitching.proofread import proofread

    CODES.update({code: Code(*told) for code, told in OF_GRAPH.items()})
    flags = flags or Flags()
    _known(flags)
    path = real_film(path)
    loaded = load(
        path,
        profile=flags.profile,
        provider=flags.provider,
        model=flags.model,
        previz=flags.previz,
        proxy=flags.proxy,
        fragments=registry.Fragments(),
    )
    if loaded.film is None:
        return Examined(path, flags, None, None, loaded.diagnostics, loaded.texts)
    film = loaded.film
    if film.proxy:
        film = replace(film, delivery=replace(film.delivery, resolution="180p"))
    named = {n for s in film.shots for n in (s.provider, s.target) if n}
    named |= {n for n in (film.house.provider, film.house.target) if n}
    compiled = partial(
        compile_film,
        film,
        probe=_probe,
        known=registry.full_catalog(named).through(_interfaces(film)),
        allow_retired=flags.allow_retired,
        broken=loaded.broken,
        plugins=registry.plugins(),
    )
    graph = compiled()
    letters = proofread(film, loaded.film.delivery.size)
    told = dict.fromkeys((*loaded.diagnostics, *graph.diagnostics, *letters))
    diagnostics = tuple(sorted(told, key=lambda d: (d.span, d.code)))
    return Examined(path, flags, film, graph, diagnostics, loaded.texts, compiled)


def _interfaces(film: Film) -> dict[str, str]:
    """By provider, which of its interfaces the film chose."""
    chosen = {name: settings.get("transport") for name, settings in film.providers.items()}
    return {name: str(transport) for name, transport in chosen.items() if transport}


def _known(flags: Flags) -> None:
    """Raises UsageError for a provider or model on the command line that nobody has."""
    named = ("previz", *registry.full_catalog(()).providers, *registry.plugins())
    providers = tuple(dict.fromkeys(named))
    if flags.provider and flags.provider not in providers:
        raise UsageError(
            f"there is no provider `{flags.provider}`", hint=nearest(flags.provider, providers)
        )
    names = registry.full_catalog(registry.plugins()).names
    if flags.model and flags.model not in names:
        raise UsageError(f"there is no model `{flags.model}`", hint=nearest(flags.model, names))


class Production:
    """A sound film with its lock file and, where there is one, its store.

    `create` makes the store's folder; reading commands leave the disk as it is.
    """

    def __init__(
        self,
        examined: Examined,
        *,
        create: bool = False,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.graph = examined.checked()
        self.film = self.graph.film
        self.flags = examined.flags
        self._compiled = examined.compiled
        self.state = state_folder(self.film.path)
        self.selects = Selects(selects_file(self.film.path))
        folder = store_folder(self.film.path)
        self.store = Store(folder, notice=notice) if create or folder.is_dir() else None
        self.hashes = Hashes(self.state)

    def plan(self, wishes: Wishes | None = None, shots: Sequence[str] = ()) -> Plan:
        """What a render would do now; only for `shots` where they are named."""
        from storyboard.run.ledger import Ledger
        from storyboard.run.owing import pending, wished

        owing = Ledger.read(self.state, owing=True)
        held = self.film.policy.on_filtered == "hold"
        filtered = Ledger.filtered_in(self.state) if held else frozenset()
        charged = Ledger.charged_in(self.state)
        shelf = FilmShelf(self.store, self.selects, self.film.stem, self._hash, wished(owing))
        now = time.time()

        def planned(graph: Graph) -> Plan:
            return plan_film(
                graph,
                shelf,
                makers=registry.makers,
                hashes=self._hash,
                wishes=wishes,
                now=now,
                pending=pending(owing),
                filtered=filtered,
                charged=charged,
            )

        plan = planned(self.graph)
        if self.film.policy.on_expired == "reanchor":
            plan = self._reanchored(plan, planned)
        if not shots:
            return plan
        wanted = chosen_shots(self.film, shots, self.graph)
        return plan.only({n.step.id for n in plan.nodes if {n.step.id, n.step.shot} & wanted})

    def _reanchored(self, plan: Plan, planned: Callable[[Graph], Plan]) -> Plan:
        """Begins extensions anew whose source has expired, since the film allows it."""
        expired: frozenset[str] = frozenset()
        while found := _expired(plan) - expired:
            expired |= found
            assert self._compiled is not None
            graph = self._compiled(expired=expired)
            if any(each.severity is Severity.ERROR for each in graph.diagnostics):
                raise InvalidStoryboard(graph.diagnostics)
            self.graph = graph
            plan = planned(graph)
        return plan

    def close(self) -> None:
        """Keeps what was learnt of files, where the film has a state folder."""
        if self.state.is_dir():
            self.hashes.save()
        if self.store is not None:
            self.store.close()

    def _hash(self, path: Path) -> str:
        try:
            return self.hashes(path)
        except OSError as error:
            raise StoryboardError(
                f"{path.name} can't be read: {error.strerror or error}",
                hint="the storyboard names it; put it back or name another",
            ) from error


def _expired(plan: Plan) -> frozenset[str]:
    return frozenset(n.step.id for n in plan.nodes if Reason.URI_EXPIRED in n.reasons)


def _probe(path: Path) -> MediaFacts:
    from storyboard.stitching.media import probe

    return probe(path)
