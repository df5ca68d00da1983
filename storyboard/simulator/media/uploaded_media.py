"""Checks uploaded media by their bytes, like the services do."""

from __future__ import annotations

from pathlib import Path

from storyboard.errors import MediaError
from storyboard.simulator.media import test_patterns
from storyboard.simulator.validation.veo_request import ClipFacts
from storyboard.stitching.media.ffmpeg import probe

LARGEST_PICTURE = 20 * 1024 * 1024
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def find_picture_problem(data: bytes) -> str:
    """What is wrong with a picture's bytes; empty for a readable PNG or JPEG."""
    if len(data) > LARGEST_PICTURE:
        return f"The image is {len(data)} bytes, larger than the limit of {LARGEST_PICTURE}."
    if not data.startswith(_SIGNATURES):
        return "The image is neither PNG nor JPEG."
    try:
        test_patterns.decode_picture(data)
    except MediaError:
        return "The image can not be decoded."
    return ""


def read_clip_facts(path: Path) -> ClipFacts | None:
    """The facts of a clip; None if it is not a video in an MP4."""
    try:
        if path.read_bytes()[4:8] != b"ftyp":
            return None
        facts = probe(path)
    except (MediaError, OSError):
        return None
    if facts.rate is None or facts.frames < 2:
        return None
    return ClipFacts(facts.width, facts.height, facts.frames, float(facts.rate.value))
