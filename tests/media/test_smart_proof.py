"""The proof of a film: every seam, whatever is wrong behind it; and what is proved stays proved."""

from __future__ import annotations

from fractions import Fraction

import pytest

from storyboard.errors import MediaError
from storyboard.film import Film, Shot
from storyboard.stitching.film import stitch_film
from storyboard.stitching.smart import verify
from storyboard.stitching.smart.boxes import read_samples
from storyboard.stitching.smart.clipindex import NotCopied, clip_index
from storyboard.stitching.smart.proofs import Proofs
from storyboard.stitching.smart.weave import Thread
from storyboard.timecode import FrameRange, Rate

CLIPS = 5
ORDERS = ((), (), ("-bf", "2", "-b_strategy", "0", "-sc_threshold", "0"), (), ())
RATE = Rate(Fraction(24))


@pytest.fixture(scope="module")
def film(stage):
    """Five takes by hard cuts; one orders its pictures otherwise."""
    grain = ("-vf", "noise=alls=8:allf=t", "-g", "12")
    media = {f"{n}": stage.take(n, 36, options=(*grain, *ORDERS[n])) for n in range(CLIPS)}
    timeline = stage.timeline(
        *(stage.event(shot, (36 * n, 36 * n + 36)) for n, shot in enumerate(media))
    )
    shots = tuple(map(Shot, media))
    asked = Film(stage.folder / "film.yaml", stage.folder, delivery=stage.delivery, shots=shots)
    out = stage.folder / "film.mp4"
    stitch_film(asked, timeline, media, out, cache=stage.folder / "cache")
    whole = FrameRange(0, 36)
    return out, tuple(Thread(clip_index(each.path, 36), whole) for each in media.values())


def changed(film, name, sample, change):
    """A copy of the film with one of its samples changed."""
    data = bytearray(film.read_bytes())
    table = read_samples(film)
    at, size = table.offsets[sample], table.sizes[sample]
    data[at : at + size] = change(bytes(data[at : at + size]))
    path = film.with_name(f"{name}.mp4")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("seam", range(CLIPS))
def test_damage_behind_any_seam_is_found(film, seam):
    path, threads = film
    verify.proved(path, threads)
    torn = changed(path, f"torn{seam}", 36 * seam, lambda data: data[:60] + data[61:] + b"\xff")
    with pytest.raises(NotCopied, match="frame"):
        verify.proved(torn, threads)


def test_what_was_proved_is_not_decoded_again_but_every_new_byte_is(film, tmp_path, monkeypatch):
    path, threads = film
    proofs = Proofs(tmp_path)
    verify.proved(path, threads, proofs)
    verify.in_time(path, 36 * CLIPS, RATE, proofs)
    proofs.save()
    kept = Proofs(tmp_path)
    asked: list[FrameRange] = []
    really = verify._seen
    monkeypatch.setattr(verify, "_seen", lambda *a: asked.append(a[1].samples) or really(*a))
    monkeypatch.setattr(verify, "opened", lambda *_: pytest.fail("the clock is proved already"))
    verify.proved(path, threads, kept)
    verify.in_time(path, 36 * CLIPS, RATE, kept)
    assert asked == []
    torn = changed(path, "torn", 72, lambda data: data[:60] + data[61:] + b"\xff")
    with pytest.raises(NotCopied):
        verify.proved(torn, threads, kept)
    assert [each.start for each in asked] == [72]


def test_a_film_whose_samples_stand_elsewhere_is_not_proved(film):
    path, threads = film
    with pytest.raises(NotCopied, match="order of the frames"):
        verify.proved(path, (threads[0], threads[2], threads[1], *threads[3:]))


def test_sound_that_ends_early_is_found(stage, film, tmp_path):
    path, _ = film
    data = path.read_bytes()
    at = data.index(b"elst", data.index(b"elst") + 4)
    length = int.from_bytes(data[at + 12 : at + 20], "big")
    short = tmp_path / "short.mp4"
    short.write_bytes(data[: at + 12] + (length // 2).to_bytes(8, "big") + data[at + 20 :])
    with pytest.raises(MediaError, match="does not end with the picture"):
        verify.in_time(short, 36 * CLIPS, stage.delivery.rate, Proofs(tmp_path))
