"""Replies of the content models: a picture, text or speech, made from the request alone.

The same request gives the same bytes; another prompt, seed, picture or voice gives others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from storyboard.errors import MediaError
from storyboard.model.spoken_length import WORDS_PER_SECOND, count_spoken_words
from storyboard.simulator.validation.generate_content import ContentRequest

PCM_RATE = 24_000
"""Samples per second of speech: mono, 16 bit, little endian, no header."""

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_WORD_S, _LETTER_S, _GAP_S, _STOP_S = 0.10, 0.045, 0.05, 0.30


def draw_picture(content_request: ContentRequest, *, is_half_size: bool = False) -> bytes:
    """A PNG of the requested size, or half of it: colours, text, and the given pictures inset.

    Raises MediaError when a given picture can't be decoded.
    """
    import cv2
    import numpy as np

    from storyboard.simulator.media.test_patterns import decode_picture

    width, height = (
        (side // 2 for side in content_request.size) if is_half_size else content_request.size
    )
    seed = _hash_request(content_request)
    top, bottom = np.array(list(seed[0:3])), np.array(list(seed[3:6]))
    slope = np.linspace(0.0, 1.0, height)[:, None, None]
    rows = top * (1 - slope) + bottom * slope
    canvas = np.ascontiguousarray(np.broadcast_to(rows, (height, width, 3)).astype(np.uint8))
    tile = height // 3
    for index, data in enumerate(content_request.images[: max(1, width // tile)]):
        small = cv2.resize(decode_picture(data), (tile, tile), interpolation=cv2.INTER_AREA)
        canvas[height - tile :, index * tile : (index + 1) * tile] = small[
            :, : width - index * tile
        ]
    scale = height / 720
    for line, words in enumerate(re.findall(r".{1,48}(?:\s|$)", content_request.prompt)[:6]):
        at = (round(24 * scale), round((56 + 40 * line) * scale))
        white = (255, 255, 255)
        cv2.putText(canvas, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, white, max(1, round(scale)))
    is_encoded, encoded = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not is_encoded:
        raise MediaError("the picture could not be encoded")
    return encoded.tobytes()


def synthesize_speech_tones(content_request: ContentRequest) -> bytes:
    """PCM of the words as tones: one tone per word at the voice's pitch, pauses at punctuation."""
    import numpy as np

    voice = hashlib.sha256(content_request.voice.encode()).digest()
    pitch = 90 + voice[0] * 0.6
    pieces = [np.zeros(int(_GAP_S * PCM_RATE))]
    for word in re.findall(r"[\w’']+|[.,;:!?]", content_request.prompt):
        if not word[0].isalnum():
            pieces.append(np.zeros(int(_STOP_S * PCM_RATE)))
            continue
        spoken_words = count_spoken_words(word)
        seconds = float(spoken_words / WORDS_PER_SECOND)
        if spoken_words == 1:
            seconds = _WORD_S + _LETTER_S * len(word)
        length = int(seconds * PCM_RATE)
        at = np.arange(length) / PCM_RATE
        bend = pitch * (1 + (sum(word.encode()) % 9 - 4) / 60)
        tone = sum(np.sin(2 * np.pi * bend * k * at) / k for k in (1, 2, 3))
        pieces += [tone * np.hanning(length) * 0.25, np.zeros(int(_GAP_S * PCM_RATE))]
    return (np.concatenate(pieces) * 32767).astype("<i2").tobytes()


def write_sample_text(content_request: ContentRequest) -> str:
    """The requested number of sentences (`two sentences`; else two), or JSON for a schema."""
    if content_request.schema is not None:
        return json.dumps(
            _build_schema_sample(content_request.schema, _extract_subject(content_request.prompt)),
            ensure_ascii=False,
        )
    counted = re.search(
        r"\b(\d+|" + "|".join(_NUMBERS) + r")\s+sentences?\b", content_request.prompt, re.I
    )
    word = counted[1].lower() if counted else "two"
    count = min(_NUMBERS.get(word) or int(word), 50)
    mark = _hash_request(content_request).hex()[:6]
    subject = _extract_subject(content_request.prompt)
    return " ".join(f"Simulated sentence {n} on {subject}, {mark}." for n in range(1, count + 1))


def _extract_subject(prompt: str) -> str:
    plain = re.sub(r"^\W*(write\W+)?(\w+\s+sentences?\W+)?((on|about)\W+)?", "", prompt, flags=re.I)
    return " ".join(re.findall(r"[\w’'-]+", plain)[:8]) or "nothing"


def _build_schema_sample(schema: Mapping[str, Any], text_value: str) -> Any:
    """The smallest value that fits a JSON schema, in Google's spelling or JSON Schema's."""
    if allowed := schema.get("enum"):
        return allowed[0]
    kind = schema.get("type", "object")
    match str(kind[0] if isinstance(kind, list) else kind).lower():
        case "object":
            parts = schema.get("properties", {})
            return {name: _build_schema_sample(part, text_value) for name, part in parts.items()}
        case "array":
            least = int(schema.get("minItems", 1))
            return [
                _build_schema_sample(schema.get("items", {"type": "string"}), text_value)
            ] * max(1, least)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return text_value


def _hash_request(content_request: ContentRequest) -> bytes:
    sha = hashlib.sha256(
        f"{content_request.model}\0{content_request.prompt}\0{content_request.system}\0{content_request.seed}".encode()
    )
    for image in content_request.images:
        sha.update(hashlib.sha256(image).digest())
    return sha.digest()
