"""Equal digests mean the same film: contents count, names and places do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storyboard.errors import StitchError
from storyboard.graph.timeline import Timeline
from storyboard.model.film import (
    Anchor,
    Delivery,
    Film,
    Loudness,
    MediaFacts,
    MediaFile,
    MusicCue,
    Shot,
    TitleCue,
)
from storyboard.stitching.cut_inputs import CutInputs, StepMedia
from storyboard.stitching.fingerprint import fingerprint_film
from storyboard.timecode import FrameRange

FACTS = MediaFacts(1280, 720, 192)


@pytest.fixture
def film(tmp_path):
    theme = tmp_path / "theme.wav"
    theme.write_bytes(b"la la la")
    return Film(
        path=tmp_path / "film.yaml",
        root=tmp_path,
        title="The Letter",
        shots=(Shot("SH010"), Shot("SH020", gain_db=-3)),
        music=(MusicCue(MediaFile(theme, "theme.wav"), begin=Anchor("SH020")),),
        titles=(TitleCue(Anchor("SH020", 12), 24, text="Havana"),),
    )


@pytest.fixture
def timeline(lab):
    return lab.build_timeline(
        lab.build_event("SH010", (0, 96)), lab.build_event("SH020", (96, 192))
    )


@pytest.fixture
def media():
    return {
        "SH010": StepMedia(Path("/store/aa.mp4"), "aa" * 32, FACTS),
        "SH020": StepMedia(Path("/store/bb.mp4"), "bb" * 32, FACTS),
    }


def test_it_is_the_same_on_another_machine_and_under_another_name(film, timeline, media, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "song.wav").write_bytes(b"la la la")
    moved = replace(
        film,
        path=other / "cut.yaml",
        root=other,
        shots=(Shot("OPENING", note="reshoot?"), Shot("SH020", gain_db=-3)),
        music=(replace(film.music[0], file=MediaFile(other / "song.wav", "song.wav")),),
    )
    renamed = replace(
        timeline, events=(replace(timeline.events[0], shot="OPENING"), timeline.events[1])
    )
    moved_media = {
        step: replace(medium, path=Path("/nas") / step) for step, medium in media.items()
    }
    assert fingerprint_film(CutInputs(moved, renamed, moved_media)) == fingerprint_film(
        CutInputs(film, timeline, media)
    )


def test_anything_that_is_seen_or_heard_changes_it(film, timeline, media):
    first, second = timeline.events
    theme = film.music[0].file.path
    shots = (film.shots[0], replace(film.shots[1], gain_db=0))
    films = {
        "another title": replace(film, title="The Reply"),
        "another level": replace(film, loudness=Loudness(-23)),
        "a gain": replace(film, shots=shots),
        "a muted shot": replace(film, shots=(replace(film.shots[0], mute=True), film.shots[1])),
        "words": replace(film, titles=(replace(film.titles[0], text="Key West"),)),
        "a later title": replace(film, titles=(replace(film.titles[0], at=Anchor("SH010")),)),
        "music from the start": replace(film, music=(replace(film.music[0], begin=Anchor()),)),
        "no music": replace(film, music=()),
        "a larger picture": replace(film, delivery=Delivery(resolution="1080p")),
        "subtitles": replace(film, subtitles="sidecar"),
    }
    lines = {
        "a shorter shot": Timeline(
            timeline.rate, 190, (first, replace(second, record=FrameRange(96, 190)))
        ),
        "another part": replace(
            timeline,
            events=(
                replace(first, slices=(replace(first.slices[0], source=FrameRange(5, 101)),)),
                second,
            ),
        ),
    }
    takes = {
        "another take": {**media, "SH010": replace(media["SH010"], sha256="cc" * 32)},
        "a later beginning": {**media, "SH010": replace(media["SH010"], first_frame=96)},
    }
    base = fingerprint_film(CutInputs(film, timeline, media))
    digests = {
        **{
            name: fingerprint_film(CutInputs(variant, timeline, media))
            for name, variant in films.items()
        },
        **{
            name: fingerprint_film(CutInputs(film, variant, media))
            for name, variant in lines.items()
        },
        **{
            name: fingerprint_film(CutInputs(film, timeline, variant))
            for name, variant in takes.items()
        },
    }
    theme.write_bytes(b"la la la, again")
    digests["a new recording"] = fingerprint_film(CutInputs(film, timeline, media))
    assert len({base, *digests.values()}) == len(digests) + 1


def test_takes_that_are_not_shown_make_no_difference(film, timeline, media):
    more = {**media, "SH999": StepMedia(Path("/store/cc.mp4"), "cc" * 32, FACTS)}
    assert fingerprint_film(CutInputs(film, timeline, more)) == fingerprint_film(
        CutInputs(film, timeline, media)
    )


def test_music_that_is_gone_is_named(film, timeline, media):
    film.music[0].file.path.unlink()
    with pytest.raises(StitchError, match=r"theme\.wav can't be read"):
        fingerprint_film(CutInputs(film, timeline, media))
