"""Where an extension's own material begins: what the service says, what counts, what is seen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from storyboard.errors import OperationFailed
from storyboard.model.film import MediaFacts
from storyboard.providers.base import Kind, Sample
from storyboard.run.executor.acceptance import AcceptedMedia, check_delivery
from storyboard.timecode import Rate

RATE = Rate(Fraction(24))


@pytest.fixture
def check_extension(tmp_path: Path) -> Callable[..., AcceptedMedia]:
    """What is found in an extension by 168 frames of a video of 192."""
    path = tmp_path / "take.mp4"
    path.write_bytes(b"bytes")

    def check_delivered(
        frames: int, seen: Callable[[int], int | None] = int, sample: Sample | None = None
    ) -> AcceptedMedia:
        return check_delivery(
            MediaFacts(1280, 720, frames, RATE),
            sample or Sample(path=path),
            Kind.EXTEND,
            path=path,
            film_rate=RATE,
            bought_frames=168,
            extended_frames=192,
            count_source_frames=seen,
        )

    return check_delivered


def test_it_begins_behind_its_source(check_extension: Callable[..., AcceptedMedia]) -> None:
    proof = check_extension(360)
    assert (proof.contains_source, proof.source_frames, proof.note) == (True, 192, "")


def test_a_repeated_frame_is_found_and_noted(check_extension: Callable[..., AcceptedMedia]) -> None:
    proof = check_extension(361, lambda given: given + 1)
    assert proof.source_frames == 193
    assert "starts with 193 frames" in proof.note


def test_what_is_seen_is_weighed_against_what_was_bought(
    check_extension: Callable[..., AcceptedMedia],
) -> None:
    assert check_extension(360, lambda given: given - 4).source_frames == 192, (
        "too much would be new"
    )


def test_a_source_that_is_not_there_makes_all_of_it_new(
    check_extension: Callable[..., AcceptedMedia],
) -> None:
    proof = check_extension(360, lambda given: None)
    assert (proof.contains_source, proof.source_frames) == (False, 0)
    assert "the whole result counts as new" in proof.note


def test_new_material_alone_is_looked_at_no_further(
    check_extension: Callable[..., AcceptedMedia],
) -> None:
    def fail_if_called(given: int) -> int:
        raise AssertionError("there is no source to be seen")

    proof = check_extension(168, fail_if_called)
    assert (proof.contains_source, proof.source_frames) == (False, 0)
    assert "doesn't start with the source" in proof.note


def test_a_length_that_nothing_explains_is_refused(
    check_extension: Callable[..., AcceptedMedia],
) -> None:
    with pytest.raises(OperationFailed, match="250 frames, not 192 and 168 new ones"):
        check_extension(250)
