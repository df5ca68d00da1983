"""The field's words: sizes, angles, slug lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SIZES = frozenset(
    "ews els ws ls fs mws mls ms mcu cu bcu ecu xcu ots pov 2s 3s vws lws cs "
    "extreme-wide very-wide wide extreme-long very-long long full full-length cowboy american "
    "medium-wide medium-long medium mid medium-close-up medium-close close close-up closeup "
    "big-close-up extreme-close-up extreme-close choker insert detail macro establishing master "
    "two three group single two-shot three-shot group-shot over-the-shoulder point-of-view aerial "
    "head-and-shoulders waist waist-up knees-up head-to-toe reverse reaction".split()
)
ANGLES = frozenset(
    "eye eye-level ots pov bev wev hip hip-level knee knee-level ground ground-level "
    "shoulder-level over-the-shoulder point-of-view low high very-low very-high extreme-low "
    "extreme-high dutch canted tilted oblique overhead top top-down bird's-eye birds-eye god's-eye "
    "worm's-eye worms-eye aerial drone front frontal side profile back behind rear three-quarter "
    "reverse straight-on straight over-the-hip from-above from-below from-behind "
    "from-the-side".split()
)
_PADDING = re.compile(r"-(shot|angle|view)$")

_SLUG = re.compile(
    r"^(INT\.?/EXT|EXT\.?/INT|I/E|INT|EXT|EST)\b[. ]*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
_SCENE_NUMBER = re.compile(r"\s*#\s*(?P<number>[^#\n]*[^#\s])\s*#\s*$")
_TIMES = frozenset(
    "day night dawn dusk morning evening afternoon noon midday midnight sunset sunrise twilight "
    "later continuous same moments-later magic-hour golden-hour blue-hour early-morning "
    "late-afternoon late-night the-next-day next-day".split()
)


def is_in_vocabulary(word: str, vocabulary: frozenset[str]) -> bool:
    """Whether a size or an angle is one of the usual words, however it is joined."""
    return normalize_word(word) in vocabulary or normalize_word(word) + "-shot" in vocabulary


def normalize_word(word: str) -> str:
    """`Medium Close_Up shot` -> `medium-close-up`."""
    text = re.sub(r"[\s_-]+", "-", word.strip().casefold().replace("’", "'"))
    return _PADDING.sub("", text)


def split_scene_number(scene: str) -> tuple[str, str]:
    """A scene heading, and the number at its end as Fountain writes it; "" where it has none.

    >>> split_scene_number("INT. KITCHEN - NIGHT #12A#")
    ('INT. KITCHEN - NIGHT', '12A')
    """
    match = _SCENE_NUMBER.search(scene)
    return (scene[: match.start()].rstrip(), match["number"]) if match else (scene, "")


class Slug(NamedTuple):
    place: str
    time: str


def parse_slug_line(scene: str, places: Iterable[str]) -> Slug:
    """Place and time of day of a slug line; empty where it says none.

    The place is a cast name from `places` where one fits, else the words in lower case.

    >>> parse_slug_line("INT. KITCHEN - NIGHT", ["kitchen"])
    Slug(place='kitchen', time='night')
    """
    match = _SLUG.match(scene.strip())
    if not match:
        return Slug("", "")
    parts = [part.strip() for part in re.split(r"\s+[-–—]+\s+", match["rest"]) if part.strip()]
    time = ""
    if len(parts) > 1 and normalize_word(parts[-1]) in _TIMES:
        time = parts.pop().lower()
    elif len(parts) == 2:
        time = parts.pop().lower() if len(parts[-1].split()) == 1 else ""
    names = {_normalize_cast_name(name): name for name in places}
    for words in ([" ".join(parts)], parts[::-1]):
        for candidate in words:
            if place := names.get(_normalize_cast_name(candidate)):
                return Slug(place, time)
    return Slug(", ".join(parts).lower(), time)


def _normalize_cast_name(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
