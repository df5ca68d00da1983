"""The look of a cast member: from the description, and from a hash for what it leaves open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from storyboard.previz.painting.colors import COLORS, mix_colors, shade_color
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.script.vocabulary import split_words

_SKINS = ("#f3d3b8", "#e9bf9b", "#dcaa82", "#c68d63", "#a5714c", "#7f543a", "#61402e")
_HAIRS = ("#2a211f", "#3d2b22", "#5b3d2a", "#7a4f2e", "#a4723f", "#1f1c21", "#8a3f24", "#c79a55")
_TOPS = ("#b5543c", "#3f6b7d", "#7b8c5a", "#c79b45", "#6a4c6d", "#35506b", "#a86f4c", "#7f9dae",
         "#8c3b4a", "#d3c19b", "#4f7a6c", "#a85a6a")  # fmt: skip
_BOTTOMS = ("#2f3642", "#4a4038", "#39485a", "#5d5346", "#27303a", "#574a55")
_WOMEN = frozenset("woman girl lady she her mother wife sister daughter queen nurse waitress "
                   "grandmother bride widow actress princess female aunt".split())  # fmt: skip
_MEN = frozenset("man boy he his gentleman father husband brother son king sailor fisherman "
                 "captain soldier grandfather male uncle priest monk waiter".split())  # fmt: skip
_OVER = {"coat": "coat", "overcoat": "coat", "trenchcoat": "coat", "trench": "coat",
         "raincoat": "coat", "parka": "coat", "robe": "coat", "cloak": "coat", "gown": "dress",
         "dress": "dress", "cardigan": "cardigan", "jacket": "jacket", "blazer": "jacket",
         "suit": "jacket", "uniform": "jacket", "tuxedo": "jacket", "shirt": "shirt",
         "blouse": "shirt", "sweater": "jumper", "jumper": "jumper", "pullover": "jumper",
         "hoodie": "jumper", "t-shirt": "tee", "tee": "tee", "vest": "vest", "waistcoat": "vest",
         "overalls": "overalls", "apron": "apron", "turtleneck": "jumper"}  # fmt: skip
_UNDER = {"skirt": "skirt", "trousers": "trousers", "jeans": "trousers", "pants": "trousers",
          "shorts": "shorts"}  # fmt: skip
_HATS = {"hat": "hat", "fedora": "hat", "cap": "cap", "beret": "beret", "headscarf": "headscarf",
         "helmet": "cap", "beanie": "beanie", "hood": "headscarf",
          "bonnet": "headscarf"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """Colours and shapes of one person."""

    height: float
    """Metres."""
    head: float
    """Height of the head, as a share of the body's."""
    woman: bool
    skin: str
    hair: str
    style: str
    """short, side, long, bob, bun, curly, tail, bald or wisps."""
    beard: str
    """none, full, moustache or stubble."""
    beard_color: str
    hat: str
    hat_color: str
    glasses: bool
    scarf: str
    over: str
    """coat, dress, cardigan, jacket, shirt, jumper, tee, vest, overalls or apron."""
    over_color: str
    inner: str
    tie: str
    under: str
    under_color: str
    shoes: str
    old: bool
    broad: float


