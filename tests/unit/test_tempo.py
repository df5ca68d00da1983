"""Cuts on the music: every cut is on its beat, and rounding never adds up."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.language import load
from storyboard.model.film import Film
from storyboard.model.shot_ruler import ShotRuler
from storyboard.model.tempo import BeatGrid, MusicalTime, TempoChange, parse_musical_time
from storyboard.timecode import Rate

RATES = [Rate.parse(text) for text in ("24", "25", "30", "23.976", "29.97", "59.94", "12")]
HALF_A_FRAME = Fraction(1, 2)

bpms = st.decimals(min_value=20, max_value=300, places=2).map(Fraction)
grids = st.builds(
    lambda first, meter, bpm, changes: BeatGrid(
        first,
        meter,
        [
            TempoChange(Fraction(0), bpm),
            *(TempoChange(Fraction(beat), other) for beat, other in sorted(dict(changes).items())),
        ],
    ),
    st.fractions(min_value=0, max_value=5, max_denominator=1000),
    st.integers(1, 12),
    bpms,
    st.lists(st.tuples(st.integers(1, 400), bpms), max_size=4),
)


def load_film(folder: Path, text: str) -> tuple[Film, list[str]]:
    path = folder / "film.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load(path)
    assert loaded.film is not None, loaded.diagnostics
    return loaded.film, [diagnostic.code for diagnostic in loaded.diagnostics]


def list_cut_frames(film: Film) -> list[int]:
    frames, at = [], 0
    for shot in film.cut:
        at += shot.length or 0
        frames.append(at)
    return frames


def test_300_cuts_of_one_beat_stay_on_their_beats(tmp_path: Path) -> None:
    shots = "\n".join(f"      - {{id: SH{n:03}, prompt: a door}}" for n in range(300))
    film, codes = load_film(
        tmp_path,
        "storyboard: 1\nformat: {fps: 23.976}\nshots:\n  - sequence: SQ01\n    length: 1b\n"
        f"    tempo: {{bpm: 127.5, first: 0.35}}\n    shots:\n{shots}\n",
    )
    rate = film.delivery.rate
    for number, frame in enumerate(list_cut_frames(film), 1):
        beat_s = Fraction("0.35") + number * Fraction(60) / Fraction("127.5")
        assert abs(frame - beat_s * rate.value) <= HALF_A_FRAME
    assert codes == []


@given(
    grid=grids,
    rate=st.sampled_from(RATES),
    counts=st.lists(st.integers(1, 16), min_size=1, max_size=60),
)
def test_cuts_never_drift_from_the_beats(grid: BeatGrid, rate: Rate, counts: list[int]) -> None:
    ruler, frame, beat = ShotRuler(rate), 0, Fraction(0)
    for number, count in enumerate(counts):
        position = ruler.find_position(1, grid)
        assert position.beats is not None
        beat = grid.find_nearest_beat(rate.to_seconds(frame)) + count
        frames = position.beats.measure_frames(MusicalTime(Fraction(count), False))
        ruler.add_shot(f"S{number}", position, frames)
        frame += frames
        assert abs(frame - grid.to_seconds(beat) * rate.value) <= HALF_A_FRAME


@given(grid=grids, beat=st.integers(0, 500))
def test_the_nearest_beat_of_a_beat_is_that_beat(grid: BeatGrid, beat: int) -> None:
    assert grid.find_nearest_beat(grid.to_seconds(Fraction(beat))) == beat


@given(
    seconds=st.integers(1, 20),
    bpm=bpms,
    rate=st.sampled_from(RATES[:6]),
    skipped=st.integers(0, 300),
)
def test_a_length_that_a_purchase_holds_is_not_rounded_beyond_it(
    seconds: int, bpm: Fraction, rate: Rate, skipped: int
) -> None:
    """So no cut on a beat buys a longer take than its music needs."""
    count = Fraction(int(seconds * bpm / 60))
    if not count:
        return
    grid = BeatGrid(Fraction(0), 4, [TempoChange(Fraction(0), bpm)])
    ruler = ShotRuler(rate)
    position = ruler.find_position(1, grid)
    assert position.beats is not None
    ruler.add_shot(
        "A", position, position.beats.measure_frames(MusicalTime(Fraction(skipped), False))
    )
    position = ruler.find_position(1, grid)
    assert position.beats is not None
    frames = position.beats.measure_frames(MusicalTime(count, False))
    assert frames <= rate.to_frames(seconds) + (0 if count * 60 / bpm < seconds else 1)


def test_a_tempo_map_changes_the_speed_at_its_bars() -> None:
    grid = BeatGrid(
        Fraction(1),
        4,
        [TempoChange(Fraction(0), Fraction(120)), TempoChange(Fraction(8), Fraction(60))],
    )
    assert [grid.to_seconds(Fraction(beat)) for beat in (0, 4, 8, 9, 10)] == [1, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("text", "beats"), [("6b", 6), ("0.5b", Fraction(1, 2)), ("2bar", 6), ("-1bar", -3), ("+2b", 2)]
)
def test_beats_and_bars_are_read(text: str, beats: Fraction) -> None:
    time = parse_musical_time(text)
    assert time is not None
    assert time.to_beats(3) == beats


@pytest.mark.parametrize("text", ["6", "6f", "b", "1,5b", "6 b", "bar"])
def test_nothing_else_is_a_musical_time(text: str) -> None:
    assert parse_musical_time(text) is None


def test_until_ends_a_shot_at_a_marker_and_markers_are_points(tmp_path: Path) -> None:
    film, _ = load_film(
        tmp_path,
        """\
storyboard: 1
markers: {drop: SH500+24b}
titles: [{at: drop-1b, text: Now, length: 1}]
shots:
  - {id: SH010, prompt: a quay, length: 3}
  - sequence: SQ03
    tempo: {bpm: 120, first: 0.5}
    shots:
      - {id: SH500, prompt: a door, length: 6b}
      - {id: SH510, prompt: rain, length: 2bar}
      - {id: SH520, prompt: run, until: drop}
      - {card: RUN, until: drop+1bar}
""",
    )
    assert [shot.length for shot in film.cut] == [72, 84, 96, 120, 48]
    assert film.markers["drop"].offset == 300
    assert film.titles[0].at.shot == "SH500"
    assert film.titles[0].at.offset == 288


def test_a_reordered_title_or_marker_changes_no_shot(tmp_path: Path) -> None:
    """Markers name points; the shots that don't use them stay as they are."""
    text = (
        "storyboard: 1\ntempo: {bpm: 100}\nmarkers: {m: %s}\n"
        "shots: [{id: A, prompt: a, length: 4b}, {id: B, prompt: b, length: 4b}]\n"
    )
    one, _ = load_film(tmp_path, text % "A+2b")
    other, _ = load_film(tmp_path, text % "B")
    assert one.shots == other.shots


def test_beats_after_a_shot_of_unknown_length_are_counted_from_its_end(tmp_path: Path) -> None:
    film, _ = load_film(
        tmp_path,
        "storyboard: 1\ntempo: {bpm: 120}\nshots: [{id: A, prompt: a, length: 3b}, "
        "{id: B, prompt: b}, {id: C, prompt: c, length: 4b}, {id: D, prompt: d, until: C+6b}]\n",
    )
    assert [shot.length for shot in film.cut] == [36, None, 48, 24]
