"""Film -> steps: every shot's intent as legal purchases, or a refusal with the alternatives.

Shots are compiled after the shots they hang on. A refused shot silences what depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from shlex import quote
from types import MappingProxyType

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Diagnostic, MediaError
from storyboard.graph.context import CompileContext
from storyboard.graph.continuity.jump_cuts import note_jump_cuts
from storyboard.graph.continuity.line_of_action import warn_crossed_lines
from storyboard.graph.continuity.pictured_shot import list_pictured_shots
from storyboard.graph.dialogue_timing import note_repeated_lines, warn_trimmed_lines
from storyboard.graph.effects import EffectSteps, adjust_length_for_effects
from storyboard.graph.limits.model_limits import ModelRules
from storyboard.graph.limits.model_lookup import PREVIZ, ModelLookup
from storyboard.graph.limits.requested_frames import choose_requested_frames
from storyboard.graph.model_dates import note_dated_models
from storyboard.graph.narration import NarrationSteps
from storyboard.graph.rate_limits import build_rate_limits
from storyboard.graph.shot_material import ENDLESS, ShotMaterial, StepSegment, UsedRange
from storyboard.graph.shot_steps import ShotStepBuilder
from storyboard.graph.steps import Link, Step
from storyboard.graph.stills import build_settings_without_motion
from storyboard.graph.take_trims import TakeTrim, TakeTrimOverlay
from storyboard.graph.timeline import (
    Timeline,
    build_timeline,
    check_cues_in_film,
    warn_unexpected_film_length,
)
from storyboard.model.effects import find_timing_effects
from storyboard.model.film import AudioTrack, Film, Footage, MediaFile, Shot, find_audio_track
from storyboard.providers.base import Kind, Role
from storyboard.providers.catalog import Catalog, load_catalog
from storyboard.timecode import FrameRange

_NOTED_SOUND_S = 0.2
"""Sound after the last picture from which on somebody may miss it; coders leave less."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps of a film in running order, what each shot plays, and where it stands."""

    film: Film
    steps: Mapping[str, Step]
    """By id; parents come first."""
    materials: Mapping[str, ShotMaterial]
    """By shot id."""
    timeline: Timeline
    diagnostics: tuple[Diagnostic, ...]


def compile_film(
    film: Film,
    *,
    read_footage: Callable[[Path], Footage],
    model_catalog: Catalog | None = None,
    allow_retired: bool = False,
    broken: frozenset[str] = frozenset(),
    plugins: Sequence[str] = (),
    option_names: Collection[str] = (),
    expired: frozenset[str] = frozenset(),
    trims: Mapping[str, TakeTrim] = MappingProxyType({}),
) -> Graph:
    """Compiles every shot that is not omitted; problems are in `.diagnostics`, never raised.

    `read_footage` says what a piece of footage holds. `broken` are ids that the language refused:
    what hangs on them is left out in silence. `plugins` are providers beyond the catalogue's,
    and `option_names` are options of theirs.
    `expired` are extensions, by step, whose source is gone: they begin anew from its last frame.
    `trims` are what the lock file says, by step, of the takes that play.
    """
    model_catalog = model_catalog or load_catalog()
    models = ModelLookup(model_catalog, allow_retired=allow_retired, plugins=plugins)
    diagnostics = DiagnosticCollector()
    film = choose_requested_frames(film, models, diagnostics)
    rules = ModelRules(
        film,
        models,
        model_catalog.preferred,
        model_catalog.option_names.union(option_names),
    )
    shots = {
        shot.id: adjust_length_for_effects(shot, film.delivery.rate)
        for shot in film.shots
        if not shot.omit
    }
    context = CompileContext(film, diagnostics, models, rules, shots, expired=expired)
    return _Compiler(context, TakeTrimOverlay(context, trims), read_footage, broken).build_graph()


