"""The proof of a film: every seam, whatever is wrong behind it; and what is proved stays proved."""

from __future__ import annotations

from fractions import Fraction

import pytest

from storyboard.errors import MediaError
from storyboard.model.film import Film, Shot
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.clip_index import CannotStreamCopy, read_untrimmed_clip_index
from storyboard.stitching.media.mp4_reader import read_sample_table
from storyboard.stitching.smart import seam_check
from storyboard.stitching.smart.checked_seams import CheckedSeams
from storyboard.stitching.smart.mp4_writer import SampleRange
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange, Rate

CLIPS = 5
REORDERING_OPTIONS = ((), (), ("-bf", "2", "-b_strategy", "0", "-sc_threshold", "0"), (), ())
RATE = Rate(Fraction(24))


@pytest.fixture(scope="module")
def film(shared_lab):
    """Five takes by hard cuts; one orders its pictures otherwise."""
    grain = ("-vf", "noise=alls=8:allf=t", "-g", "12")
    media = {
        f"{n}": shared_lab.write_take(n, 36, options=(*grain, *REORDERING_OPTIONS[n]))
        for n in range(CLIPS)
    }
    timeline = shared_lab.build_timeline(
        *(shared_lab.build_event(shot, (36 * n, 36 * n + 36)) for n, shot in enumerate(media))
    )
    shots = tuple(map(Shot, media))
    film_model = Film(
        shared_lab.folder / "film.yaml",
        shared_lab.folder,
        delivery=shared_lab.delivery,
        shots=shots,
    )
    out = shared_lab.folder / "film.mp4"
    stitch_film(CutInputs(film_model, timeline, media), out, cache=shared_lab.folder / "cache")
    whole = FrameRange(0, 36)
    return out, tuple(
        SampleRange(read_untrimmed_clip_index(medium.path, 36), whole) for medium in media.values()
    )


def change_sample(film, name, sample, change):
    """A copy of the film with one of its samples changed."""
    data = bytearray(film.read_bytes())
    table = read_sample_table(film)
    at, size = table.offsets[sample], table.sizes[sample]
    data[at : at + size] = change(bytes(data[at : at + size]))
    path = film.with_name(f"{name}.mp4")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("seam", range(CLIPS))
def test_damage_behind_any_seam_is_found(film, seam):
    path, threads = film
    seam_check.check_seams(path, threads)
    torn = change_sample(
        path, f"torn{seam}", 36 * seam, lambda data: data[:60] + data[61:] + b"\xff"
    )
    with pytest.raises(CannotStreamCopy, match="frame"):
        seam_check.check_seams(torn, threads)


def test_what_was_proved_is_not_decoded_again_but_every_new_byte_is(film, tmp_path, monkeypatch):
    path, threads = film
    proofs = CheckedSeams(tmp_path)
    seam_check.check_seams(path, threads, proofs)
    seam_check.check_timestamps(path, 36 * CLIPS, RATE, proofs)
    proofs.save()
    saved_checks = CheckedSeams(tmp_path)
    decoded_ranges: list[FrameRange] = []
    read_for_real = seam_check._check_pictures
    monkeypatch.setattr(
        seam_check,
        "_check_pictures",
        lambda *a: decoded_ranges.append(a[1].samples) or read_for_real(*a),
    )
    monkeypatch.setattr(
        seam_check, "open_media", lambda *_: pytest.fail("the clock is proved already")
    )
    seam_check.check_seams(path, threads, saved_checks)
    seam_check.check_timestamps(path, 36 * CLIPS, RATE, saved_checks)
    assert decoded_ranges == []
    torn = change_sample(path, "torn", 72, lambda data: data[:60] + data[61:] + b"\xff")
    with pytest.raises(CannotStreamCopy):
        seam_check.check_seams(torn, threads, saved_checks)
    assert [decoded_range.start for decoded_range in decoded_ranges] == [72]


def test_a_film_whose_samples_stand_elsewhere_is_not_proved(film):
    path, threads = film
    with pytest.raises(CannotStreamCopy, match="order of the frames"):
        seam_check.check_seams(path, (threads[0], threads[2], threads[1], *threads[3:]))


def test_sound_that_ends_early_is_found(shared_lab, film, tmp_path):
    path, _ = film
    data = path.read_bytes()
    at = data.index(b"elst", data.index(b"elst") + 4)
    length = int.from_bytes(data[at + 12 : at + 20], "big")
    short = tmp_path / "short.mp4"
    short.write_bytes(data[: at + 12] + (length // 2).to_bytes(8, "big") + data[at + 20 :])
    with pytest.raises(MediaError, match="doesn't end with the picture"):
        seam_check.check_timestamps(
            short, 36 * CLIPS, shared_lab.delivery.rate, CheckedSeams(tmp_path)
        )
