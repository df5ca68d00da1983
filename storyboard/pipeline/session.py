"""One film on its way from text to plan: what every command opens first.

Above language, graph and run; below the command line and the public API. Reading needs no key, no
network and no project; only `render.py` makes takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from storyboard.diagnostics.collector import sort_diagnostics
from storyboard.diagnostics.suggestions import suggest_or_list_names
from storyboard.errors import (
    Diagnostic,
    InvalidStoryboard,
    Severity,
    Span,
    StoryboardError,
    UsageError,
)
from storyboard.graph.compiler import Graph, compile_film
from storyboard.graph.take_trims import TakeTrim
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film, Take, Trim
from storyboard.pipeline.inputs.allowed_folders import list_allowed_folders
from storyboard.pipeline.inputs.input_inspector import InputInspector
from storyboard.plan.plan import Plan, Reason, TakeRequests
from storyboard.plan.planner import plan_film
from storyboard.plan.selection import select_shots
from storyboard.plan.take_chooser import TakeChooser
from storyboard.plan.take_names import require_single_take
from storyboard.providers import registry
from storyboard.run.file_hashes import FileHashCache
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.paths import (
    locate_lock_file,
    locate_state_folder,
    locate_store_folder,
    resolve_film_path,
)
from storyboard.run.store.store import Store
from storyboard.run.take_library import TakeLibrary
from storyboard.util.file_memory import FileMemory
from storyboard.util.machine_errors import explain_read_error
from storyboard.util.serialization import Serialized, reject_unknown_names


@dataclass(frozen=True, slots=True)
class Overrides(Serialized):
    """The values of the command line that override a film."""

    profile: str | None = None
    provider: str | None = None
    model: str | None = None
    previz: bool = False
    proxy: bool = False
    allow_retired: bool = False
    allow_folders: tuple[Path, ...] = field(default=(), compare=False)
    """Folders outside the film's root that may hold its files. They change nothing in the film, and
    the person who renders decides about them, so a saved plan does not contain them.
    """

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
    def from_fields(cls, fields: Mapping[str, Any]) -> Overrides:
        """The flags that `to_fields` wrote; TypeError for a flag that there is not."""
        reject_unknown_names(fields, cls().to_fields())
        return cls(
            profile=fields.get("profile"),
            provider=fields.get("provider"),
            model=fields.get("model"),
            previz=fields.get("previz", False),
            proxy=fields.get("proxy", False),
            allow_retired=fields.get("allow_retired", False),
        )


@dataclass(frozen=True, slots=True)
class CheckedFilm:
    """A film that was read and compiled, with everything there is to say about it."""

    path: Path
    overrides: Overrides
    film: Film | None
    graph: Graph | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    """Source by file name, for drawing carets."""
    recompile: Callable[..., Graph] | None = None
    """Compiles the film again with what the run found out (`expired=`, `trims=`)."""

    @property
    def is_valid(self) -> bool:
        """No errors: the film may be planned."""
        return self.graph is not None and not any(
            each.severity is Severity.ERROR for each in self.diagnostics
        )

    def require_graph(self) -> Graph:
        """The graph; raises InvalidStoryboard when the film has errors."""
        if not self.is_valid or self.graph is None:
            raise InvalidStoryboard(self.diagnostics, self.texts)
        return self.graph


def check_film(path: Path, overrides: Overrides | None = None) -> CheckedFilm:
    """Reads, checks and compiles a film; never raises for a mistake in the film."""
    from storyboard.language import load
    from storyboard.stitching.text.text_checks import check_film_typesetting

    overrides = overrides or Overrides()
    _check_provider_and_model(overrides)
    path = resolve_film_path(path)
    loaded = load(
        path,
        profile=overrides.profile,
        provider=overrides.provider,
        model=overrides.model,
        previz=overrides.previz,
        proxy=overrides.proxy,
        fragments=registry.SchemaFragments(),
        known_secrets=registry.load_known_secrets(),
        allowed_folders=list_allowed_folders(overrides.allow_folders),
    )
    if loaded.film is None:
        return CheckedFilm(path, overrides, None, None, loaded.diagnostics, loaded.texts)
    film = loaded.film
    if film.proxy:
        film = replace(film, delivery=replace(film.delivery, resolution="180p"))
    provider_names = {n for s in film.shots for n in (s.provider, s.target) if n}
    provider_names |= {n for n in (film.defaults.provider, film.defaults.target) if n}
    inspector = InputInspector()
    compile_again = partial(
        compile_film,
        film,
        read_footage=FileMemory(inspector.read_footage),
        model_catalog=registry.load_full_catalog(provider_names).apply_interface_variants(
            _find_chosen_interfaces(film)
        ),
        allow_retired=overrides.allow_retired,
        broken=loaded.broken,
        plugins=registry.list_plugin_names(),
        option_names=registry.list_option_names(),
    )

    def recompile(**learnt: Any) -> Graph:
        with closing(inspector):
            return compile_again(**learnt)

    graph = recompile()
    text_problems = check_film_typesetting(film, loaded.film.delivery.size)
    diagnostics = sort_diagnostics((*loaded.diagnostics, *graph.diagnostics, *text_problems))
    return CheckedFilm(path, overrides, film, graph, diagnostics, loaded.texts, recompile)


def add_take_diagnostics(checked_film: CheckedFilm) -> CheckedFilm:
    """The film with what its lock file says about the takes that play, a step beyond `check_film`.

    Reads the lock file if there is one, and plans only if a take is trimmed.
    """
    lock = locate_lock_file(checked_film.path)
    if not checked_film.is_valid or not lock.exists() or not LockFile(lock).has_trims():
        return checked_film
    session = FilmSession(checked_film)
    try:
        session.plan()
        told = session.diagnostics
    except InvalidStoryboard as error:
        told = error.diagnostics
    finally:
        session.close()
    return replace(checked_film, diagnostics=told, texts=session.texts)


def _find_chosen_interfaces(film: Film) -> dict[str, str]:
    """By provider, which of its interfaces the film chose."""
    chosen = {name: settings.get("transport") for name, settings in film.providers.items()}
    return {name: str(transport) for name, transport in chosen.items() if transport}


def _check_provider_and_model(overrides: Overrides) -> None:
    """Raises UsageError for a provider or model on the command line that does not exist."""
    known_names = (
        "previz",
        *registry.load_full_catalog(()).providers,
        *registry.list_plugin_names(),
    )
    providers = tuple(dict.fromkeys(known_names))
    if overrides.provider and overrides.provider not in providers:
        raise UsageError(
            f"there is no provider `{overrides.provider}`",
            hint=suggest_or_list_names(overrides.provider, providers),
        )
    if not overrides.model:
        return
    names = registry.load_catalog_of_all().names
    if overrides.model not in names:
        raise UsageError(
            f"there is no model `{overrides.model}`",
            hint=suggest_or_list_names(overrides.model, names),
        )


class FilmSession:
    """A valid film with its lock file and its store, if there is one.

    `create` makes the store's folder; commands that only read change nothing on disk.
    """

    def __init__(
        self,
        checked_film: CheckedFilm,
        *,
        create: bool = False,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.graph = checked_film.require_graph()
        self.film = self.graph.film
        self.overrides = checked_film.overrides
        self._recompile = checked_film.recompile
        self.state = locate_state_folder(self.film.path)
        self.selects = LockFile(locate_lock_file(self.film.path))
        self._examined = checked_film
        self._expired: frozenset[str] = frozenset()
        self._trims: dict[str, TakeTrim] = {}
        folder = locate_store_folder(self.film.path)
        self.store = Store(folder, on_notice=notice) if create or folder.is_dir() else None
        self.hashes = FileHashCache(self.state)

    @property
    def checked_film(self) -> CheckedFilm:
        """The film as it was read, without what its takes add."""
        return self._examined

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All there is to say about the film, as its takes are trimmed."""
        return self._list_diagnostics(self.graph)

    @property
    def texts(self) -> dict[str, str]:
        """Source by file name, the lock file's too."""
        return {**self._examined.texts, str(self._lock_path): self.selects.text}

    def plan(
        self,
        requests: TakeRequests | None = None,
        shots: Sequence[str] = (),
        *,
        lenient: bool = False,
    ) -> Plan:
        """What a render would do now; only for `shots` if they are given.

        Raises InvalidStoryboard if a trim in the lock file is impossible for its take, and
        UsageError if a shot's `lock` fits several takes. `lenient` plans without that trim and with
        the first of those takes, for commands that list the takes or choose another one.
        """
        from storyboard.run.ledger.ledger import Ledger
        from storyboard.run.ledger.pending import find_takes_to_pick, list_pending_takes

        open_attempts = Ledger.read_attempts(self.state, open_or_picked_only=True)
        holds_filtered = self.film.policy.on_filtered == "hold"
        filtered = Ledger.read_filtered_takes(self.state) if holds_filtered else frozenset()
        charged = Ledger.read_charged_without_take(self.state)
        library = TakeLibrary(
            self.store,
            self.selects,
            self.film.stem,
            self._hash_input,
            find_takes_to_pick(open_attempts),
        )
        now = time.time()

        def plan_graph(graph: Graph) -> Plan:
            return plan_film(
                graph,
                library,
                traits_of=registry.read_provider_traits,
                hashes=self._hash_input,
                requests=requests,
                now=now,
                pending=list_pending_takes(open_attempts),
                filtered=filtered,
                charged=charged,
            )

        plan = self._plan_until_stable(plan_graph, lenient)
        if not lenient:
            self._refuse_ambiguous_locks(plan, library)
        if not shots:
            return plan
        wanted = select_shots(self.film, shots, self.graph)
        return plan.restrict_to(
            {n.step.id for n in plan.nodes if {n.step.id, n.step.shot} & wanted}
        )

    def _refuse_ambiguous_locks(self, plan: Plan, library: TakeLibrary) -> None:
        chooser = TakeChooser(self.film.shots, library)
        for node in plan.nodes:
            if (lock := chooser.find_lock(node.step)) and node.digest:
                takes = library.find_takes(node.digest)
                require_single_take(f"`lock` of {node.step.shot}", lock, takes)

    def has_new_trims(self, takes: Mapping[str, Take]) -> bool:
        """Whether a take, by step, is trimmed otherwise than the graph has it."""
        return any(self._find_trim(take) != self._trims.get(id) for id, take in takes.items())

    def build_timeline(self, plan: Plan, takes: Mapping[str, Take]) -> Timeline:
        """The plan's timeline, or a later one if takes came back whose trims now count.

        Nobody knew this before the run. If a later timeline needs new takes, the next render makes
        them.
        """
        if not self.has_new_trims(takes):
            return plan.timeline
        before = (self.graph, self._expired, self._trims)
        later = self.plan()
        if not later.has_work:
            return later.timeline
        self.graph, self._expired, self._trims = before
        return plan.timeline

    def _plan_until_stable(self, plan_graph: Callable[[Graph], Plan], lenient: bool) -> Plan:
        """Plans until the graph contains what only the takes tell: trims, and expired sources.

        An extension starts again if its source has expired and the film allows that.
        """
        plan = plan_graph(self.graph)
        while True:
            expired, trims = self._expired, self._collect_trims(plan)
            if self.film.policy.on_expired == "reanchor":
                expired |= _find_expired_steps(plan)
            if (expired, trims) == (self._expired, self._trims):
                return plan
            assert self._recompile is not None
            graph = self._recompile(expired=expired, trims=trims)
            if _has_errors(graph):
                if lenient:
                    return plan
                graph = self._recompile(expired=expired, trims=self._add_trim_spans(trims, plan))
                raise InvalidStoryboard(self._list_diagnostics(graph), self.texts)
            self.graph, self._expired, self._trims = graph, expired, trims
            plan = plan_graph(graph)

    def _collect_trims(self, plan: Plan) -> dict[str, TakeTrim]:
        """How the takes that play are trimmed, by step.

        A trim moves what hangs on its step, so another take may play there: it is asked later.
        """
        trims: dict[str, TakeTrim] = {}
        moved: set[str] = set()
        for node in plan.nodes:
            id = node.step.id
            before = self._trims.get(id)
            trim = self._find_trim(node.select) if node.select else None
            if moved.intersection(node.step.parents):
                moved.add(id)
                trim = before
            elif trim != before:
                moved.add(id)
            if trim is not None:
                trims[id] = trim
        return trims

    def _find_trim(self, take: Take) -> TakeTrim | None:
        told = self.selects.find_trim(take)
        if told is None:
            return None
        film = self.film.delivery.rate
        own = take.facts.rate or film
        start, end = (
            None if n is None else film.to_frames(own.to_seconds(n)) for n in (told.start, told.end)
        )
        return TakeTrim(take.name, Trim(start, end))

    def _add_trim_spans(self, trims: Mapping[str, TakeTrim], plan: Plan) -> dict[str, TakeTrim]:
        """The same with their places in the lock file, which are found slowly."""
        selects = {node.step.id: node.select for node in plan.nodes if node.select}
        return {
            id: replace(trim, place=self._find_trim_span(selects[id])) if id in selects else trim
            for id, trim in trims.items()
        }

    def _find_trim_span(self, take: Take) -> Span:
        span = self.selects.find_take_span(take, "trim")
        return replace(span, file=str(self._lock_path))

    @property
    def _lock_path(self) -> Path:
        """The lock file as the user would name it."""
        return locate_lock_file(self._examined.path)

    def _list_diagnostics(self, graph: Graph) -> tuple[Diagnostic, ...]:
        base = self._examined.graph
        before = frozenset(base.diagnostics if base else ())
        told = [each for each in self._examined.diagnostics if each not in before]
        return sort_diagnostics((*told, *graph.diagnostics))

    def close(self) -> None:
        """Saves what was found out about files, if the film has a state folder."""
        if self.state.is_dir():
            self.hashes.save()
        if self.store is not None:
            self.store.close()

    def _hash_input(self, path: Path) -> str:
        try:
            return self.hashes(path)
        except OSError as error:
            if problem := explain_read_error(error, path.name):
                raise problem from error
            raise StoryboardError(
                f"{path.name} can't be read: {error.strerror or error}",
                hint="restore the file, or name another one in the storyboard",
            ) from error


def _has_errors(graph: Graph) -> bool:
    return any(each.severity is Severity.ERROR for each in graph.diagnostics)


def _find_expired_steps(plan: Plan) -> frozenset[str]:
    return frozenset(n.step.id for n in plan.nodes if Reason.URI_EXPIRED in n.reasons)
