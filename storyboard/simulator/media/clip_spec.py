"""The specification of one simulated clip."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """The properties of one clip."""

    prompt: str
    size: tuple[int, int]
    """(width, height) in pixels."""
    frames: int
    """Of new material, at 24 per second."""
    seed: int = 0
    sound: bool = True
    first: bytes | None = None
    """An encoded picture that is frame 0."""
    last: bytes | None = None
    """An encoded picture that is the last frame."""
    references: tuple[bytes, ...] = ()
    """Encoded pictures that appear in it."""
    crop: bool = False
    """Whether a picture of another shape is cropped instead of getting bars."""
    source: Path | None = None
    """A clip that it continues, and starts with."""

    @property
    def digest(self) -> str:
        """A digest of all fields, with pictures and source by their content."""
        state = hashlib.sha256()
        plain = (self.prompt, self.size, self.frames, self.seed, self.sound, self.crop)
        state.update(repr(plain).encode("utf-8", "surrogatepass"))
        for part in (self.first, self.last, *self.references):
            state.update(b"\0" + hashlib.sha256(part or b"").digest())
        if self.source is not None:
            state.update(b"\1" + hashlib.sha256(self.source.read_bytes()).digest())
        return state.hexdigest()
