"""Reproducible randomness: the same words always give the same picture."""

from __future__ import annotations

import random
from hashlib import blake2b


def seed_random(*words: object) -> random.Random:
    """A generator that depends only on `words`; each element has its own."""
    text = "\0".join(str(word) for word in words)
    return random.Random(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"))
