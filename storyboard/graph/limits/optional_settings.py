"""What a film may go without: sent where the model has it, else dropped or rejected.

Which capabilities those are, the catalogue says (`preferred`). What came from defaults is dropped
with a note; what the shot itself says is rejected. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storyboard.graph.limits.rejections import (
    DroppedSetting,
    IllegalOption,
    Rejection,
    StorageNeeded,
    UnknownOption,
    UnknownSetting,
)
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.model.film import Shot
from storyboard.providers.catalog import Model

_REHEARSAL_OPTIONS = frozenset({"burn_in", "slate"})
"""Options of the rehearsal, which every model may be given."""


@dataclass(frozen=True, slots=True)
class OptionalSettings:
    """By key (`seed negative_prompt options.NAME`), what is sent; and what is not, and why."""

    sent: Mapping[str, Any]
    dropped: tuple[DroppedSetting, ...]
    rejections: tuple[Rejection, ...]

    @property
    def options(self) -> dict[str, Any]:
        """The options that are sent, by name."""
        return {
            key.removeprefix("options."): value
            for key, value in self.sent.items()
            if key.startswith("options.")
        }


def select_optional_settings(
    request: ShotRequest,
    preferred: frozenset[str],
    option_names: frozenset[str],
    *,
    has_storage: bool,
) -> OptionalSettings:
    """Sorts the optional settings of a shot.

    `preferred` are the capabilities that a film may go without. `option_names` are the options of
    all models. `has_storage` says that the film names a place in the cloud that the platform writes
    to.
    """
    sent: dict[str, Any] = {}
    dropped: list[DroppedSetting] = []
    rejections: list[Rejection] = []
    shot, model = request.shot, request.model
    for key, value in _list_stated_settings(shot):
        problem = _find_setting_problem(shot, model, request.operation, key, value)
        if isinstance(problem, UnknownSetting) and (
            unknown := _find_unknown_option(shot, model, key, option_names)
        ):
            rejections.append(unknown)
        elif problem is not None and not _is_setting_required(shot, key, preferred):
            dropped.append(DroppedSetting(shot, key, problem))
        elif problem is not None:
            rejections.append(problem)
        elif not has_storage and _needs_storage(model, key, value):
            rejections.append(StorageNeeded(shot, key, model, value))
        else:
            sent[key] = value
    return OptionalSettings(sent, tuple(dropped), tuple(rejections))


def find_blocking_option(
    shot: Shot, model: Model, operation: str, preferred: frozenset[str]
) -> tuple[str, Any] | None:
    """An option and its value that the shot itself gives and the operation does not take."""
    for key, value in _list_stated_settings(shot):
        problem = _find_setting_problem(shot, model, operation, key, value)
        if isinstance(problem, IllegalOption) and _is_setting_required(shot, key, preferred):
            return key.removeprefix("options."), value
    return None


def _list_stated_settings(shot: Shot) -> Iterator[tuple[str, Any]]:
    if shot.seed is not None:
        yield "seed", shot.seed
    if shot.negative_prompt:
        yield "negative_prompt", shot.negative_prompt
    for name, value in shot.options.items():
        if value is not None and not name.startswith("x-"):
            yield f"options.{name}", value


def _find_setting_problem(
    shot: Shot, model: Model, operation: str, key: str, value: Any
) -> UnknownSetting | IllegalOption | None:
    if key in ("seed", "negative_prompt"):
        is_known = model.seed if key == "seed" else model.negative_prompt
        return None if is_known else UnknownSetting(shot, key, model)
    option = key.removeprefix("options.")
    if option not in model.options and option not in _REHEARSAL_OPTIONS:
        return UnknownSetting(shot, key, model)
    legal = _list_legal_option_values(model, operation, option)
    operations = model.option_operations.get(option)
    if operations is not None and operation not in operations:
        return IllegalOption(shot, key, model, value, operation, operations, legal or ())
    if legal is not None and value not in legal:
        return IllegalOption(shot, key, model, value, operation, None, legal)
    return None


def _find_unknown_option(
    shot: Shot, model: Model, key: str, option_names: frozenset[str]
) -> UnknownOption | None:
    option = key.removeprefix("options.")
    if option == key or option in option_names:
        return None
    others = sorted({*option_names, *_REHEARSAL_OPTIONS}.difference(model.options))
    return UnknownOption(shot, key, model, (*model.options, *others))


def _list_legal_option_values(model: Model, operation: str, option: str) -> tuple[Any, ...] | None:
    """What an option may say; None where the adapter's schema is all there is to it."""
    if option == "person_generation":
        return model.person_generation.get(operation)
    return model.option_values.get(option)


def _needs_storage(model: Model, key: str, value: Any) -> bool:
    return value in model.stored_options.get(key.removeprefix("options."), ())


def _is_setting_required(shot: Shot, key: str, preferred: frozenset[str]) -> bool:
    """Whether the film can't do without: the shot says it, or it is required of a model."""
    if key.partition(".")[0] not in preferred:
        return True
    if key.startswith("options.") and shot.origins.get(key) is None:
        return shot.is_stated_by_shot("options")
    return shot.is_stated_by_shot(key)
