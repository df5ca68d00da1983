"""What `generateContent` accepts for pictures, text and speech, and its prices.

Pure: from a decoded JSON body to a `ContentRequest` or a `Rejection`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from storyboard.simulator.validation.rejection import (
    Rejection,
    reject_invalid,
    reject_on_type_errors,
)

TEXT, IMAGE, AUDIO = "TEXT", "IMAGE", "AUDIO"

IMAGE_MODELS = {
    "gemini-2.5-flash-image": {"1K": "0.039"},
    "gemini-3.1-flash-lite-image": {"1K": "0.034"},
    "gemini-3.1-flash-image": {"512": "0.045", "1K": "0.067", "2K": "0.101", "4K": "0.151"},
    "gemini-3-pro-image": {"1K": "0.134", "2K": "0.134", "4K": "0.24"},
}
"""USD per picture by `imageSize`; sizes that aren't listed aren't offered."""
TEXT_MODELS = {
    "gemini-2.5-flash": ("0.30", "2.50"),
    "gemini-2.5-pro": ("1.25", "10.00"),
    "gemini-3.1-pro-preview": ("2.00", "12.00"),
    "gemini-3.5-flash-lite": ("0.30", "2.50"),
    "gemini-3.5-flash": ("1.50", "9.00"),
    "gemini-3.8-flash": ("0.75", "3.75"),
}
"""USD per million tokens, in and out."""
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
class ContentRequest:
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
    """The schema of a JSON reply."""
    seed: int = 0

    @property
    def tokens_in(self) -> int:
        return (
            estimate_token_count(self.system)
            + estimate_token_count(self.prompt)
            + 258 * len(self.images)
        )


def reject_unsupported_location(model_id: str, location: str) -> Rejection | None:
    """Vertex serves the third generation and later only in the location `global`."""
    if location == "global" or model_id.startswith("gemini-2"):
        return None
    message = (
        f"Publisher Model `publishers/google/models/{model_id}` was not found in location "
        f"{location}, or your project does not have access to it."
    )
    return Rejection(404, "NOT_FOUND", message)


def estimate_token_count(words: str) -> int:
    """The approximate number of tokens."""
    return (len(words) + 3) // 4


def compute_answer_price_usd(content_request: ContentRequest, output_tokens: int) -> Decimal:
    """USD for a reply of `output_tokens` tokens; a picture has its own price."""
    if content_request.output == IMAGE:
        return Decimal(IMAGE_MODELS[content_request.model][content_request.image_size])
    rates = TEXT_MODELS if content_request.output == TEXT else SPEECH_MODELS
    input_rate, output_rate = (Decimal(rate) for rate in rates[content_request.model])
    return (input_rate * content_request.tokens_in + output_rate * output_tokens) / 1_000_000


@reject_on_type_errors("INVALID_ARGUMENT")
def read_content_request(model_id: str, body: object) -> ContentRequest | Rejection:
    """Reads a `generateContent` body for `model_id`."""
    if "omni" in model_id:
        return reject_invalid("This model only supports Interactions API.")
    if model_id not in {**IMAGE_MODELS, **TEXT_MODELS, **SPEECH_MODELS}:
        message = f"models/{model_id} is not found, or is not supported for generateContent."
        return Rejection(404, "NOT_FOUND", message)
    if not isinstance(body, Mapping):
        return reject_invalid("Invalid JSON payload received.")
    config = body.get("generationConfig", {})
    if not isinstance(config, Mapping):
        return reject_invalid("`generationConfig` must be an object.")
    parts = _read_text_and_images(body.get("contents"))
    if isinstance(parts, Rejection):
        return parts
    prompt, images = parts
    system = _read_text_and_images(body.get("systemInstruction", {"parts": []}))
    if isinstance(system, Rejection):
        return system
    if not prompt:
        return reject_invalid("* GenerateContentRequest.contents: contents is not specified")
    seed = config.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        return reject_invalid("`seed` must be an integer.")
    content_request = ContentRequest(model_id, TEXT, prompt, system[0], images, seed=seed)
    modalities = {str(modality).upper() for modality in config.get("responseModalities", [])}
    if model_id in SPEECH_MODELS:
        return _apply_speech_config(content_request, modalities, config)
    if model_id in IMAGE_MODELS:
        return _apply_image_config(content_request, modalities, config)
    return _apply_text_config(content_request, modalities, config)


def _apply_text_config(
    content_request: ContentRequest, modalities: set[str], config: Mapping[str, Any]
) -> ContentRequest | Rejection:
    if modalities - {TEXT}:
        return _reject_modalities(content_request.model, modalities, TEXT)
    schema = config.get("responseSchema") or config.get("responseJsonSchema")
    kind = config.get("responseMimeType", "text/plain")
    if schema is not None and kind != "application/json":
        return reject_invalid("`responseSchema` needs `responseMimeType` application/json.")
    if kind == "application/json":
        schema = schema if isinstance(schema, Mapping) else {"type": "OBJECT"}
    return replace(content_request, schema=schema)


def _apply_image_config(
    content_request: ContentRequest, modalities: set[str], config: Mapping[str, Any]
) -> ContentRequest | Rejection:
    if modalities and (IMAGE not in modalities or modalities - {TEXT, IMAGE}):
        return _reject_modalities(content_request.model, modalities, "TEXT, IMAGE")
    max_images = MOST_IMAGES.get(content_request.model, 14)
    if len(content_request.images) > max_images:
        return reject_invalid(f"Please use at most {max_images} images with this model.")
    image = config.get("imageConfig", {})
    aspect, size = image.get("aspectRatio", "1:1"), image.get("imageSize", "1K")
    if aspect not in ASPECTS:
        return reject_invalid(f"aspectRatio must be one of {', '.join(ASPECTS)}, got {aspect}.")
    offered = IMAGE_MODELS[content_request.model]
    if size not in offered:
        return reject_invalid(f"imageSize must be one of {', '.join(offered)}, got {size}.")
    width, height = (round(side * _SCALE[size]) for side in ASPECTS[aspect])
    return replace(content_request, output=IMAGE, size=(width, height), image_size=size)


def _apply_speech_config(
    content_request: ContentRequest, modalities: set[str], config: Mapping[str, Any]
) -> ContentRequest | Rejection:
    if modalities != {AUDIO}:
        return _reject_modalities(content_request.model, modalities or {TEXT}, AUDIO)
    if content_request.images or content_request.system:
        return reject_invalid("A speech model reads text only, and no system instruction.")
    if estimate_token_count(content_request.prompt) > MOST_SPOKEN:
        return reject_invalid(f"The input token count exceeds the maximum of {MOST_SPOKEN}.")
    speech = config.get("speechConfig", {})
    speaker_configs = speech.get("multiSpeakerVoiceConfig", {}).get("speakerVoiceConfigs", [])
    if speaker_configs and len(speaker_configs) != 2:
        return reject_invalid("Exactly two speaker voice configurations must be provided.")
    voice_configs = [voice_config.get("voiceConfig", {}) for voice_config in speaker_configs] or [
        speech.get("voiceConfig", {})
    ]
    names = [
        voice_config.get("prebuiltVoiceConfig", {}).get("voiceName", "Kore")
        for voice_config in voice_configs
    ]
    voices = {voice.lower(): voice for voice in VOICES}
    for name in names:
        if str(name).lower() not in voices:
            listed = ", ".join(sorted(voices))
            return reject_invalid(
                f"Voice name {name} is not supported. Allowed voice names are: {listed}"
            )
    return replace(content_request, output=AUDIO, voice=voices[str(names[0]).lower()])


def _reject_modalities(model: str, modalities: set[str], allowed: str) -> Rejection:
    return reject_invalid(
        f"The requested combination of response modalities ({', '.join(sorted(modalities))}) is "
        f"not supported by the model. models/{model} accepts the following combination of response "
        f"modalities:\n* {allowed}\n"
    )


def _read_text_and_images(contents: object) -> tuple[str, tuple[bytes, ...]] | Rejection:
    """The text and the inline pictures of `contents`, which is one content or a list of them."""
    content_list = [contents] if isinstance(contents, Mapping) else contents
    if not isinstance(content_list, list):
        return "", ()
    words: list[str] = []
    images: list[bytes] = []
    for content in content_list:
        parts = content.get("parts", []) if isinstance(content, Mapping) else []
        for part in [parts] if isinstance(parts, Mapping) else parts:
            inline = part.get("inlineData") or part.get("inline_data")
            if "text" in part:
                words.append(str(part["text"]))
            elif isinstance(inline, Mapping):
                mime = inline.get("mimeType") or inline.get("mime_type")
                if mime not in IMAGE_TYPES:
                    return reject_invalid(f"Unsupported MIME type: {mime}")
                try:
                    images.append(base64.b64decode(str(inline.get("data", "")), validate=True))
                except (binascii.Error, ValueError):
                    return reject_invalid("Base64 decoding failed.")
            else:
                return reject_invalid("A part needs `text` or `inlineData`.")
    return "\n".join(words).strip(), tuple(images)
