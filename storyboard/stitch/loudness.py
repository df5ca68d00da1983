"""Loudness by EBU R128: measured with ffmpeg, set by one gain, and a limiter where peaks ask.

The programme keeps its dynamics: nothing but the gain moves, unless the true peaks would pass the
ceiling; then the limiter holds them and the gain is found anew until the target is met.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.film import Loudness
from storyboard.stitch.media import run_ffmpeg

FLOOR_LUFS = -70.0
"""What R128 calls silence."""
FLOOR_DB = -120.0
CODEC_MARGIN_DB = 1.0
"""How far below the ceiling the peaks stay before AAC, which overshoots."""
MOST_GAIN_DB = 24.0
"""A film that is quieter than this below its target stays quiet, since it would be hiss."""
_CLOSE_LU = 0.2
_ROUNDS = 5
_BLOCK = 48_000 * 10


@dataclass(frozen=True, slots=True)
class Measured:
    """How loud a file is."""

    lufs: float
    """Integrated loudness; FLOOR_LUFS is silence."""
    true_peak_db: float
    """dBTP; FLOOR_DB is silence."""
    lra: float
    """Loudness range, LU."""

    @property
    def silent(self) -> bool:
        return self.lufs <= FLOOR_LUFS


@dataclass(frozen=True, slots=True)
class Levelled:
    """What `level` did."""

    measured: Measured
    """Of the file that it wrote."""
    gain_db: float
    limited_s: float = 0.0
    """Seconds in which the limiter worked."""
    notes: tuple[str, ...] = ()


def measure(path: Path) -> Measured:
    """The loudness of the file's sound. Raises MediaError when it has none."""
    import ffmpeg

    sound = ffmpeg.input(f"file:{path}").audio
    graph = sound.filter("ebur128", peak="true", framelog="quiet").output("-", format="null")
    log = run_ffmpeg(graph.get_args(), loglevel="info")
    summary = log[log.rfind("Summary:") :]
    found: dict[str, str] = dict(_READING.findall(summary))
    if not {"I", "LRA", "Peak"} <= found.keys():
        raise MediaError(f"the loudness of {path.name} can't be measured", log=log[-2000:])
    return Measured(
        max(FLOOR_LUFS, float(found["I"])),
        max(FLOOR_DB, float(found["Peak"])),
        float(found["LRA"]),
    )


def verify(path: Path, target: Loudness) -> tuple[str, ...]:
    """What of a finished file misses its loudness: nothing, or a sentence for each."""
    found = measure(path)
    misses = []
    if not found.silent and abs(found.lufs - target.lufs) > 0.5:
        misses.append(f"the film measures {found.lufs:g} LUFS, wanted are {target.lufs:g}")
    if found.true_peak_db > target.true_peak_db:
        misses.append(
            f"its true peak is {found.true_peak_db:g} dBTP, the ceiling is {target.true_peak_db:g}"
        )
    return tuple(misses)


def level(
    raw: Path, out: Path, target: Loudness, *, margin_db: float = CODEC_MARGIN_DB
) -> Levelled:
    """Writes `raw` (by `WavWriter`) to `out` at the target loudness.

    Its true peaks stay `margin_db` below the target's ceiling. A silent film stays silent; the
    notes say where the target was out of reach.
    """
    found = measure(raw)
    ceiling_db = target.true_peak_db - margin_db
    if found.silent:
        gain_db = min(0.0, ceiling_db - found.true_peak_db)
        _write(raw, out, gain_db)
        quiet = "is silent" if found.true_peak_db <= FLOOR_DB else "is too quiet or short to level"
        moved = Measured(found.lufs, _moved(found.true_peak_db, gain_db), found.lra)
        return Levelled(moved, gain_db, notes=(f"the sound {quiet}: its loudness stays",))
    gain_db = min(MOST_GAIN_DB, target.lufs - found.lufs)
    if found.true_peak_db + gain_db <= ceiling_db:
        _write(raw, out, gain_db)
        moved = Measured(found.lufs + gain_db, found.true_peak_db + gain_db, found.lra)
        return Levelled(moved, gain_db, notes=_out_of_reach(moved, target))
    return _limited(raw, out, target, gain_db, ceiling_db)


def _limited(raw: Path, out: Path, target: Loudness, gain_db: float, ceiling_db: float) -> Levelled:
    """Turns gain and limiter until both the loudness and the ceiling are met."""
    from storyboard.stitch.limiter import gain_curve, limited, limited_seconds, true_peaks
    from storyboard.stitch.pcm import WavWriter, read_wav

    aim_db = ceiling_db
    peaks = true_peaks(read_wav(raw, _BLOCK), above=_linear(ceiling_db - gain_db - 6))
    for _ in range(_ROUNDS):
        curve = gain_curve(peaks, _linear(gain_db), _linear(aim_db))
        with WavWriter(out) as wav:
            for block in limited(read_wav(raw, _BLOCK), curve, _linear(gain_db)):
                wav.write(block)
        found = measure(out)
        over, missing = found.true_peak_db - ceiling_db, target.lufs - found.lufs
        reached = missing <= _CLOSE_LU or gain_db >= MOST_GAIN_DB
        if over <= 0 and reached and missing >= -_CLOSE_LU:
            break
        if over > 0:
            aim_db -= over + 0.05
        if abs(missing) > _CLOSE_LU:
            gain_db = min(MOST_GAIN_DB, gain_db + missing * (1.0 if missing < 0 else 1.3))
    return Levelled(found, gain_db, limited_seconds(curve), _out_of_reach(found, target))


def _write(raw: Path, out: Path, gain_db: float) -> None:
    from storyboard.stitch.pcm import WavWriter, read_wav

    gain = _linear(gain_db)
    with WavWriter(out) as wav:
        for block in read_wav(raw, _BLOCK):
            wav.write(block * block.dtype.type(gain))


def _out_of_reach(found: Measured, target: Loudness) -> tuple[str, ...]:
    missing = target.lufs - found.lufs
    if missing <= 0.5:
        return ()
    return (
        f"the film stays {missing:.1f} LU below {target.lufs:g} LUFS: "
        "more gain would raise its noise or crush its peaks",
    )


def _moved(db: float, by: float) -> float:
    return db if db <= FLOOR_DB else db + by


def _linear(db: float) -> float:
    return float(10 ** (db / 20))


_READING = re.compile(r"^\s*(I|LRA|Peak):\s+(-?inf|-?[\d.]+|nan)\s", re.M)
