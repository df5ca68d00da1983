"""Which reference images a step sends, and what is said of those that it does not."""

from __future__ import annotations

from collections.abc import Sequence

from storyboard.graph.blocking.part_blocking import find_part_blocking
from storyboard.graph.context import CompileContext
from storyboard.graph.frame_links import FrameLinkResolver
from storyboard.graph.limits.rejection_texts import format_option_value
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.graph.steps import Link
from storyboard.model.film import CastMember, References, Shot
from storyboard.providers.catalog import Model


class ReferenceImages:
    """Chooses the images of one film's steps."""

    def __init__(self, context: CompileContext, resolver: FrameLinkResolver) -> None:
        self._context = context
        self._resolver = resolver

    def link_named_references(self, request: ShotRequest) -> list[Link] | None:
        """Links of an explicit list, empty without one; None after an error."""
        shot, limits = request.shot, request.model.references
        names = shot.references
        if isinstance(names, References) or not names:
            return []
        count = self._resolver.count_reference_images(shot, names)
        if rejection := self._context.rules.check_references(request, names, count):
            self._context.report_findings(rejection)
            return None
        assert limits is not None
        if count > limits.max:
            self._note_dropped_images(shot, count - limits.max, request.model)
        return self._resolver.link_reference_images(shot, names, limits.max)

    def link_automatic_references(self, request: ShotRequest) -> list[Link]:
        """Links of the shot's cast and place, where nothing else is said and the model has room."""
        shot, model = request.shot, request.model
        latecomers = self._find_latecomers(request)
        people = [name for name in shot.cast if name not in latecomers]
        names = (*people, *((shot.place,) if shot.place else ()))
        count = self._resolver.count_reference_images(shot, names)
        if shot.references is not References.AUTO or not count:
            return []
        if not request.begins_from_words:
            self._note_unsent_references(shot)
            return []
        if model.references is None:
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no reference images: {model.id} doesn't accept them",
            )
            return []
        if unaccepted := self._context.rules.list_unaccepted_members(model, names):
            self._note_unaccepted_pictures(shot, model, unaccepted)
            unaccepted_names = {member.name for member in unaccepted}
            names = tuple(name for name in names if name not in unaccepted_names)
            count = self._resolver.count_reference_images(shot, names)
            if not count:
                return []
        if request.seconds not in model.list_legal_durations(
            request.resolution, references=True, operation="references"
        ):
            span = shot.find_span("duration" if "duration" in shot.origins else "length")
            legal = " or ".join(map(str, model.references.durations))
            self._context.diagnostics.add_note(
                "SB423",
                span,
                f"{shot.id} sends no reference images: {model.id} accepts them only with "
                f"{legal} s, not {request.seconds}",
                f"references: [{', '.join(names)}]   # sends them and buys {legal} s",
            )
            return []
        if blocking := self._context.rules.find_blocking_option(shot, model, "references"):
            option, value = blocking
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("options"),
                f"{shot.id} sends no reference images: {model.id} doesn't accept them with "
                f"`{option}: {format_option_value(value)}`",
                f"references: [{', '.join(names)}]   # sends them; delete the option too",
            )
            return []
        if count > model.references.max:
            self._note_dropped_images(shot, count - model.references.max, model)
        if unsent := [
            name for name in latecomers if self._resolver.count_reference_images(shot, (name,))
        ]:
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no picture of {', '.join(unsent)}, who comes in after its first "
                "part",
            )
        return self._resolver.link_reference_images(shot, names, model.references.max)

    def _find_latecomers(self, request: ShotRequest) -> list[str]:
        """Who of the cast is not in the part of the take that begins it."""
        shot, end = request.shot, self._context.rate.to_frames(request.seconds)
        inside = [beat for beat in shot.beats if beat.at < end]
        absent = find_part_blocking(shot, 0, (), inside).absent
        return [name for name in shot.cast if name in absent]

    def _note_unaccepted_pictures(
        self, shot: Shot, model: Model, members: Sequence[CastMember]
    ) -> None:
        for member in members:
            words = (
                "its description is in the prompt"
                if member.description
                else f"a `description` of {member.name} would be in the prompt"
            )
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no picture of {member.name}: {model.id} takes none of a "
                f"{member.kind.value}; {words}",
            )

    def _note_unsent_references(self, shot: Shot) -> None:
        """Says what carries the looks of the cast where no reference image does."""
        frames = [ref.shot for ref in (shot.first_frame, shot.last_frame) if ref and ref.shot]
        carriers = [id for id in (shot.extends, shot.continues, *frames) if id] or ["its own frame"]
        if shot.cast:
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no reference images; the look of {', '.join(shot.cast)} "
                f"comes from {carriers[0]}",
            )

    def _note_dropped_images(self, shot: Shot, dropped_count: int, model: Model) -> None:
        most = model.references.max if model.references else 0
        self._context.diagnostics.add_note(
            "SB423",
            shot.find_span("cast" if "cast" in shot.origins else ""),
            f"{shot.id} leaves out {dropped_count} reference "
            f"image{'s' if dropped_count > 1 else ''}: {model.id} accepts at most {most}",
        )