@lru_cache(maxsize=64)
def derive_look(name: str, description: str, tint: tuple[str, str, str] | None = None) -> Look:
    """The look for a description; the same words always give the same look.

    `tint` is (hair, top, bottom) of a picture; it fills in what the words leave open, so a person
    looks the same in shots with and without the picture.
    """
    # Every draw happens for every description, so that a tint doesn't change the others.
    rng = seed_random("look", name, description)
    words = split_words(description)
    word_set = set(words)
    woman = _is_woman(name, word_set, rng.random())
    age = _find_age(description, word_set)
    child = age is not None and age < 13
    old = (age or 30) >= 62
    height = (1.12 + 0.04 * (age or 8) - 0.2) if child else rng.uniform(1.63, 1.70)
    if not child and not woman:
        height = rng.uniform(1.73, 1.82)
    if "tall" in word_set:
        height += 0.09
    if word_set & {"short", "small", "tiny"} and "short hair" not in description:
        height -= 0.08
    skin = _choose_skin_color(description.lower(), rng.choice(_SKINS[:5]))
    tint_colors = tint or ("", "", "")
    some_hair = rng.choice(_HAIRS)
    hair = _choose_hair_color(
        description.lower(), tint_colors[0] or some_hair, old, (age or 30) >= 48
    )
    style = _choose_hair_style(description.lower(), woman, old, rng.random())
    beard = "none" if woman or child else _choose_beard_style(description.lower(), rng.random())
    over, over_color = _find_garment_and_color(words, _OVER)
    under, under_color = _find_garment_and_color(words, _UNDER)
    hat, hat_color = _find_garment_and_color(words, _HATS)
    if "straw" in word_set and hat == "hat":
        hat_color = COLORS["straw"]
    _, scarf = _find_garment_and_color(words, {"scarf": "scarf", "shawl": "scarf"})
    plain_color = _find_clothing_color(words)
    top, bottom = rng.choice(_TOPS), rng.choice(_BOTTOMS)
    if not over:
        over = rng.choice(("cardigan", "shirt", "jumper", "dress", "coat") if woman else
                          ("shirt", "jacket", "jumper", "coat", "shirt"))  # fmt: skip
        if child:
            over = rng.choice(("jumper", "tee", "dress") if woman else ("jumper", "tee"))
        over_color = over_color or plain_color
    over_color = over_color or tint_colors[1] or top
    if "tuxedo" in word_set and not _find_garment_and_color(words, {"tuxedo": "t"})[1]:
        over_color = "#23242a"
    beard_color = _find_noun_color(words, "beard") or _find_noun_color(words, "moustache") or hair
    # With a white or grey beard the hair has the same colour, unless the description names it.
    if beard_color in (COLORS["white"], COLORS["grey"]) and "hair" not in word_set:
        hair = beard_color
    return Look(
        height=height, head=0.192 if child else 0.158, woman=woman, skin=skin,
        hair=hair, style=style, beard=beard,
        beard_color=beard_color, hat=hat,
        hat_color=hat_color or mix_colors(over_color, "#2b2a2d", 0.55),
        glasses=bool(word_set & {"glasses", "spectacles", "bespectacled"}),
        scarf=scarf or (rng.choice(_TOPS) if "scarf" in word_set else ""),
        over=over, over_color=over_color,
        inner=_choose_inner_garment_color(over_color, rng.random()),
        tie=rng.choice(("#7b2f33", "#2f4a6b", "#3d3d44")) if word_set & {"tie", "suit"} else "",
        under=under or ("skirt" if woman and over != "dress" and rng.random() < 0.35
                        else "trousers"),
        under_color=under_color or tint_colors[2] or bottom,
        shoes=rng.choice(("#2b2320", "#3f2b20", "#26272b")), old=old,
        broad=(0.92 if woman else 1.0) * rng.uniform(0.97, 1.04)
        * (1.12 if word_set & {"broad", "burly", "stout", "heavy", "big", "fat"} else 1.0),
    )  # fmt: skip


def _is_woman(name: str, word_set: set[str], random_draw: float) -> bool:
    if word_set & _WOMEN:
        return True
    if word_set & _MEN or word_set & {"beard", "bearded", "moustache"}:
        return False
    lower = name.lower()
    if lower in _WOMEN or lower in _MEN:
        return lower in _WOMEN
    if lower.endswith(("a", "ie", "elle", "ine", "lyn", "eth", "iris", "ice")):
        return lower not in ("luca", "joshua", "noah", "charlie", "elia", "nikita", "andrea")
    return random_draw < 0.35


def _find_age(description: str, word_set: set[str]) -> int | None:
    match = re.search(r"\b(\d{1,2})\b(?! ?(?:mm|cm|kg))", description)
    if match:
        return int(match[1])
    if word_set & {"child", "boy", "girl", "kid", "toddler", "little"}:
        return 8
    if word_set & {"old", "elderly", "aged", "grandmother", "grandfather", "ancient"}:
        return 70
    return None


def _choose_skin_color(description: str, fallback_color: str) -> str:
    if re.search(
        r"\b(dark|black|brown|ebony)[- ]skin|\bafrican\b|\bblack (?:man|woman)\b", description
    ):
        return _SKINS[5]
    if re.search(r"\b(pale|fair|freckled|light)[- ]?(?:skin|face)?\b", description):
        return _SKINS[0]
    if re.search(r"\b(tanned|olive[- ]skin|weathered|latina?|mediterranean|indian)\b", description):
        return _SKINS[3]
    return fallback_color


