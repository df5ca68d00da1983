"""Checks what a tested adapter returns."""

from __future__ import annotations

from pathlib import Path

from storyboard.model.film import compute_frame_size
from storyboard.providers.base import Intent, Kind, Request, Role, Sample, Settings
from storyboard.stitching.media.ffmpeg import probe, verify_media

_LEEWAY = 2


def check_sample(request: Request, sample: Sample, scratch: Path) -> None:
    """Fails unless a fetched sample is what `request` asked for, with its files in `scratch`."""
    assert sample.path is not None, "fetch() returned no file"
    for path in (sample.path, *sample.attachments.values()):
        assert path.is_file(), f"{path} is not a file"
        assert path.resolve().is_relative_to(scratch.resolve()), f"{path} is not in scratch"
    if request.kind is Kind.WRITE:
        assert sample.path.read_text("utf-8").strip(), "the text is empty"
        return
    facts = probe(sample.path)
    if request.kind is Kind.SPEECH:
        assert facts.has_audio, "speech has no sound"
        return
    if request.kind is Kind.STILL:
        assert facts.frames == 1, f"a still has {facts.frames} frames"
        return
    verify_media(sample.path)
    assert facts.rate is not None, f"{sample.path.name} has no frame rate"
    expected_frames = facts.rate.to_frames(request.settings.duration_s)
    # A result may repeat its source at the start, with or without saying so.
    video = request.input(Role.VIDEO)
    input_frames = video.facts.frames if video and video.facts else 0
    stated_frames = sample.source_frames or (input_frames if sample.contains_source else 0)
    assert any(
        abs(facts.frames - s - expected_frames) <= _LEEWAY for s in (stated_frames, input_frames, 0)
    ), f"the take has {facts.frames} frames, not {stated_frames} and {expected_frames} new ones"
    size = compute_frame_size(request.settings.resolution, request.settings.aspect_ratio)
    assert (facts.width, facts.height) == size, (
        f"the take is {facts.width}x{facts.height}, not {size[0]}x{size[1]}"
    )


def is_request_field(name: str) -> bool:
    """Whether a dotted name of `reads` is a field of a request."""
    first, _, rest = name.partition(".")
    whole = Request(Kind.GENERATE, "", "", "", Intent(), Settings()).to_fields()
    if first not in whole:
        return False
    if not rest:
        return True
    part, _, option = rest.partition(".")
    part_type = whole[first]
    if not isinstance(part_type, Settings | Intent) or part not in part_type.to_fields():
        return False
    return not option or (first, part) == ("settings", "options")