class _Compiler:
    def __init__(
        self,
        context: CompileContext,
        trims: TakeTrimOverlay,
        read_footage: Callable[[Path], Footage],
        broken: frozenset[str],
    ) -> None:
        self.context = context
        self.diagnostics = context.diagnostics
        self.trims = trims
        self.read_footage = read_footage
        self.broken = broken
        self.step_builder = ShotStepBuilder(context)
        self._compiled_ids: set[str] = set()

    def build_graph(self) -> Graph:
        context = self.context
        for shot in context.shots.values():
            for id in (*self._list_uncompiled_ancestors(shot), shot.id):
                if id not in self._compiled_ids:
                    self._compiled_ids.add(id)
                    self._compile_shot(context.shots[id])
        film = context.film
        self._check_provider_names(film)
        self._reject_unsupported_keys(film)
        self.trims.reject_unused_trims()
        playing = [shot for shot in film.cut if shot.id in context.used_ranges]
        effect_steps = EffectSteps(context)
        effect_steps.add_effect_steps()
        measured_ids = context.used_ranges.keys() - effect_steps.refused_shots
        quiet_shots = (
            self._find_shots_beside_unmeasured(measured_ids)
            if not self.broken
            else set(context.used_ranges)
        )
        timeline = build_timeline(
            film,
            playing,
            effect_steps.materials,
            effect_steps.used_ranges,
            context.used_ranges,
            self.diagnostics,
            quiet_shots,
        )
        timeline = replace(
            timeline, narration=NarrationSteps(context).add_narration_steps(timeline)
        )
        if not self.broken and all(shot.id in measured_ids for shot in film.cut):
            warn_unexpected_film_length(film, timeline, self.diagnostics)
            check_cues_in_film(film, timeline, self.diagnostics)
            warn_trimmed_lines(film, timeline, self.diagnostics)
            note_repeated_lines(film, timeline, self.diagnostics)
        pictured_shots = tuple(list_pictured_shots(film, context.used_ranges))
        warn_crossed_lines(pictured_shots, self.diagnostics)
        note_jump_cuts(pictured_shots, self.diagnostics)
        for id, step in context.steps.items():
            if step.provider != PREVIZ and (
                model := context.models.find_exact_model(step.provider, step.model)
            ):
                context.steps[id] = replace(step, rate_limits=build_rate_limits(model))
        note_dated_models(context)
        return Graph(
            film, context.steps, effect_steps.materials, timeline, self.diagnostics.list_sorted()
        )

    def _reject_unsupported_keys(self, film: Film) -> None:
        """Refuses by name what the language knows and no step carries out."""
        for shot in film.shots:
            for key, value, today in (
                ("alternate", shot.alternate, "use `omit: true` to leave a shot out of the film"),
                ("match", shot.match, "use `continuity:` to write down what must match"),
            ):
                if value:
                    self.diagnostics.add_error(
                        "SB190", shot.find_span(key), f"`{key}` is not supported yet", today
                    )

    def _check_provider_names(self, film: Film) -> None:
        """Settings of a provider that nobody knows would have no effect."""
        models = self.context.models
        for name in film.providers:
            if name not in models.providers:
                problem = models.build_unknown_provider(None, f"providers.{name}", name)
                self.context.report_findings(problem)

    def _find_shots_beside_unmeasured(self, measured_ids: Collection[str]) -> set[str]:
        """Shots of which nobody knows how long they play, and their neighbours in the cut."""
        return {
            shot.id
            for pair in pairwise(self.context.film.cut)
            for shot in pair
            if any(other.id not in measured_ids for other in pair)
        }

    def _list_uncompiled_ancestors(self, shot: Shot) -> list[str]:
        """Ids that the shot hangs on and that are not made yet, the farthest first."""
        ancestors: list[str] = []
        visited = {shot.id}
        stack = [(shot.id, iter(self._list_parent_shots(shot)))]
        while stack:
            id, parents = stack[-1]
            for parent in parents:
                if (
                    parent in self.context.shots
                    and parent not in visited
                    and parent not in self._compiled_ids
                ):
                    visited.add(parent)
                    stack.append(
                        (parent, iter(self._list_parent_shots(self.context.shots[parent])))
                    )
                    break
            else:
                stack.pop()
                ancestors.append(id)
        return ancestors[:-1]

    def _list_parent_shots(self, shot: Shot) -> list[str]:
        refs = [ref.shot for ref in (shot.first_frame, shot.last_frame) if ref and ref.shot]
        clip = [shot.clip.shot] if shot.clip and shot.clip.shot else []
        return [id for id in (shot.continues, shot.extends, *clip, *refs) if id]

    def _compile_shot(self, shot: Shot) -> None:
        if any(
            id in self.broken or self.diagnostics.has_failed(id)
            for id in self._list_parent_shots(shot)
        ):
            self.diagnostics.mark_blocked(shot.id)
            return
        material = self._build_material(shot)
        if material is None or self.diagnostics.has_failed(shot.id):
            self.diagnostics.mark_blocked(shot.id)
            self.context.remove_shot_steps(shot.id)
            return
        if shot.audio_track and not self._check_audio_track(shot, material):
            return
        self.context.materials[shot.id] = material
        trimmed = self.trims.apply_take_trims(shot, material)
        if trimmed and (
            used_range := self._compute_used_range(trimmed, material, locked=trimmed is not shot)
        ):
            self.context.used_ranges[shot.id] = used_range
            if not used_range.tail:
                self._note_sound_after_picture(shot, material)

    def _build_material(self, shot: Shot) -> ShotMaterial | None:
        if shot.color or shot.card:
            return ShotMaterial(shot.id, color=shot.color or "black", card=shot.card)
        if shot.clip and shot.clip.shot:
            source = self.context.materials.get(shot.clip.shot)
            if source is None:
                return None
            return ShotMaterial(shot.id, source.segments, source.color, source.card)
        if shot.clip and shot.clip.file:
            return self._add_footage_step(shot, shot.clip.file)
        return self.step_builder.build_material(shot)

    def _add_footage_step(self, shot: Shot, file: MediaFile) -> ShotMaterial | None:
        try:
            footage = self.read_footage(file.path)
        except MediaError as error:
            self.diagnostics.add_error(
                "SB358",
                shot.find_span("clip"),
                str(error).replace(str(file.path), file.name),
                error.hint,
                shot=shot,
            )
            return None
        facts = footage.facts
        frames = self.context.rate.to_frames(facts.seconds) if facts.frames > 1 else 0
        if frames <= 0:
            self.diagnostics.add_error(
                "SB358",
                shot.find_span("clip"),
                f"{file.name} contains no video",
                "show an image with `first_frame:`; add `provider: previz` to make it free "
                "of charge; `camera` then moves over it",
                shot=shot,
            )
            return None
        self.context.footage[shot.id] = footage
        self.context.steps[shot.id] = Step(
            id=shot.id,
            kind=Kind.IMPORT,
            shot=shot.id,
            provider="import",
            model="",
            target="",
            settings=build_settings_without_motion(self.context.film, shot),
            links=(Link(Role.CLIP, file=file),),
            buys_frames=frames,
        )
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, frames),))

    def _check_audio_track(self, shot: Shot, material: ShotMaterial) -> bool:
        """Whether the shot's footage has the sound track that it names; refuses what it lacks."""
        footage = self.context.footage.get(material.last_step)
        if footage and find_audio_track(footage.audio_tracks, shot.audio_track):
            return True
        span = shot.find_span("audio_track")
        if footage is None:
            message = "`audio_track` chooses among the sound tracks of a `clip: FILE`"
            self.diagnostics.add_error("SB369", span, message, "delete `audio_track`", shot=shot)
            return False
        tracks = ", ".join(map(_describe_audio_track, footage.audio_tracks)) or "none"
        message = f"the clip of {shot.id} has no sound track `{shot.audio_track}`"
        self.diagnostics.add_error("SB369", span, message, f"it has {tracks}", shot=shot)
        return False

    def _note_sound_after_picture(self, shot: Shot, material: ShotMaterial) -> None:
        """Notes that sound is lost where footage plays to the end of its picture."""
        footage = self.context.footage.get(material.last_step)
        if footage is None or shot.mute or not footage.facts.has_audio:
            return
        excess_s = float(footage.sound_seconds - footage.facts.seconds)
        if excess_s < _NOTED_SOUND_S:
            return
        file = self.context.steps[material.last_step].links[0].file
        name = quote(file.name if file else "")
        self.diagnostics.add_note(
            "SB368",
            shot.find_span("clip"),
            f"the sound of {shot.id} goes on for {excess_s:.1f} s after its picture, "
            "and the film does not have it",
            "hold its last picture so long: "
            f"ffmpeg -i {name} -vf tpad=stop_mode=clone:stop_duration={excess_s:.1f} held.mp4",
        )

    def _compute_used_range(
        self, shot: Shot, material: ShotMaterial, *, locked: bool
    ) -> UsedRange | None:
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
            end = start + self.context.rate.to_frames(3)
        key = "trim" if shot.trim.end is not None or shot.trim.start is not None else "length"
        if shot.length is not None:
            if start + shot.length > end:
                if locked:
                    self.trims.reject_short_trim(shot, material, shot.length, end - start)
                    return None
                self._reject_short_take(shot, start + shot.length, end, key)
                return None
            end = start + shot.length
        if not 0 <= start < end or end > total:
            self._reject_short_take(shot, max(end, start + 1), total, key)
            return None
        for lag, spare, side in (
            (shot.audio_lead, start, "lead"),
            (shot.audio_lag, total - end, "lag"),
        ):
            if lag > spare:
                self._reject_sound_beyond_take(shot, side, lag, spare)
        return UsedRange(FrameRange(start, end), start, total - end)

    def _reject_sound_beyond_take(
        self, shot: Shot, side: str, wanted_frames: int, spare_frames: int
    ) -> None:
        """Sound that runs over the cut must be in the take."""
        wanted_text, has = (
            f"{float(self.context.rate.to_seconds(n)):g} s" for n in (wanted_frames, spare_frames)
        )
        where = "before the used range" if side == "lead" else "after the used range"
        cure = "set `trim: {start: …}`" if side == "lead" else "set a shorter `length`"
        self.diagnostics.add_error(
            "SB358",
            shot.find_span(f"audio_{side}"),
            f"`audio_{side}` needs {wanted_text}, but the take of {shot.id} has only {has} {where}",
            f"{cure} or a longer `duration`",
            shot=shot,
        )

    def _reject_short_take(
        self, shot: Shot, needed_frames: int, held_frames: int, key: str
    ) -> None:
        source = self.context.shots[shot.clip.shot] if shot.clip and shot.clip.shot else shot
        has, needs = (
            f"{float(self.context.rate.to_seconds(n)):g} s"
            for n in (max(held_frames, 0), needed_frames)
        )
        name = shot.clip.file.name if shot.clip and shot.clip.file else source.id
        timing_effects = find_timing_effects(shot.effects)
        hint = f"set a shorter `length`, an earlier `trim`, or a longer `duration` on {source.id}"
        if shot.clip and shot.clip.file:
            hint = "set a shorter `length` or an earlier `trim`"
        if timing_effects:
            hint += "; or use `effects` that need less of the take"
        user = f"{timing_effects} of {shot.id}" if timing_effects else shot.id
        self.diagnostics.add_error(
            "SB358",
            shot.find_span("effects" if timing_effects else key),
            f"{user} needs {needs} of {name}, which has only {has}",
            hint,
            shot=shot,
        )


def _describe_audio_track(track: AudioTrack) -> str:
    language = f" ({track.language})" if track.language else ""
    return f"{track.number}{language}{'' if track.is_readable else ', which nobody can decode'}"
