"""What the shot's model may do: settings made legal, or refused with the alternatives.

What is required (operation, frames, duration, resolution, aspect, references, sound off) is refused
here; what a film may go without is judged in preferred.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from storyboard.film import Film, Shot
from storyboard.graph.notices import Notices, nearest, usd
from storyboard.graph.preferred import Preferred
from storyboard.providers.base import Kind, Settings
from storyboard.providers.catalog import Catalog, Model

PREVIZ = "previz"
_MADE = {"still": "stills", "write": "texts", "speech": "speech"}


class Judge:
    """Holds one film's shots to the catalogue."""

    def __init__(
        self,
        film: Film,
        known: Catalog,
        notices: Notices,
        *,
        allow_retired: bool = False,
        plugins: Sequence[str] = (),
    ) -> None:
        self._film = film
        self._catalog = known
        self._notices = notices
        self._allow_retired = allow_retired
        self._plugins = tuple(plugins)
        self._models: dict[tuple[str, str], Model] = {}
        self.preferred = Preferred(film, known.preferred, notices, self._span)

    def entry(self, provider: str, id: str) -> Model | None:
        """What the catalogue has under that exact id."""
        return self._catalog.models.get((provider, id))

    @property
    def providers(self) -> tuple[str, ...]:
        """Everybody who may be named."""
        return tuple(dict.fromkeys((PREVIZ, *self._catalog.providers, *self._plugins)))

    def model(self, shot: Shot) -> Model | None:
        """The model whose limits the shot obeys; None after an error."""
        platform = shot.target if shot.provider == PREVIZ else shot.provider
        sound = self._models.get((platform, shot.model))
        if sound is not None:
            return sound
        found = self._judged(shot, platform)
        if found is not None and found.status == "live":
            self._models[platform, shot.model] = found
        return found

    def _judged(self, shot: Shot, platform: str) -> Model | None:
        known = self.providers
        where = "provider" if shot.provider != PREVIZ else "target"
        if platform and platform not in known:
            span = self._span(shot, where, f"defaults.{where}")
            self._notices.error(
                "SB401", shot, span, f"there is no provider `{platform}`", nearest(platform, known)
            )
            return None
        if platform in ("", PREVIZ):
            found = self._catalog.first_live(shot.model)
        else:
            found = self._catalog.find(platform, shot.model)
        span = self._span(shot, "model", "defaults.model")
        if found is None:
            self._unknown(shot, platform)
            return None
        if found.status == "retired":
            return self._retired(shot, found)
        if found.status == "unverified" and shot.provider == found.provider:
            self._notices.warning(
                "SB404",
                self._span(shot, "provider", "defaults.provider"),
                f"{found.id} on {found.provider} is not confirmed: {found.note}",
            )
        return found

    def by(self, platform: str, id: str) -> Model | None:
        """The model of exactly that id there."""
        return self._catalog.models.get((platform, id))

    def maker(self, shot: Shot | None, platform: str, makes: str, named: str) -> Model | None:
        """What makes stills, texts or speech (`still write speech`) there; None where nothing does.

        A name that means no such model is an error; an absent one is the platform's own.
        """
        known = self.providers
        if platform and platform not in known:
            span = self._span(shot, "provider", "defaults.provider")
            message = f"there is no provider `{platform}`"
            self._notices.error("SB401", shot, span, message, nearest(platform, known))
            return None
        if not named:
            return self._catalog.default(platform, makes)
        key = {"still": "still_model", "write": "text_model", "speech": "speech_model"}[makes]
        if platform:
            found = self._catalog.find(platform, named, makes)
        else:
            found = next(iter(self._catalog.everywhere(named, makes)), None)
        span = self._span(shot, key, f"defaults.{key}")
        if found is None:
            at = f" at {platform}" if platform else ""
            models = [m for m in self._catalog.models.values() if m.makes == makes]
            there = [m.id for m in models if m.provider == platform and m.status == "live"]
            hint = nearest(named, tuple(there) or self._catalog.named(makes))
            message = f"there is no model `{named}`{at} that makes {_MADE[makes]}"
            self._notices.error("SB402", shot, span, message, hint)
        elif found.status == "retired" and not self._allow_retired:
            self._notices.error(
                "SB403",
                shot,
                span,
                f"{found.id} was switched off at {found.provider} on {found.retired_on}",
                f"{key}: {found.replacement}" if found.replacement else "",
            )
            return None
        return found

    def makers(self, makes: str) -> list[Model]:
        """Every platform's own model of stills, texts or speech."""
        found = (self._catalog.default(each, makes) for each in self._catalog.providers)
        return [model for model in found if model is not None]

    def _unknown(self, shot: Shot, platform: str) -> None:
        span = self._span(shot, "model", "defaults.model")
        others = self._catalog.everywhere(shot.model)
        at = f" at {platform}" if platform not in ("", PREVIZ) else ""
        if others:
            hint = "\n".join(f"provider: {m.provider}   # {m.id}, {m.status}" for m in others)
        elif platform in ("", PREVIZ):
            hint = nearest(shot.model, self._catalog.names)
        else:
            names = tuple(n for n in self._catalog.names if self._catalog.find(platform, n))
            hint = nearest(shot.model, names or self._catalog.names)
        self._notices.error("SB402", shot, span, f"there is no model `{shot.model}`{at}", hint)

    def _retired(self, shot: Shot, found: Model) -> Model | None:
        if self._allow_retired or (shot.provider == PREVIZ and not shot.target):
            return found
        span = self._span(shot, "model", "defaults.model")
        live = [
            f"provider: {m.provider}   # {m.id}, {self._sample_price(m)}"
            for m in self._catalog.everywhere(shot.model)
            if m.status == "live"
        ]
        if found.replacement:
            live.insert(0, f"model: {found.replacement}")
        self._notices.error(
            "SB403",
            shot,
            span,
            f"{found.id} was switched off at {found.provider} on {found.retired_on}",
            "\n".join(live) or "`--allow-retired` tries it all the same",
        )
        return None

    def _sample_price(self, model: Model) -> str:
        price = model.price_micros("720p", 1, audio=True)
        return "no price known" if price is None else f"{usd(price)}/s at 720p"

    def alternatives(self, shot: Shot) -> list[Model]:
        """Live models of the same name first, then all the others."""
        same = self._catalog.everywhere(shot.model)
        every = {(m.provider, m.id): m for m in (*same, *self._catalog.models.values())}
        return [m for m in every.values() if m.status == "live" and m.makes == "video"]

    def settings(
        self, shot: Shot, model: Model, operation: str, seconds: int, resolution: str
    ) -> Settings:
        """Everything but words and pictures, as it will be sent; refusals are noted.

        `operation` is the catalogue's: `text image interpolate references extend`.
        """
        self._aspect(shot, model)
        audio = shot.audio
        if not audio and model.audio == "always":
            self._notices.error(
                "SB418",
                shot,
                self._span(shot, "audio", "defaults.audio"),
                f"{model.id} on {model.provider} always makes sound",
                "mute: true   # keeps it out of the mix; costs the same",
            )
        kept = self.preferred.kept
        words = shot.negative_prompt or None
        seed = kept(shot, model, "seed", shot.seed, model.seed)
        negative = kept(shot, model, "negative_prompt", words, model.negative_prompt)
        options = self.preferred.options(shot, model, operation)
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

    def _aspect(self, shot: Shot, model: Model) -> None:
        if shot.aspect_ratio not in model.aspect_ratios:
            self._notices.error(
                "SB412",
                shot,
                self._span(shot, "aspect_ratio", "format.aspect_ratio"),
                f"{model.id} on {model.provider} has no aspect ratio {shot.aspect_ratio}",
                "\n".join(f"aspect_ratio: {each}" for each in model.aspect_ratios),
            )

    def resolution(self, shot: Shot, model: Model, kind: Kind) -> str | None:
        """The resolution to ask for; None after an error."""
        wanted = shot.resolution
        legal = model.legal_resolutions(shot.aspect_ratio)
        if kind is Kind.EXTEND and model.extend and model.extend.resolution:
            legal = (model.extend.resolution,)
        if wanted in legal:
            return wanted
        span = self._span(shot, "resolution", "defaults.resolution", "format.resolution")
        what = "an extension" if kind is Kind.EXTEND else f"{shot.aspect_ratio} picture"
        self._notices.error(
            "SB411",
            shot,
            span,
            f"{shot.id}: {model.id} on {model.provider} makes {what} in {' or '.join(legal)}, "
            f"not {wanted}",
            "\n".join(f"resolution: {each}   # {self._price_of(model, each)}" for each in legal)
            + "\n`format.resolution` may stay: what is bought is conformed to it",
        )
        return None

    def _price_of(self, model: Model, resolution: str) -> str:
        price = model.price_micros(resolution, 1, audio=True)
        return "no price known" if price is None else f"{usd(price)} a second"

    def illegal_duration(
        self, shot: Shot, model: Model, legal: Sequence[int], seconds: Fraction, resolution: str
    ) -> None:
        """Refuses a stated duration, with the legal ones and their prices to paste."""
        lines = [
            f"duration: {each}   # {self.price_text(model, resolution, each, shot.audio)}"
            for each in sorted(legal, key=lambda s: (abs(s - seconds), s))
        ]
        above = [each for each in legal if each >= seconds]
        if above and seconds > 0:
            price = self.price_text(model, resolution, above[0], shot.audio)
            lines.insert(0, f"length: {_number(seconds)}   # buys {above[0]} s, {price}")
        self._notices.error(
            "SB410",
            shot,
            self._span(shot, "duration", "defaults.duration"),
            f"{model.id} on {model.provider} makes takes of {_or(legal)} s"
            f"{f' at {resolution}' if resolution in model.resolution_durations else ''}, "
            f"not {_number(seconds)}",
            "\n".join(lines),
        )

    def price_text(self, model: Model, resolution: str, seconds: int, audio: bool) -> str:
        price = model.price_micros(resolution, seconds, audio=audio)
        return "no price known" if price is None else usd(price)

    def _span(self, shot: Shot | None, key: str, *film_keys: str) -> Any:
        if shot is not None and key in shot.origins:
            return shot.span(key)
        for each in film_keys:
            if each in self._film.origins:
                return self._film.span(each)
        return shot.span("") if shot is not None else self._film.span("")

    span = _span


def _number(seconds: Fraction) -> str:
    return f"{float(seconds):g}"


def _or(values: Sequence[int]) -> str:
    texts = [str(value) for value in values]
    if len(texts) > 6 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{texts[0]} to {texts[-1]}"
    return " or ".join(texts) if len(texts) < 3 else ", ".join(texts[:-1]) + f" or {texts[-1]}"
