"""What `generateContent` takes for pictures, words and speech, and what that costs.

Pure: a decoded JSON body in, a `Wanted` or a `Refusal` out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from storyboard.simulator.rules.refusal import Refusal, invalid, typed

TEXT, IMAGE, AUDIO = "TEXT", "IMAGE", "AUDIO"

IMAGE_MODELS = {
    "gemini-2.5-flash-image": {"1K": "0.039"},
    "gemini-3.1-flash-lite-image": {"1K": "0.034"},
    "gemini-3.1-flash-image": {"512": "0.045", "1K": "0.067", "2K": "0.101", "4K": "0.151"},
    "gemini-3-pro-image": {"1K": "0.134", "2K": "0.134", "4K": "0.24"},
}
"""USD a picture by `imageSize`; a size that isn't listed isn't offered."""
TEXT_MODELS = {
    "gemini-2.5-flash": ("0.30", "2.50"),
    "gemini-2.5-pro": ("1.25", "10.00"),
    "gemini-3.1-pro-preview": ("2.00", "12.00"),
    "gemini-3.5-flash-lite": ("0.30", "2.50"),
    "gemini-3.5-flash": ("1.50", "9.00"),
    "gemini-3.8-flash": ("0.75", "3.75"),
}
"""USD a million tokens, in and out."""
SPEECH_MODELS = {
    "gemini-2.5-flash-preview-tts": ("0.50", "10.00"),
    "gemini-2.5-pro-preview-tts": ("1.00", "20.00"),
    "gemini-3.8-flash-tts": ("0.50", "9.00"),
    "gemini-3.8-flash-lite-tts": ("0.50", "6.00"),
}
AUDIO_TOKENS_A_SECOND = 25

VOICES = (
    "Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus Umbriel "
    "Algieba Despina Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar Gacrux "
    "Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia Sadaltager Sulafat"
).split()
ASPECTS = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
"""Width and height at 1K."""
_SCALE = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
MOST_IMAGES = {"gemini-2.5-flash-image": 3}
"""Pictures in a prompt; 14 for the others."""
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
MOST_SPOKEN = 8192
"""Tokens that a speech model reads."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An accepted request."""

    model: str
    output: str
    """TEXT, IMAGE or AUDIO."""
    prompt: str
    system: str = ""
    images: tuple[bytes, ...] = ()
    size: tuple[int, int] = (1024, 1024)
    image_size: str = "1K"
    voice: str = "Kore"
    schema: Mapping[str, Any] | None = None
    """What a JSON answer must fit."""
    seed: int = 0

    @property
    def tokens_in(self) -> int:
        return tokens(self.system) + tokens(self.prompt) + 258 * len(self.images)


def place_refusal(model: str, location: str) -> Refusal | None:
    """Vertex serves the third generation and later in the location `global` only."""
    if location == "global" or model.startswith("gemini-2"):
        return None
    said = (
        f"Publisher Model `publishers/google/models/{model}` was not found in location "
        f"{location}, or your project does not have access to it."
    )
    return Refusal(404, "NOT_FOUND", said)


def tokens(words: str) -> int:
    """About how many tokens that is."""
    return (len(words) + 3) // 4


def price(wanted: Wanted, tokens_out: int) -> Decimal:
    """USD for an answer of `tokens_out` tokens; a picture has its own price."""
    if wanted.output == IMAGE:
        return Decimal(IMAGE_MODELS[wanted.model][wanted.image_size])
    rates = TEXT_MODELS if wanted.output == TEXT else SPEECH_MODELS
    read, made = (Decimal(rate) for rate in rates[wanted.model])
    return (read * wanted.tokens_in + made * tokens_out) / 1_000_000


@typed("INVALID_ARGUMENT")
def read_request(model: str, body: object) -> Wanted | Refusal:
    """Reads a `generateContent` body for `model`."""
    if "omni" in model:
        return invalid("This model only supports Interactions API.")
    if model not in {**IMAGE_MODELS, **TEXT_MODELS, **SPEECH_MODELS}:
        said = f"models/{model} is not found, or is not supported for generateContent."
        return Refusal(404, "NOT_FOUND", said)
    if not isinstance(body, Mapping):
        return invalid("Invalid JSON payload received.")
    config = body.get("generationConfig", {})
    if not isinstance(config, Mapping):
        return invalid("`generationConfig` must be an object.")
    parts = _parts(body.get("contents"))
    if isinstance(parts, Refusal):
        return parts
    prompt, images = parts
    system = _parts(body.get("systemInstruction", {"parts": []}))
    if isinstance(system, Refusal):
        return system
    if not prompt:
        return invalid("* GenerateContentRequest.contents: contents is not specified")
    seed = config.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        return invalid("`seed` must be an integer.")
    wanted = Wanted(model, TEXT, prompt, system[0], images, seed=seed)
    asked = {str(each).upper() for each in config.get("responseModalities", [])}
    if model in SPEECH_MODELS:
        return _speech(wanted, asked, config)
    if model in IMAGE_MODELS:
        return _picture(wanted, asked, config)
    return _words(wanted, asked, config)


