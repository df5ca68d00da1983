"""Which reference images a step sends, and what is said of those that it does not."""

from __future__ import annotations

from storyboard.graph.context import CompileContext
from storyboard.graph.frame_links import FrameLinkResolver
from storyboard.graph.rejections import Rejections
from storyboard.graph.steps import Link
from storyboard.model.film import References, Shot
from storyboard.providers.catalog import Model


class ReferenceImages:
    """Chooses the images of one film's steps; `free` steps have no frame or video of their own."""

    def __init__(
        self, context: CompileContext, resolver: FrameLinkResolver, rejections: Rejections
    ) -> None:
        self._context = context
        self._resolver = resolver
        self._rejections = rejections

    def link_named_references(self, shot: Shot, model: Model, *, free: bool) -> list[Link] | None:
        """Links of an explicit list, empty without one; None after an error."""
        names = shot.references
        if isinstance(names, References) or not names:
            return []
        count = self._resolver.count_reference_images(names)
        if not free:
            self._rejections.reject_references_with_frames(shot, model)
        elif model.references is None:
            self._rejections.reject_references(shot, model)
        elif count == 0:
            self._rejections.reject_references_without_images(shot, names)
        elif len(names) > model.references.max:
            self._rejections.reject_too_many_references(shot, model, len(names))
        else:
            if count > model.references.max:
                self._note_dropped_images(shot, count - model.references.max, model)
            return self._resolver.link_reference_images(shot, names, model.references.max)
        return None

    def link_automatic_references(
        self, shot: Shot, model: Model, resolution: str, seconds: int, free: bool
    ) -> list[Link]:
        names = (*shot.cast, *((shot.place,) if shot.place else ()))
        count = self._resolver.count_reference_images(names)
        if shot.references is not References.AUTO or not count:
            return []
        if not free:
            self._note_unsent_references(shot)
            return []
        if model.references is None:
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no reference images: {model.id} takes none",
            )
            return []
        if seconds not in model.list_legal_durations(
            resolution, references=True, operation="references"
        ):
            span = shot.find_span("duration" if "duration" in shot.origins else "length")
            legal = " or ".join(map(str, model.references.durations))
            self._context.diagnostics.add_note(
                "SB423",
                span,
                f"{shot.id} sends no reference images: {model.id} takes them at {legal} s, "
                f"not {seconds}",
                f"references: [{', '.join(names)}]   # buys {legal} s and sends them",
            )
            return []
        if option := self._context.rules.optional_settings.find_blocking_option(
            shot, model, "references"
        ):
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("options"),
                f"{shot.id} sends no reference images: {model.id} takes none with `{option}`",
                f"references: [{', '.join(names)}]   # sends them; then take the option out",
            )
            return []
        if count > model.references.max:
            self._note_dropped_images(shot, count - model.references.max, model)
        return self._resolver.link_reference_images(shot, names, model.references.max)

    def _note_unsent_references(self, shot: Shot) -> None:
        """Says what carries the looks of the cast where no reference image does."""
        frames = [ref.shot for ref in (shot.first_frame, shot.last_frame) if ref and ref.shot]
        carriers = [id for id in (shot.extends, shot.continues, *frames) if id] or ["its own frame"]
        if shot.cast:
            self._context.diagnostics.add_note(
                "SB423",
                shot.find_span("cast" if "cast" in shot.origins else ""),
                f"{shot.id} sends no reference images; {', '.join(shot.cast)}: by {carriers[0]}",
            )

    def _note_dropped_images(self, shot: Shot, dropped_count: int, model: Model) -> None:
        most = model.references.max if model.references else 0
        self._context.diagnostics.add_note(
            "SB423",
            shot.find_span("cast" if "cast" in shot.origins else ""),
            f"{shot.id} leaves out {dropped_count} reference "
            f"image{'s' if dropped_count > 1 else ''}: {model.id} takes {most}",
        )
