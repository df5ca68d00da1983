"""Finds the transitions: each module of `kinds` declares one as its `TRANSITION`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from storyboard.transitions import kinds
from storyboard.transitions.spec import TransitionSpec


@cache
def load_transitions() -> Mapping[str, TransitionSpec]:
    """Every transition by name, in alphabetical order."""
    specs: list[TransitionSpec] = [
        import_module(f"{kinds.__name__}.{module.name}").TRANSITION
        for module in iter_modules(kinds.__path__)
    ]
    return MappingProxyType({spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)})


def find_transition(name: str) -> TransitionSpec:
    """The transition of that name; raises KeyError, also for a cut."""
    return load_transitions()[name]


def list_color_transitions() -> tuple[str, ...]:
    """The names of transitions that mix a picture with a colour."""
    return tuple(spec.name for spec in load_transitions().values() if spec.is_with_color)
