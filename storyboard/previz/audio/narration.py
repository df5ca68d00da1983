"""Narration of previz: a placeholder text, and a murmur as long as its words."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np

from storyboard.errors import OperationFailed
from storyboard.model.film import Line
from storyboard.previz.audio.mix import murmur_line_in_room
from storyboard.previz.audio.noise import RATE
from storyboard.providers.base import Request, Sample

_COUNTS = {"a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "couple": 2, "few": 3, "three": 3}
_ASKED = re.compile(
    r"(?:write |say )?(?P<count>\d+|[a-z]+)(?: of)?(?: [a-z]+){0,2}?"
    r" (?P<what>sentences?|lines?|words?)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FURTHER = ("Its own words are still to be written.", "It takes its time over that.")


def write_placeholder_narration(request: Request, folder: Path) -> Sample:
    """Writes a placeholder from the instruction: it says what a text model will write.

    It has the requested number of sentences, at most three, so the voice takes about as long.
    """
    instruction = " ".join(request.intent.prompt.split()).rstrip(".")
    match = _ASKED.fullmatch(instruction)
    count, subject = 1, instruction
    if match and match["rest"].strip():
        count_word = match["count"].lower()
        count = int(count_word) if count_word.isdigit() else _COUNTS.get(count_word, 2)
        # A number of words is still one sentence.
        count = count if match["what"].lower().startswith(("sentence", "line")) else 1
        subject = match["rest"].strip(" ,:")
    if re.match(r"(on|about|of|from|to|for|over|in|at|with)\b", subject, re.IGNORECASE):
        first = f"Here a voice will speak {subject}."
    else:
        first = f"Here a voice will say this: {subject}."
    sentences = [first, *_FURTHER][: max(1, min(count, 3))]
    path = folder / "words.txt"
    path.write_text(" ".join(sentences) + "\n", encoding="utf-8")
    return Sample(path=path)


def murmur_line_to_wav(request: Request, folder: Path) -> Sample:
    """Murmurs a line like `murmur_line_in_room` and writes it as a 16-bit WAV.

    Raises OperationFailed if there are no words.
    """
    if not request.intent.dialogue or not request.words:
        raise OperationFailed("the text to speak is empty", provider="previz")
    line = request.intent.dialogue[0]
    sound = murmur_line_in_room(
        Line(line.speaker, request.words, 0, line.how, line.off), line.voice
    )
    path = folder / "line.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return Sample(path=path)
