"""What a film may go without: sent where the model has it, else noted or refused.

Which capabilities those are, the catalogue says (`preferred`). What came from defaults is left out
with a note; what the shot itself says is refused. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.model.film import Film, Shot
from storyboard.providers.catalog import Model

_REHEARSAL_OPTIONS = frozenset({"burn_in", "slate"})
"""Options of the rehearsal, which every model may be given."""
_OPERATION_WORDS = {
    "text": "words alone",
    "image": "a first frame",
    "interpolate": "first and last frame",
    "references": "reference images",
    "extend": "an extension",
}


class OptionalSettings:
    """Judges the preferred settings of one film's shots. `find_span` finds where a key stands."""

    def __init__(
        self,
        film: Film,
        preferred: frozenset[str],
        diagnostics: DiagnosticCollector,
        find_span: Callable[..., Span],
    ) -> None:
        self._film = film
        self._preferred = preferred
        self._diagnostics = diagnostics
        self._span = find_span

    def keep_supported_setting(
        self, shot: Shot, model: Model, key: str, value: Any, is_supported: bool
    ) -> Any:
        """The value, or None where it is not sent, which is said."""
        if value is None or is_supported:
            return value
        name = key.removeprefix("options.")
        if self._is_setting_required(shot, key):
            self._diagnostics.add_error(
                "SB419",
                self._find_key_span(shot, key),
                f"{_describe_model(model)} has no `{name}`",
                "take the key out, or give it in `defaults`, which count only where a model has it",
                shot=shot,
            )
        else:
            message = f"`{name}` is not sent: {_describe_model(model)} has none"
            self._diagnostics.add_note("SB420", self._find_key_span(shot, key), message)
        return None

    def filter_supported_options(self, shot: Shot, model: Model, operation: str) -> dict[str, Any]:
        """The options that are sent with an `operation` of the catalogue's."""
        sent_options = {}
        for name, value in shot.options.items():
            known = name in model.options or name in _REHEARSAL_OPTIONS
            if self.keep_supported_setting(shot, model, f"options.{name}", value, known) is None:
                continue
            if not known or self._accepts_option(shot, model, operation, name, value):
                sent_options[name] = value
        return sent_options

    def find_blocking_option(self, shot: Shot, model: Model, operation: str) -> str:
        """An option that the shot itself gives and that operation does not take; empty for none."""
        for name, value in shot.options.items():
            known = name in model.options and self._is_setting_required(shot, f"options.{name}")
            if known and _explain_option_conflict(model, operation, name, value):
                return f"{name}: {_format_option_value(value)}"
        return ""

    def _accepts_option(
        self, shot: Shot, model: Model, operation: str, option: str, value: Any
    ) -> bool:
        """Whether the model takes that value of an option for that operation; says why not."""
        key = f"options.{option}"
        if message := _explain_option_conflict(model, operation, option, value):
            if self._is_setting_required(shot, key):
                values = _list_legal_option_values(model, operation, option) or ()
                lines = [
                    f"options: {{{option}: {_format_option_value(choice)}}}" for choice in values
                ]
                hint = "\n".join(lines) or "take the option out, or give it in `defaults`"
                self._diagnostics.add_error(
                    "SB428", self._find_key_span(shot, key), message, hint, shot=shot
                )
            else:
                notice = f"`{option}` is not sent: {message}"
                self._diagnostics.add_note("SB420", self._find_key_span(shot, key), notice)
            return False
        settings = self._film.providers.get(model.provider, {})
        if value in model.stored_options.get(option, ()) and not settings.get("storage_uri"):
            self._diagnostics.add_error(
                "SB429",
                self._find_key_span(shot, key),
                f"`{option}: {_format_option_value(value)}` needs a place in the cloud that "
                f"{model.provider} writes to",
                f"providers: {{{model.provider}: {{storage_uri: gs://my-bucket/films}}}}",
                shot=shot,
            )
            return False
        return True

    def _is_setting_required(self, shot: Shot, key: str) -> bool:
        """Whether the film can't do without: the shot says it, or it is required of a model."""
        if key.partition(".")[0] not in self._preferred:
            return True
        if key.startswith("options.") and shot.origins.get(key) is None:
            return shot.is_stated_by_shot("options")
        return shot.is_stated_by_shot(key)

    def _find_key_span(self, shot: Shot, key: str) -> Span:
        around = "options" if key.startswith("options.") else key
        stated_key = key if key in shot.origins else around
        return self._span(shot, stated_key, f"defaults.{key}", f"defaults.{around}")


def _explain_option_conflict(model: Model, operation: str, option: str, value: Any) -> str:
    """Why an option may not say that with that operation; empty where it may."""
    where = _OPERATION_WORDS[operation]
    operations = model.option_operations.get(option)
    if operations is not None and operation not in operations:
        legal = " or ".join(_OPERATION_WORDS[legal_operation] for legal_operation in operations)
        return f"{_describe_model(model)} takes `{option}` with {legal}, not with {where}"
    values = _list_legal_option_values(model, operation, option)
    if values is not None and value not in values:
        return (
            f"{_describe_model(model)} does not take `{option}: {_format_option_value(value)}` "
            f"with {where}"
        )
    return ""


def _list_legal_option_values(model: Model, operation: str, option: str) -> tuple[Any, ...] | None:
    """What an option may say; None where the adapter's schema is all there is to it."""
    if option == "person_generation":
        return model.person_generation.get(operation)
    return model.option_values.get(option)


def _describe_model(model: Model) -> str:
    return f"{model.id} on {model.provider}"


def _format_option_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
