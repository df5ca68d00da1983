"""Rejections with their cures: why a model can't, and what can, as YAML to paste with prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from storyboard.graph.context import CompileContext
from storyboard.graph.extension_chains import find_longest_run_s
from storyboard.graph.limits.model_limits import PREVIZ
from storyboard.graph.shot_material import ShotMaterial
from storyboard.graph.steps import Link, Step
from storyboard.model.film import References, Shot
from storyboard.money import format_usd
from storyboard.providers.base import Kind
from storyboard.providers.catalog import Model


class Rejections:
    """One method for each thing a model may not be asked."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context

    def reject_first_frame(self, shot: Shot, model: Model) -> None:
        key = "continue" if shot.continues else "first_frame"
        self._reject_with_alternatives(
            "SB413",
            shot,
            key,
            f"{_describe_model(model)} takes no first frame",
            lambda m: m.first_frame,
        )

    def reject_last_frame(self, shot: Shot, model: Model) -> None:
        self._reject_with_alternatives(
            "SB414",
            shot,
            "last_frame",
            f"{_describe_model(model)} takes no last frame",
            lambda m: m.last_frame,
        )

    def reject_beats_with_link(self, shot: Shot, key: str) -> None:
        self._add_error(
            "SB425",
            shot,
            "beats",
            f"`beats` makes a long take from words; `{key}` beside it would be lost",
            f"beats in a shot of their own, and after it: {{id: …, {key}: …}}",
        )

    def reject_references(self, shot: Shot, model: Model) -> None:
        self._reject_with_alternatives(
            "SB417",
            shot,
            "references",
            f"{_describe_model(model)} takes no reference images",
            lambda m: m.references is not None,
            "references: none",
        )

    def reject_references_with_frames(self, shot: Shot, model: Model) -> None:
        self._add_error(
            "SB417",
            shot,
            "references",
            f"{_describe_model(model)} takes no reference images beside a first frame",
            "references: none",
        )

    def reject_references_without_images(self, shot: Shot, names: Sequence[str]) -> None:
        self._add_error(
            "SB417",
            shot,
            "references",
            f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no image",
            "\n".join(f"{name}: {{image: refs/{name}.png}}   # in `cast`" for name in names),
        )

    def reject_too_many_references(self, shot: Shot, model: Model, count: int) -> None:
        most = model.references.max if model.references else 0
        names = () if isinstance(shot.references, References) else shot.references
        sent_names = ", ".join(names[:most])
        self._add_error(
            "SB417",
            shot,
            "references",
            f"{_describe_model(model)} takes {most} reference images, not {count}",
            f"references: [{sent_names}]",
        )

    def reject_long_length(
        self, shot: Shot, model: Model, resolution: str, legal_seconds: Sequence[int]
    ) -> None:
        """A length over the longest take, with the two ways to get it."""
        rate = self._context.rate
        assert shot.length is not None
        wanted = float(rate.to_seconds(shot.length))
        price = self._context.rules.format_price(model, resolution, max(legal_seconds), shot.audio)
        hint = f"length: {max(legal_seconds)}   # {price}"
        if not (shot.first_frame or shot.continues) and model.extend:
            hint += "\n" + (
                f"beats: [{{at: 0, prompt: …}}, {{at: {max(legal_seconds)}, prompt: …}}]"
                "   # a long take in hops"
            )
        self._add_error(
            "SB422",
            shot,
            "length",
            f"one take of {_describe_model(model)} is at most {max(legal_seconds)} s, "
            f"not {wanted:g}",
            hint,
        )

    def reject_long_hop(self, shot: Shot, model: Model) -> None:
        assert shot.length is not None
        assert model.extend is not None
        most = max(model.extend.hops)
        wanted = float(self._context.rate.to_seconds(shot.length))
        self._add_error(
            "SB422",
            shot,
            "length",
            f"one extension by {_describe_model(model)} adds at most {most} s, not {wanted:g}",
            f"length: {most}   # and go on in a next shot: extend: {shot.id}",
        )

    def check_extendable(
        self, shot: Shot, model: Model, source_material: ShotMaterial, source_step: Step | None
    ) -> bool:
        """True when the model may extend that take; says why not otherwise."""
        hint = f"continue: {shot.extends}   # starts at its last frame"
        if source_step is None:
            self._add_error(
                "SB361", shot, "extend", f"{shot.extends} is plain: nothing runs on", ""
            )
        elif model.extend is None:
            self._reject_with_alternatives(
                "SB415",
                shot,
                "extend",
                f"{_describe_model(model)} extends no takes",
                lambda m: m.extend is not None,
                hint if model.first_frame else "",
            )
        elif source_step.kind is Kind.IMPORT and not model.extend.foreign:
            self._add_error(
                "SB421",
                shot,
                "extend",
                f"{shot.extends} is footage: {_describe_model(model)} extends only its own takes",
                hint,
            )
        elif source_step.kind is not Kind.IMPORT and (source_step.provider, source_step.target) != (
            shot.provider,
            model.provider,
        ):
            platform = (
                source_step.target if source_step.provider == PREVIZ else source_step.provider
            )
            self._add_error(
                "SB421",
                shot,
                "extend",
                f"{shot.extends} is made at {platform}: {_describe_model(model)} extends only its "
                "own takes",
                f"{hint}\nprovider: {platform}",
            )
        elif self._is_from_other_interface(model, source_step):
            self._add_error(
                "SB421",
                shot,
                "extend",
                f"{shot.extends} is made by {source_step.model}: {_describe_model(model)} extends "
                "only takes of its own kind",
                f"{hint}\nmodel: {source_step.model}",
            )
        else:
            return True
        return False

    def _is_from_other_interface(self, model: Model, source_step: Step) -> bool:
        """Whether the take comes from another interface of the same platform."""
        source_model = self._context.rules.find_exact_model(source_step.target, source_step.model)
        return source_model is not None and source_model.wire != model.wire

    def reject_extension_aspect_ratio(self, shot: Shot, source_step: Step) -> None:
        source_aspect = source_step.settings.aspect_ratio
        self._add_error(
            "SB432",
            shot,
            "aspect_ratio" if "aspect_ratio" in shot.origins else "extend",
            f"{shot.id} asks for {shot.aspect_ratio} and runs on from {source_step.shot}, "
            f"which is {source_aspect}",
            f"aspect_ratio: {source_aspect}\n"
            f"continue: {shot.extends}   # a new take from its last frame",
        )

    def reject_missing_prompt(self, shot: Shot, model: Model) -> None:
        key = next((k for k in ("extend", "continue", "first_frame") if k in shot.origins), "")
        self._add_error(
            "SB430",
            shot,
            key,
            f"{_describe_model(model)} makes nothing without words, and {shot.id} says none",
            "prompt: …   # what happens",
        )

    def reject_oversized_images(self, shot: Shot, model: Model, links: Sequence[Link]) -> None:
        """Refuses pictures of the film's own that weigh more than the platform takes."""
        for file in (link.file for link in links):
            if file and model.picture_mb and file.size > model.picture_mb * 1_000_000:
                self._add_error(
                    "SB431",
                    shot,
                    "first_frame",
                    f"{file.name} has {file.size / 1e6:.1f} MB; {_describe_model(model)} takes "
                    f"pictures of up to {model.picture_mb} MB",
                    "save it smaller: 1920 x 1080 pixels are plenty, or as JPEG",
                )

    def reject_extension_source_resolution(
        self, shot: Shot, model: Model, source_step: Step
    ) -> None:
        assert model.extend is not None
        legal = model.extend.input_resolutions
        self._add_error(
            "SB411",
            shot,
            "extend",
            f"{_describe_model(model)} extends takes in {' or '.join(legal)}; "
            f"{source_step.shot} is {self._context.resolutions[source_step.id]}",
            f"resolution: {legal[0]}   # on {source_step.shot}",
        )

    def reject_long_chain(
        self, shot: Shot, model: Model, source_step: Step, added_seconds: int
    ) -> None:
        rule = model.extend
        assert rule is not None
        cap = rule.max_total_s
        wanted = source_step.depth_s + added_seconds
        if rule.max_hops is not None and source_step.hops >= rule.max_hops:
            limit = f"a chain of {rule.max_hops} extensions"
        elif rule.max_input_s is not None and source_step.depth_s > rule.max_input_s:
            limit = f"extending takes of up to {rule.max_input_s} s"
        else:
            limit = f"{cap} s in all"
        self._add_error(
            "SB416",
            shot,
            "extend",
            f"the chain up to {shot.id} would run {wanted} s; "
            f"{_describe_model(model)} allows {limit}",
            f"continue: {shot.extends}   # a new take from its last frame\n"
            "policy: {on_limit: reanchor}   # lets the plan do that wherever a chain ends\n"
            + self._format_alternatives(shot, model, lambda m: _can_make_long_take(m, wanted)),
        )

    def reject_long_take(self, shot: Shot, model: Model, max_seconds: int) -> None:
        assert shot.length is not None
        wanted = float(self._context.rate.to_seconds(shot.length))
        reanchor_hint = "policy: {on_limit: reanchor}   # new runs from the last frame\n"
        self._add_error(
            "SB416",
            shot,
            "length",
            f"{_describe_model(model)} makes a long take of at most {max_seconds} s, "
            f"not {wanted:g}",
            f"length: {max_seconds}\n"
            + (reanchor_hint if model.first_frame else "")
            + self._format_alternatives(shot, model, lambda m: _can_make_long_take(m, wanted)),
        )

    # how it is said --------------------------------------------------------------------------

    def _reject_with_alternatives(
        self,
        code: str,
        shot: Shot,
        key: str,
        message: str,
        is_capable: Callable[[Model], bool],
        hint: str = "",
    ) -> None:
        others = self._format_alternatives(shot, None, is_capable)
        self._add_error(
            code, shot, key, message, "\n".join(line for line in (hint, others) if line)
        )

    def _format_alternatives(
        self, shot: Shot, model: Model | None, is_capable: Callable[[Model], bool]
    ) -> str:
        """The same film on other live models that can, as lines to paste."""
        key = "target" if shot.provider == PREVIZ else "provider"
        lines = []
        for alternative in self._context.rules.list_alternative_models(shot):
            if alternative == model or not is_capable(alternative):
                continue
            price = alternative.compute_video_price_micros("720p", 1, audio=True)
            cost = f"   # {format_usd(price)} a second at 720p" if price is not None else ""
            lines.append(f"{key}: {alternative.provider}\nmodel: {alternative.id}{cost}")
        return "\n".join(lines[:3])

    def _add_error(self, code: str, shot: Shot, key: str, message: str, hint: str) -> None:
        span = shot.find_span(key if key in shot.origins else "")
        self._context.diagnostics.add_error(code, span, message, hint.strip(), shot=shot)


def _describe_model(model: Model) -> str:
    return f"{model.id} on {model.provider}"


def _can_make_long_take(model: Model, seconds: float) -> bool:
    resolution = model.resolutions[0] if model.resolutions else "720p"
    if model.extend and model.extend.resolution:
        resolution = model.extend.resolution
    return find_longest_run_s(model, resolution) >= seconds