def _words(wanted: Wanted, asked: set[str], config: Mapping[str, Any]) -> Wanted | Refusal:
    if asked - {TEXT}:
        return _modalities(wanted.model, asked, TEXT)
    schema = config.get("responseSchema") or config.get("responseJsonSchema")
    kind = config.get("responseMimeType", "text/plain")
    if schema is not None and kind != "application/json":
        return invalid("`responseSchema` needs `responseMimeType` application/json.")
    if kind == "application/json":
        schema = schema if isinstance(schema, Mapping) else {"type": "OBJECT"}
    return replace(wanted, schema=schema)


def _picture(wanted: Wanted, asked: set[str], config: Mapping[str, Any]) -> Wanted | Refusal:
    if asked and (IMAGE not in asked or asked - {TEXT, IMAGE}):
        return _modalities(wanted.model, asked, "TEXT, IMAGE")
    most = MOST_IMAGES.get(wanted.model, 14)
    if len(wanted.images) > most:
        return invalid(f"Please use at most {most} images with this model.")
    image = config.get("imageConfig", {})
    aspect, size = image.get("aspectRatio", "1:1"), image.get("imageSize", "1K")
    if aspect not in ASPECTS:
        return invalid(f"aspectRatio must be one of {', '.join(ASPECTS)}, got {aspect}.")
    offered = IMAGE_MODELS[wanted.model]
    if size not in offered:
        return invalid(f"imageSize must be one of {', '.join(offered)}, got {size}.")
    width, height = (round(side * _SCALE[size]) for side in ASPECTS[aspect])
    return replace(wanted, output=IMAGE, size=(width, height), image_size=size)


def _speech(wanted: Wanted, asked: set[str], config: Mapping[str, Any]) -> Wanted | Refusal:
    if asked != {AUDIO}:
        return _modalities(wanted.model, asked or {TEXT}, AUDIO)
    if wanted.images or wanted.system:
        return invalid("A speech model reads text only, and no system instruction.")
    if tokens(wanted.prompt) > MOST_SPOKEN:
        return invalid(f"The input token count exceeds the maximum of {MOST_SPOKEN}.")
    speech = config.get("speechConfig", {})
    several = speech.get("multiSpeakerVoiceConfig", {}).get("speakerVoiceConfigs", [])
    if several and len(several) != 2:
        return invalid("Exactly two speaker voice configurations must be provided.")
    told = [each.get("voiceConfig", {}) for each in several] or [speech.get("voiceConfig", {})]
    names = [each.get("prebuiltVoiceConfig", {}).get("voiceName", "Kore") for each in told]
    known = {voice.lower(): voice for voice in VOICES}
    for name in names:
        if str(name).lower() not in known:
            listed = ", ".join(sorted(known))
            return invalid(f"Voice name {name} is not supported. Allowed voice names are: {listed}")
    return replace(wanted, output=AUDIO, voice=known[str(names[0]).lower()])


def _modalities(model: str, asked: set[str], allowed: str) -> Refusal:
    return invalid(
        f"The requested combination of response modalities ({', '.join(sorted(asked))}) is not "
        f"supported by the model. models/{model} accepts the following combination of response "
        f"modalities:\n* {allowed}\n"
    )


def _parts(contents: object) -> tuple[str, tuple[bytes, ...]] | Refusal:
    """The words and the inline pictures of `contents`, which is one content or a list of them."""
    listed = [contents] if isinstance(contents, Mapping) else contents
    if not isinstance(listed, list):
        return "", ()
    words: list[str] = []
    images: list[bytes] = []
    for content in listed:
        held = content.get("parts", []) if isinstance(content, Mapping) else []
        for part in [held] if isinstance(held, Mapping) else held:
            inline = part.get("inlineData") or part.get("inline_data")
            if "text" in part:
                words.append(str(part["text"]))
            elif isinstance(inline, Mapping):
                mime = inline.get("mimeType") or inline.get("mime_type")
                if mime not in IMAGE_TYPES:
                    return invalid(f"Unsupported MIME type: {mime}")
                try:
                    images.append(base64.b64decode(str(inline.get("data", "")), validate=True))
                except (binascii.Error, ValueError):
                    return invalid("Base64 decoding failed.")
            else:
                return invalid("A part needs `text` or `inlineData`.")
    return "\n".join(words).strip(), tuple(images)
