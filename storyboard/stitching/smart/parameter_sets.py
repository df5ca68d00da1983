"""One list of parameter sets for a whole film: equal sets are shared, different ones get different
ids.

A player knows all of them before the first picture and may seek anywhere. A clip whose ids are
already used gets others, in its sets and in its slices; nothing is encoded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from storyboard.stitching.media.clip_index import CannotStreamCopy
from storyboard.stitching.media.h264 import (
    PictureParameterSet,
    SequenceParameterSet,
    build_pps_unit,
    build_sps_unit,
    encode_golomb,
)

_SEQUENCES, _PICTURES = 31, 255
"""The most that one avcC record can hold."""


class ParameterSets:
    """The parameter sets of a film."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str, str], int] = {}
        self._pictures: dict[tuple[int, str, int], int] = {}
        self._sequence_units: dict[int, bytes] = {}
        self._admitted_sequences: list[SequenceParameterSet] = []
        self._picture_units: dict[int, bytes] = {}

    def assign_picture_set_ids(
        self, sequences: Iterable[SequenceParameterSet], pictures: Iterable[PictureParameterSet]
    ) -> Mapping[int, int]:
        """New ids of a clip's picture sets by their old ones; CannotStreamCopy when no id is
        left.
        """
        ids: dict[int, int] = {}
        sequences_by_id = {parameter_set.id: parameter_set for parameter_set in sequences}
        for parameter_set in pictures:
            if parameter_set.sequence not in sequences_by_id:
                raise CannotStreamCopy("a parameter set is missing")
            sequence = self._assign_sequence_set_id(sequences_by_id[parameter_set.sequence])
            ids[parameter_set.id] = self._assign_picture_set_id(parameter_set, sequence)
        return ids

    @property
    def config(self) -> bytes:
        """The avcC record: every set, and the highest profile and level of all."""
        profile = max(item.profile for item in self._admitted_sequences)
        level = max(item.level for item in self._admitted_sequences)
        # A constraint flag may be set only if every set has it.
        common = 0xFF
        for item in self._admitted_sequences:
            common &= item.constraints
        sequences = [self._sequence_units[id] for id in sorted(self._sequence_units)]
        pictures = [self._picture_units[id] for id in sorted(self._picture_units)]
        return b"".join(
            (
                bytes((1, profile, common, level, 0xFF, 0xE0 | len(sequences))),
                *(len(item).to_bytes(2, "big") + item for item in sequences),
                bytes((len(pictures),)),
                *(len(item).to_bytes(2, "big") + item for item in pictures),
                # The High profiles add chroma format 4:2:0 and bit depths of 8.
                b"\xfd\xf8\xf8\0" if profile >= 100 else b"",
            )
        )

    def _assign_sequence_set_id(self, sps: SequenceParameterSet) -> int:
        key = (sps.head, sps.tail)
        if key not in self._sequences:
            free_id = _find_free_id((sps.id, *range(_SEQUENCES)), self._sequence_units, _SEQUENCES)
            self._sequences[key] = free_id
            self._sequence_units[free_id] = build_sps_unit(sps, free_id)
            self._admitted_sequences.append(sps)
        return self._sequences[key]

    def _assign_picture_set_id(self, pps: PictureParameterSet, sequence_id: int) -> int:
        # An id fits only if its code has the same length modulo 8, or the slices can't be copied by
        # bytes.
        code_offset = len(encode_golomb(pps.id)) % 8
        key = (sequence_id, pps.tail, code_offset)
        if key not in self._pictures:
            fitting_ids = [
                id for id in range(_PICTURES) if len(encode_golomb(id)) % 8 == code_offset
            ]
            free_id = _find_free_id((pps.id, *fitting_ids), self._picture_units, _PICTURES)
            self._pictures[key] = free_id
            self._picture_units[free_id] = build_pps_unit(pps, free_id, sequence_id)
        return self._pictures[key]


def _find_free_id(candidates: Iterable[int], used_ids: Mapping[int, bytes], max_ids: int) -> int:
    for id in candidates:
        if id not in used_ids and len(used_ids) < max_ids:
            return id
    raise CannotStreamCopy("the film has too many different clip formats")
