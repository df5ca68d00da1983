"""Film -> steps: every shot's intent as legal purchases, or a refusal with the alternatives.

Shots are compiled after the shots they hang on. A refused shot silences what depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from storyboard.errors import Diagnostic, MediaError
from storyboard.film import Film, MediaFacts, MediaFile, Shot
from storyboard.graph.desk import Desk
from storyboard.graph.effects import Effects, bought
from storyboard.graph.legality import PREVIZ, Judge
from storyboard.graph.links import Linker
from storyboard.graph.material import ENDLESS, Material, Piece, Use
from storyboard.graph.narration import Narration
from storyboard.graph.notices import Notices, nearest
from storyboard.graph.pace import pace_of
from storyboard.graph.purchase import Purchases
from storyboard.graph.speech import lines_inside
from storyboard.graph.steps import Link, Step
from storyboard.graph.stills import plain_settings
from storyboard.graph.timeline import Timeline, build_timeline, cues_inside, wished_length
from storyboard.graph.trims import TakeTrim, Trims
from storyboard.providers.base import Kind, Role
from storyboard.providers.catalog import Catalog, catalog
from storyboard.timecode import FrameRange


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps of a film in running order, what each shot plays, and where it stands."""

    film: Film
    steps: Mapping[str, Step]
    """By id; parents come first."""
    materials: Mapping[str, Material]
    """By shot id."""
    timeline: Timeline
    diagnostics: tuple[Diagnostic, ...]


def compile_film(
    film: Film,
    *,
    probe: Callable[[Path], MediaFacts],
    known: Catalog | None = None,
    allow_retired: bool = False,
    broken: frozenset[str] = frozenset(),
    plugins: Sequence[str] = (),
    expired: frozenset[str] = frozenset(),
    trims: Mapping[str, TakeTrim] = MappingProxyType({}),
) -> Graph:
    """Compiles every shot that is not omitted; problems are in `.diagnostics`, never raised.

    `probe` says what a piece of footage holds. `broken` are ids that the language refused:
    what hangs on them is left out in silence. `plugins` are providers beyond the catalogue's.
    `expired` are extensions, by step, whose source is gone: they begin anew from its last frame.
    `trims` are what the lock file says, by step, of the takes that play.
    """
    compiler = _Compiler(film, probe, known or catalog(), allow_retired, broken, plugins)
    compiler.desk.expired = expired
    compiler.trims = Trims(compiler.desk, trims)
    return compiler.run()


