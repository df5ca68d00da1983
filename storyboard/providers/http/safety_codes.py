"""What Google's safety filters mean by their support codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_CODES: Mapping[str, tuple[int, ...]] = {
    "a child": (58061214, 17301594),
    "a celebrity": (29310472, 15236754),
    "video safety": (64151117, 42237218),
    "dangerous content": (62263041,),
    "hate": (57734940, 22137204),
    "another reason": (74803281, 29578790, 42876398),
    "prohibited content": (89371032, 49114662, 63429089, 72817394, 60599140),
    "third-party content": (35561574, 35561575),
    "sexual content": (90789179, 43188360),
    "toxic language": (78610348,),
    "violence": (61493863, 56562880),
    "vulgar language": (32635315,),
    "a person or face": (39322892,),
    "personal data": (92201652,),
}
MEANING: Mapping[str, str] = MappingProxyType(
    {str(code): meaning for meaning, codes in _CODES.items() for code in codes}
)
"""By code, of eight digits."""

_CODE_SENTENCE = re.compile(r"[Ss]upport codes?:? *([\d, ]+)")
_CURES = {
    "a celebrity": "describe people without names; names are often mistaken for celebrities",
    "a child": "write the age of adults into the prompt, or leave children out; Google generates"
    " children only for projects on its list, with `person_generation: allow_all`",
    "another reason": "render again; the filter doesn't always decide the same way",
    "third-party content": "leave out brands, titles, characters and quotations of others:"
    " describe what is seen",
    "a person or face": "check `person_generation`, which may not allow people; an image that is"
    " sent may show a person",
    "personal data": "leave out names with addresses, numbers or dates",
    "the filter of the project": "check the Model Armor template of your project",
    "sound": "render again, since filters of sound don't always decide the same way; or set"
    " `audio: false` where the model can be silent",
}


def find_support_codes(text: str) -> tuple[str, ...]:
    """The support codes that a service's sentence names, in its order."""
    numbers = [
        code for sentence in _CODE_SENTENCE.findall(text) for code in re.findall(r"\d{8}", sentence)
    ]
    return tuple(dict.fromkeys(numbers))


def find_filter_categories(text: str) -> str:
    """What the filter found, in words; empty if the sentence names no known code."""
    concerns = [MEANING[code] for code in find_support_codes(text) if code in MEANING]
    if not concerns and "audio" in text.lower():
        return "sound"
    return " and ".join(dict.fromkeys(concerns))


def append_support_code_meaning(text: str) -> str:
    """The service's sentence with the meaning of its codes behind it."""
    concern = find_filter_categories(text)
    return f"{text} (the filter found: {concern})" if concern else text


def suggest_filter_cure(filter_category: str) -> str:
    """What helps against a category; empty where only other words do."""
    return next((advice for name, advice in _CURES.items() if name in filter_category), "")