def _choose_hair_color(description: str, fallback_color: str, old: bool, is_greying: bool) -> str:
    hair_match = re.search(
        r"\b([a-z]+)(?:[ -](?:long|short|curly|straight|wavy))?[ -]hair", description
    )
    if hair_match and hair_match[1] in COLORS:
        return {"dark": "#2c2320", "black": "#221f22", "brown": "#54382a"}.get(
            hair_match[1], COLORS[hair_match[1]]
        )
    for pattern, color in (
        (r"\bblond|fair-haired|\bfair hair", "#d8b56c"),
        (r"\bredhead|\bginger|red-haired|auburn", "#9c4a26"),
        (r"\bbrunette", "#4a3025"),
        (r"white-haired|snowy", "#e6e3dc"),
        (r"gr[ae]y-haired|silver-haired", "#a7a8aa"),
        (r"dark-haired|raven", "#221d22"),
    ):
        if re.search(pattern, description):
            return color
    if old:
        return "#d8d6d1"
    return mix_colors(fallback_color, "#9a9a9c", 0.35) if is_greying else fallback_color


def _choose_hair_style(description: str, woman: bool, old: bool, random_draw: float) -> str:
    for pattern, style in (
        (r"\bbald|shaved head", "bald"), (r"\bbun\b|chignon|pinned", "bun"),
        (r"pony ?tail|braid|plait", "tail"), (r"\bcurl|afro|wavy", "curly"),
        (r"\bbob\b", "bob"), (r"long[\w -]{0,12}hair", "long"),
        (r"short[\w -]{0,12}hair|crop", "short" if not woman else "bob"),
    ):  # fmt: skip
        if re.search(pattern, description):
            return style
    if woman:
        return ("bun" if old else "long" if random_draw < 0.34 else "bob" if random_draw < 0.58
                else "bun" if random_draw < 0.74 else "curly" if random_draw < 0.88
                else "tail")  # fmt: skip
    if old:
        return "wisps" if random_draw < 0.5 else "side"
    return "short" if random_draw < 0.4 else "side" if random_draw < 0.8 else "curly"


def _choose_beard_style(description: str, random_draw: float) -> str:
    if "clean-shaven" in description or "beardless" in description:
        return "none"
    if "beard" in description:
        return "full"
    if "moustache" in description or "mustache" in description:
        return "moustache"
    if "stubble" in description or "unshaven" in description:
        return "stubble"
    return "full" if random_draw < 0.14 else "moustache" if random_draw < 0.22 else "none"


def _find_garment_and_color(words: list[str], garments: dict[str, str]) -> tuple[str, str]:
    """The first garment of `garments` in `words`, and the colour before it."""
    for at, word in enumerate(words):
        stem = word.removesuffix("s") if word not in garments else word
        if stem in garments:
            return garments[stem], _find_color_before(words, at)
    return "", ""


def _find_noun_color(words: list[str], noun: str) -> str:
    return _find_color_before(words, words.index(noun)) if noun in words else ""


def _find_color_before(words: list[str], noun_index: int) -> str:
    near = words[max(0, noun_index - 3) : noun_index]
    for i, word in reversed(list(enumerate(near))):
        # A colour before another garment belongs to that one.
        if word in _OVER or word in _UNDER or word in _HATS or word in ("and", "hair", "beard"):
            return ""
        for part in reversed(word.split("-")):
            if part in COLORS:
                lighter = near[i - 1] if i else ""
                color = COLORS[part]
                if lighter in ("light", "pale"):
                    return shade_color(color, 0.35)
                return shade_color(color, -0.3) if lighter in ("dark", "deep") else color
    return ""


def _find_clothing_color(words: list[str]) -> str:
    """A colour without a garment, as in `in red`."""
    for at, word in enumerate(words[:-1]):
        if word == "in" and words[at + 1] in COLORS:
            return COLORS[words[at + 1]]
    return ""


def _choose_inner_garment_color(over_color: str, random_draw: float) -> str:
    return mix_colors("#efe7d6" if random_draw < 0.7 else "#cfd8dc", over_color, 0.12)
