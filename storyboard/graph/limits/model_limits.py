"""What the shot's model may do: settings made legal, or refused with the alternatives.

What is required (operation, frames, duration, resolution, aspect, references, sound off) is refused
here; what a film may go without is judged in preferred.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import suggest_or_list_names
from storyboard.graph.limits.optional_settings import OptionalSettings
from storyboard.model.film import Film, Shot
from storyboard.money import format_usd
from storyboard.providers.base import Kind, Settings
from storyboard.providers.catalog import Catalog, Model

PREVIZ = "previz"
_PRODUCT_WORDS = {"still": "stills", "write": "texts", "speech": "speech"}


class ModelRules:
    """Holds one film's shots to the catalogue."""

    def __init__(
        self,
        film: Film,
        model_catalog: Catalog,
        diagnostics: DiagnosticCollector,
        *,
        allow_retired: bool = False,
        plugins: Sequence[str] = (),
    ) -> None:
        self._film = film
        self._catalog = model_catalog
        self._diagnostics = diagnostics
        self._allow_retired = allow_retired
        self._plugins = tuple(plugins)
        self._models: dict[tuple[str, str], Model] = {}
        self.optional_settings = OptionalSettings(
            film, model_catalog.preferred, diagnostics, self._find_span
        )

    def find_catalog_model(self, provider: str, id: str) -> Model | None:
        """What the catalogue has under that exact id."""
        return self._catalog.models.get((provider, id))

    @property
    def providers(self) -> tuple[str, ...]:
        """Everybody who may be named."""
        return tuple(dict.fromkeys((PREVIZ, *self._catalog.providers, *self._plugins)))

    def resolve_shot_model(self, shot: Shot) -> Model | None:
        """The model whose limits the shot obeys; None after an error."""
        platform = shot.target if shot.provider == PREVIZ else shot.provider
        cached = self._models.get((platform, shot.model))
        if cached is not None:
            return cached
        model = self._look_up_model(shot, platform)
        if model is not None and model.status == "live":
            self._models[platform, shot.model] = model
        return model

    def _look_up_model(self, shot: Shot, platform: str) -> Model | None:
        providers = self.providers
        provider_key = "provider" if shot.provider != PREVIZ else "target"
        if platform and platform not in providers:
            span = self._find_span(shot, provider_key, f"defaults.{provider_key}")
            self._diagnostics.add_error(
                "SB401",
                span,
                f"there is no provider `{platform}`",
                suggest_or_list_names(platform, providers),
                shot=shot,
            )
            return None
        if platform in ("", PREVIZ):
            model = self._catalog.find_first_live_model(shot.model)
        else:
            model = self._catalog.find_model(platform, shot.model)
        span = self._find_span(shot, "model", "defaults.model")
        if model is None:
            self._report_unknown_model(shot, platform)
            return None
        if model.status == "retired":
            return self._check_retired_model(shot, model)
        if model.status == "unverified" and shot.provider == model.provider:
            self._diagnostics.add_warning(
                "SB404",
                self._find_span(shot, "provider", "defaults.provider"),
                f"{model.id} on {model.provider} is not confirmed: {model.note}",
            )
        return model

    def find_exact_model(self, platform: str, id: str) -> Model | None:
        """The model of exactly that id there."""
        return self._catalog.models.get((platform, id))

    def resolve_helper_model(
        self, shot: Shot | None, platform: str, product: str, model_name: str
    ) -> Model | None:
        """What makes stills, texts or speech (`still write speech`) there; None where nothing does.

        A name that means no such model is an error; an absent one is the platform's own.
        """
        providers = self.providers
        if platform and platform not in providers:
            span = self._find_span(shot, "provider", "defaults.provider")
            message = f"there is no provider `{platform}`"
            self._diagnostics.add_error(
                "SB401", span, message, suggest_or_list_names(platform, providers), shot=shot
            )
            return None
        if not model_name:
            return self._catalog.find_default_model(platform, product)
        key = {"still": "still_model", "write": "text_model", "speech": "speech_model"}[product]
        if platform:
            model = self._catalog.find_model(platform, model_name, product)
        else:
            model = next(iter(self._catalog.find_on_platforms(model_name, product)), None)
        span = self._find_span(shot, key, f"defaults.{key}")
        if model is None:
            at = f" at {platform}" if platform else ""
            models = [m for m in self._catalog.models.values() if m.makes == product]
            there = [m.id for m in models if m.provider == platform and m.status == "live"]
            hint = suggest_or_list_names(
                model_name, tuple(there) or self._catalog.list_model_names(product)
            )
            message = f"there is no model `{model_name}`{at} that makes {_PRODUCT_WORDS[product]}"
            self._diagnostics.add_error("SB402", span, message, hint, shot=shot)
        elif model.status == "retired" and not self._allow_retired:
            self._diagnostics.add_error(
                "SB403",
                span,
                f"{model.id} was switched off at {model.provider} on {model.retired_on}",
                f"{key}: {model.replacement}" if model.replacement else "",
                shot=shot,
            )
            return None
        return model

    def list_helper_models(self, product: str) -> list[Model]:
        """Every platform's own model of stills, texts or speech."""
        models = (
            self._catalog.find_default_model(platform, product)
            for platform in self._catalog.providers
        )
        return [model for model in models if model is not None]

    def _report_unknown_model(self, shot: Shot, platform: str) -> None:
        span = self._find_span(shot, "model", "defaults.model")
        others = self._catalog.find_on_platforms(shot.model)
        at = f" at {platform}" if platform not in ("", PREVIZ) else ""
        if others:
            hint = "\n".join(f"provider: {m.provider}   # {m.id}, {m.status}" for m in others)
        elif platform in ("", PREVIZ):
            hint = suggest_or_list_names(shot.model, self._catalog.names)
        else:
            names = tuple(n for n in self._catalog.names if self._catalog.find_model(platform, n))
            hint = suggest_or_list_names(shot.model, names or self._catalog.names)
        self._diagnostics.add_error(
            "SB402", span, f"there is no model `{shot.model}`{at}", hint, shot=shot
        )

    def _check_retired_model(self, shot: Shot, model: Model) -> Model | None:
        if self._allow_retired or (shot.provider == PREVIZ and not shot.target):
            return model
        span = self._find_span(shot, "model", "defaults.model")
        live = [
            f"provider: {m.provider}   # {m.id}, {self._format_price_at_720p(m)}"
            for m in self._catalog.find_on_platforms(shot.model)
            if m.status == "live"
        ]
        if model.replacement:
            live.insert(0, f"model: {model.replacement}")
        self._diagnostics.add_error(
            "SB403",
            span,
            f"{model.id} was switched off at {model.provider} on {model.retired_on}",
            "\n".join(live) or "`--allow-retired` tries it all the same",
            shot=shot,
        )
        return None

    def _format_price_at_720p(self, model: Model) -> str:
        price = model.compute_video_price_micros("720p", 1, audio=True)
        return "no price known" if price is None else f"{format_usd(price)}/s at 720p"

    def list_alternative_models(self, shot: Shot) -> list[Model]:
        """Live models of the same name first, then all the others."""
        same = self._catalog.find_on_platforms(shot.model)
        every = {(m.provider, m.id): m for m in (*same, *self._catalog.models.values())}
        return [m for m in every.values() if m.status == "live" and m.makes == "video"]

    def build_settings(
        self, shot: Shot, model: Model, operation: str, seconds: int, resolution: str
    ) -> Settings:
        """Everything but words and pictures, as it will be sent; refusals are noted.

        `operation` is the catalogue's: `text image interpolate references extend`.
        """
        self._check_aspect_ratio(shot, model)
        audio = shot.audio
        if not audio and model.audio == "always":
            self._diagnostics.add_error(
                "SB418",
                self._find_span(shot, "audio", "defaults.audio"),
                f"{model.id} on {model.provider} always makes sound",
                "mute: true   # keeps it out of the mix; costs the same",
                shot=shot,
            )
        apply_setting = self.optional_settings.keep_supported_setting
        words = shot.negative_prompt or None
        seed = apply_setting(shot, model, "seed", shot.seed, model.seed)
        negative = apply_setting(shot, model, "negative_prompt", words, model.negative_prompt)
        options = self.optional_settings.filter_supported_options(shot, model, operation)
        return Settings(
            duration_s=seconds,
            resolution="180p" if self._film.proxy else resolution,
            aspect_ratio=shot.aspect_ratio,
            fps=model.rate,
            audio=audio and model.audio != "none",
            seed=seed,
            negative_prompt=negative or "",
            options=options,
        )

    def _check_aspect_ratio(self, shot: Shot, model: Model) -> None:
        if shot.aspect_ratio not in model.aspect_ratios:
            self._diagnostics.add_error(
                "SB412",
                self._find_span(shot, "aspect_ratio", "format.aspect_ratio"),
                f"{model.id} on {model.provider} has no aspect ratio {shot.aspect_ratio}",
                "\n".join(f"aspect_ratio: {ratio}" for ratio in model.aspect_ratios),
                shot=shot,
            )

    def choose_resolution(self, shot: Shot, model: Model, kind: Kind) -> str | None:
        """The resolution to ask for; None after an error."""
        wanted = shot.resolution
        legal = model.list_legal_resolutions(shot.aspect_ratio)
        if kind is Kind.EXTEND and model.extend and model.extend.resolution:
            legal = (model.extend.resolution,)
        if wanted in legal:
            return wanted
        span = self._find_span(shot, "resolution", "defaults.resolution", "format.resolution")
        what = "an extension" if kind is Kind.EXTEND else f"{shot.aspect_ratio} picture"
        self._diagnostics.add_error(
            "SB411",
            span,
            f"{shot.id}: {model.id} on {model.provider} makes {what} in {' or '.join(legal)}, "
            f"not {wanted}",
            "\n".join(
                f"resolution: {choice}   # {self._format_price_per_second(model, choice)}"
                for choice in legal
            )
            + "\n`format.resolution` may stay: what is bought is conformed to it",
            shot=shot,
        )
        return None

    def _format_price_per_second(self, model: Model, resolution: str) -> str:
        price = model.compute_video_price_micros(resolution, 1, audio=True)
        return "no price known" if price is None else f"{format_usd(price)} a second"

    def reject_duration(
        self,
        shot: Shot,
        model: Model,
        legal_seconds: Sequence[int],
        seconds: Fraction,
        resolution: str,
    ) -> None:
        """Refuses a stated duration, with the legal ones and their prices to paste."""
        lines = [
            f"duration: {duration}   # {self.format_price(model, resolution, duration, shot.audio)}"
            for duration in sorted(legal_seconds, key=lambda s: (abs(s - seconds), s))
        ]
        long_enough = [duration for duration in legal_seconds if duration >= seconds]
        if long_enough and seconds > 0:
            price = self.format_price(model, resolution, long_enough[0], shot.audio)
            lines.insert(
                0, f"length: {_format_seconds(seconds)}   # buys {long_enough[0]} s, {price}"
            )
        self._diagnostics.add_error(
            "SB410",
            self._find_span(shot, "duration", "defaults.duration"),
            f"{model.id} on {model.provider} makes takes of "
            f"{_join_seconds_choices(legal_seconds)} s"
            f"{f' at {resolution}' if resolution in model.resolution_durations else ''}, "
            f"not {_format_seconds(seconds)}",
            "\n".join(lines),
            shot=shot,
        )

    def format_price(self, model: Model, resolution: str, seconds: int, audio: bool) -> str:
        price = model.compute_video_price_micros(resolution, seconds, audio=audio)
        return "no price known" if price is None else format_usd(price)

    def _find_span(self, shot: Shot | None, key: str, *film_keys: str) -> Any:
        if shot is not None and key in shot.origins:
            return shot.find_span(key)
        for film_key in film_keys:
            if film_key in self._film.origins:
                return self._film.find_span(film_key)
        return shot.find_span("") if shot is not None else self._film.find_span("")


def _format_seconds(seconds: Fraction) -> str:
    return f"{float(seconds):g}"


def _join_seconds_choices(values: Sequence[int]) -> str:
    texts = [str(value) for value in values]
    if len(texts) > 6 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{texts[0]} to {texts[-1]}"
    return " or ".join(texts) if len(texts) < 3 else ", ".join(texts[:-1]) + f" or {texts[-1]}"
