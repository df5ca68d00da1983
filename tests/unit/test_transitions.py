"""Transitions: each is one file, which says all that the rest of the product knows of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from storyboard.graph.timeline import Blend, ShotEvent, Slice, Timeline
from storyboard.model.delivery import Delivery
from storyboard.model.film import Align, Transition
from storyboard.stitching.smart.timeline_excerpt import digest_excerpt
from storyboard.timecode import FrameRange, Rate
from storyboard.transitions import kinds
from storyboard.transitions.registry import find_transition, load_transitions

KEYS_OF_ANY = {"cut", "from", "through", "to", "align", "frames"}
"""Keys that a transition can't have for its own: it may have `from` where it has no colour."""
FIELDS_OF_ANY = {"kind", "duration", "span", "color", "through", "align", "frames"}


def test_each_file_declares_one_transition_of_its_name() -> None:
    stems = sorted(path.stem for path in Path(kinds.__file__).parent.glob("[!_]*.py"))
    assert list(load_transitions()) == stems


@pytest.mark.parametrize("name", load_transitions())
def test_its_parameters_are_no_keys_and_fields_that_all_have(name: str) -> None:
    transition = find_transition(name)
    reserved = {*KEYS_OF_ANY, *load_transitions()}
    if not transition.is_with_color:
        reserved -= {"from", "through", "to"}
    assert not {parameter.name for parameter in transition.parameters} & reserved
    assert not {parameter.argument for parameter in transition.parameters} & FIELDS_OF_ANY
    settings = {parameter.name: parameter.examples[0] for parameter in transition.parameters}
    assert transition.to_settings(transition.to_arguments(settings)) == settings


def test_what_was_identified_before_transitions_had_arguments_keeps_its_identity() -> None:
    assert Transition("dissolve", 12).to_fields() == {
        "kind": "dissolve",
        "duration": 12,
        "color": "black",
        "through": False,
        "direction": "left",
        "align": "auto",
        "frames": "auto",
    }
    wipe = Transition("wipe", 12, arguments=find_transition("wipe").to_arguments({"from": "top"}))
    assert wipe.to_fields()["direction"] == "top"
    span = FrameRange(0, 12)
    assert Blend("fade", span, "red", True).to_fields() == {
        "kind": "fade",
        "span": span,
        "color": "red",
        "through": True,
        "direction": "",
        "align": "center",
    }
    assert Blend("wipe", span, arguments=wipe.arguments).to_fields()["direction"] == "top"


def digest_window(blend: Blend) -> str:
    """The identity of a second of red into which a transition comes."""
    second = FrameRange(0, 24)
    event = ShotEvent("S", second, second, (Slice("", second, color="red"),), entering=blend)
    timeline = Timeline(Rate(Fraction(24)), 24, (event,))
    return digest_excerpt(timeline, (), {}, {}, Delivery(), 1)


@pytest.mark.parametrize(
    ("blend", "digest"),
    [
        (
            Blend("dissolve", FrameRange(0, 12)),
            "30f98f46f1a62b7b9b1da94c0e84b3718765740231f7efc443e9adf75c93b519",
        ),
        (
            Blend("wipe", FrameRange(0, 12), arguments={"direction": "top"}),
            "35131b9506bc0d727c98c1ca6b307ed34ba8cd42e03a7a277cc59002a82cfa3b",
        ),
        (
            Blend("fade", FrameRange(0, 12), "red", through=True, align=Align.END),
            "959cce7fa8f4573f4eb6fc0ffa16f9ceae6ddb6a6d98f11a33899e3560a56d4d",
        ),
    ],
    ids=["dissolve", "wipe", "fade"],
)
def test_windows_that_are_kept_are_found_again(blend: Blend, digest: str) -> None:
    assert digest_window(blend) == digest


def test_an_argument_of_its_own_is_part_of_a_window_s_identity() -> None:
    span = FrameRange(0, 12)
    narrow, wide = (Blend("wipe", span, arguments={"softness": part}) for part in (0.1, 0.2))
    assert digest_window(narrow) != digest_window(wide)
    assert digest_window(narrow) != digest_window(Blend("wipe", span))