class _Compiler:
    def __init__(
        self,
        film: Film,
        probe: Callable[[Path], MediaFacts],
        known: Catalog,
        allow_retired: bool,
        broken: frozenset[str],
        plugins: Sequence[str],
    ) -> None:
        self.probe = probe
        self.broken = broken
        self.notices = Notices()
        judge = Judge(film, known, self.notices, allow_retired=allow_retired, plugins=plugins)
        rate = film.delivery.rate
        shots = {shot.id: bought(shot, rate) for shot in film.shots if not shot.omit}
        self.desk = Desk(film, self.notices, judge, shots)
        self.purchases = Purchases(self.desk, Linker(self.desk))
        self.trims = Trims(self.desk, {})
        self._done: set[str] = set()

    def run(self) -> Graph:
        desk = self.desk
        for shot in desk.shots.values():
            for id in (*self._ancestry(shot), shot.id):
                if id not in self._done:
                    self._done.add(id)
                    self._make(desk.shots[id])
        film = desk.film
        self._settings_of_providers(film)
        self._not_yet(film)
        self.trims.refuse_idle()
        playing = [shot for shot in film.cut if shot.id in desk.uses]
        quiet = self._beside_gaps() if not self.broken else set(desk.uses)
        played = Effects(desk)
        played.add()
        timeline = build_timeline(
            *(film, playing, played.materials, played.uses, desk.uses, self.notices, quiet)
        )
        timeline = replace(timeline, told=Narration(desk).told(timeline))
        if len(playing) == len(film.cut) and not self.broken:
            wished_length(film, timeline, self.notices)
            cues_inside(film, timeline, self.notices)
            lines_inside(film, timeline, self.notices)
        for id, step in desk.steps.items():
            if step.provider != PREVIZ and (model := desk.judge.entry(step.provider, step.model)):
                desk.steps[id] = replace(step, pace=pace_of(model))
        return Graph(film, desk.steps, played.materials, timeline, self.notices.all())

    def _not_yet(self, film: Film) -> None:
        """Refuses by name what the language knows and no step carries out."""
        for shot in film.shots:
            for key, value, today in (
                ("alternate", shot.alternate, "`omit: true` keeps a shot out of the film"),
                ("match", shot.match, "`continuity:` tells people what must match, in words"),
            ):
                if value:
                    self.notices.error(
                        "SB190", None, shot.span(key), f"`{key}` isn't built yet", today
                    )

    def _settings_of_providers(self, film: Film) -> None:
        """Settings of a provider that nobody knows would have no effect."""
        for name in film.providers:
            if name not in self.desk.judge.providers:
                span = film.span(f"providers.{name}")
                hint = nearest(name, self.desk.judge.providers)
                self.notices.error("SB401", None, span, f"there is no provider `{name}`", hint)

    def _beside_gaps(self) -> set[str]:
        """Shots whose neighbour in the cut could not be built."""
        cut, uses = self.desk.film.cut, self.desk.uses
        return {
            each.id
            for pair in pairwise(cut)
            for each in pair
            if any(other.id not in uses for other in pair)
        }

    def _ancestry(self, shot: Shot) -> list[str]:
        """Ids that the shot hangs on and that are not made yet, the farthest first."""
        found: list[str] = []
        seen = {shot.id}
        stack = [(shot.id, iter(self._parents(shot)))]
        while stack:
            id, parents = stack[-1]
            for parent in parents:
                if parent in self.desk.shots and parent not in seen and parent not in self._done:
                    seen.add(parent)
                    stack.append((parent, iter(self._parents(self.desk.shots[parent]))))
                    break
            else:
                stack.pop()
                found.append(id)
        return found[:-1]

    def _parents(self, shot: Shot) -> list[str]:
        refs = [ref.shot for ref in (shot.first_frame, shot.last_frame) if ref and ref.shot]
        clip = [shot.clip.shot] if shot.clip and shot.clip.shot else []
        return [id for id in (shot.continues, shot.extends, *clip, *refs) if id]

    def _make(self, shot: Shot) -> None:
        if any(id in self.broken or self.notices.refused(id) for id in self._parents(shot)):
            self.notices.suffer(shot.id)
            return
        material = self._material(shot)
        if material is None or self.notices.refused(shot.id):
            self.notices.suffer(shot.id)
            self.desk.forget(shot.id)
            return
        self.desk.materials[shot.id] = material
        trimmed = self.trims.lay_over(shot, material)
        if trimmed and (use := self._use(trimmed, material, locked=trimmed is not shot)):
            self.desk.uses[shot.id] = use

    def _material(self, shot: Shot) -> Material | None:
        if shot.color or shot.card:
            return Material(shot.id, color=shot.color or "black", card=shot.card)
        if shot.clip and shot.clip.shot:
            source = self.desk.materials.get(shot.clip.shot)
            if source is None:
                return None
            return Material(shot.id, source.pieces, source.color, source.card)
        if shot.clip and shot.clip.file:
            return self._footage(shot, shot.clip.file)
        return self.purchases.material(shot)

    def _footage(self, shot: Shot, file: MediaFile) -> Material | None:
        try:
            facts = self.probe(file.path)
        except MediaError as error:
            self.notices.error("SB358", shot, shot.span("clip"), str(error), error.hint)
            return None
        frames = self.desk.rate.frames(facts.seconds) if facts.frames > 1 else 0
        if frames <= 0:
            self.notices.error(
                "SB358",
                shot,
                shot.span("clip"),
                f"{file.name} holds no moving picture",
                "a still picture is used with `first_frame:`",
            )
            return None
        self.desk.steps[shot.id] = Step(
            id=shot.id,
            kind=Kind.IMPORT,
            shot=shot.id,
            provider="import",
            model="",
            target="",
            settings=plain_settings(self.desk.film, shot),
            links=(Link(Role.CLIP, file=file),),
            buys_frames=frames,
        )
        return Material(shot.id, (Piece(shot.id, 0, frames),))

    def _use(self, shot: Shot, material: Material, *, locked: bool) -> Use | None:
        """The used range: trim first, then length; what the take does not hold is refused.

        `locked` says that the trim is the lock file's.
        """
        total = material.frames
        start = shot.trim.start or 0
        if start < 0:
            start += total
        end = total if shot.trim.end is None else shot.trim.end
        if shot.trim.end is not None and end < 0:
            end += total
        if total == ENDLESS and shot.length is None and shot.trim.end is None:
            end = start + self.desk.rate.frames(3)
        key = "trim" if shot.trim.end is not None or shot.trim.start is not None else "length"
        if shot.length is not None:
            if start + shot.length > end:
                if locked:
                    self.trims.refuse(shot, material, shot.length, end - start)
                    return None
                self._too_short(shot, material, start + shot.length, end, key)
                return None
            end = start + shot.length
        if not 0 <= start < end or end > total:
            self._too_short(shot, material, max(end, start + 1), total, key)
            return None
        for lag, spare, side in (
            (shot.audio_lead, start, "lead"),
            (shot.audio_lag, total - end, "lag"),
        ):
            if lag > spare:
                self._unheard(shot, side, lag, spare)
        return Use(FrameRange(start, end), start, total - end)

    def _unheard(self, shot: Shot, side: str, wanted: int, spare: int) -> None:
        """Sound that runs over the cut must be in the take."""
        asked, has = (f"{float(self.desk.rate.seconds(n)):g} s" for n in (wanted, spare))
        where = "before the used range" if side == "lead" else "after it"
        cure = "trim: {start: …}" if side == "lead" else "a shorter `length`"
        self.notices.error(
            "SB358",
            shot,
            shot.span(f"audio_{side}"),
            f"`audio_{side}` asks {asked}; the take of {shot.id} holds {has} {where}",
            f"{cure}, or a longer `duration`, leaves it more",
        )

    def _too_short(self, shot: Shot, material: Material, wanted: int, holds: int, key: str) -> None:
        source = self.desk.shots[shot.clip.shot] if shot.clip and shot.clip.shot else shot
        has, needs = (f"{float(self.desk.rate.seconds(n)):g} s" for n in (max(holds, 0), wanted))
        name = shot.clip.file.name if shot.clip and shot.clip.file else source.id
        hint = f"a shorter `length`, an earlier `trim`, or a longer `duration` on {source.id}"
        if shot.clip and shot.clip.file:
            hint = "a shorter `length` or an earlier `trim`"
        if shot.effects:
            hint += "; or `effects` that want less of it"
        self.notices.error(
            "SB358",
            shot,
            shot.span(key),
            f"{shot.id} uses {name} up to {needs}, which holds {has}",
            hint,
        )
