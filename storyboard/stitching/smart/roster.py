"""One list of parameter sets for a whole film: equal ones shared, different ones told apart.

A player then knows all of them before the first picture and may seek anywhere. A clip whose ids
are taken gets others, in its sets and in its slices; nothing is encoded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from storyboard.stitching.smart.bitstream import (
    PictureSet,
    SequenceSet,
    golomb,
    written_picture,
    written_sequence,
)
from storyboard.stitching.smart.clipindex import NotCopied

_SEQUENCES, _PICTURES = 31, 255
"""As many as one avcC record can hold."""


class Roster:
    """The parameter sets of a film."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str, str], int] = {}
        self._pictures: dict[tuple[int, str, int], int] = {}
        self._written: dict[int, bytes] = {}
        self._said: list[SequenceSet] = []
        self._units: dict[int, bytes] = {}

    def admit(
        self, sequences: Iterable[SequenceSet], pictures: Iterable[PictureSet]
    ) -> Mapping[int, int]:
        """New ids of a clip's picture sets by their own; NotCopied when there are none left."""
        ids: dict[int, int] = {}
        known = {each.id: each for each in sequences}
        for each in pictures:
            if each.sequence not in known:
                raise NotCopied("a parameter set is missing")
            sequence = self._sequence(known[each.sequence])
            ids[each.id] = self._picture(each, sequence)
        return ids

    @property
    def config(self) -> bytes:
        """The avcC record: every set, and the highest profile and level of all."""
        profile = max(each.profile for each in self._said)
        level = max(each.level for each in self._said)
        common = 0xFF
        for each in self._said:
            common &= each.constraints
        sequences = [self._written[id] for id in sorted(self._written)]
        pictures = [self._units[id] for id in sorted(self._units)]
        return b"".join(
            (
                bytes((1, profile, common, level, 0xFF, 0xE0 | len(sequences))),
                *(len(each).to_bytes(2, "big") + each for each in sequences),
                bytes((len(pictures),)),
                *(len(each).to_bytes(2, "big") + each for each in pictures),
                b"\xfd\xf8\xf8\0" if profile >= 100 else b"",
            )
        )

    def _sequence(self, parsed: SequenceSet) -> int:
        key = (parsed.head, parsed.tail)
        if key not in self._sequences:
            free = _free((parsed.id, *range(_SEQUENCES)), self._written, _SEQUENCES)
            self._sequences[key] = free
            self._written[free] = written_sequence(parsed, free)
            self._said.append(parsed)
        return self._sequences[key]

    def _picture(self, parsed: PictureSet, sequence: int) -> int:
        place = len(golomb(parsed.id)) % 8
        key = (sequence, parsed.tail, place)
        if key not in self._pictures:
            fitting = [id for id in range(_PICTURES) if len(golomb(id)) % 8 == place]
            free = _free((parsed.id, *fitting), self._units, _PICTURES)
            self._pictures[key] = free
            self._units[free] = written_picture(parsed, free, sequence)
        return self._pictures[key]


def _free(candidates: Iterable[int], taken: Mapping[int, bytes], most: int) -> int:
    for id in candidates:
        if id not in taken and len(taken) < most:
            return id
    raise NotCopied("the film has too many kinds of clips")
