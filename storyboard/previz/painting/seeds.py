"""Chance that repeats: the same words always draw the same picture."""

from __future__ import annotations

import random
from hashlib import blake2b


def seed_random(*words: object) -> random.Random:
    """A generator that depends on `words` alone: one for each element, never a shared one."""
    text = "\0".join(str(word) for word in words)
    return random.Random(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"))
