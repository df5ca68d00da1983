"""Characters that look like the marks of YAML and are others, or that can't be seen at all.

They come from word processors, web pages and keyboards for other scripts. In prose they are right;
where YAML wants a mark they make it read something else, and a person sees nothing wrong.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = {
    **dict.fromkeys("：﹕꞉∶", ":"),
    **dict.fromkeys("，、﹐", ","),
    **dict.fromkeys("｛﹛", "{"),
    **dict.fromkeys("｝﹜", "}"),
    **dict.fromkeys("［〔【", "["),
    **dict.fromkeys("］〕】", "]"),
    **dict.fromkeys("“”„‟«»＂″", '"'),
    **dict.fromkeys("‘’‚‛＇′", "'"),
    **dict.fromkeys("–—−‐‑‒―－•·", "-"),
    "＃": "#",
    "＂": '"',
}
_CONTROL_NAMES = {0: "NULL", 7: "BELL", 8: "BACKSPACE", 12: "FORM FEED", 27: "ESCAPE"}
_CONTROL_NAMES |= {13: "CARRIAGE RETURN", 127: "DELETE", 0x85: "NEXT LINE"}
_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
_INVISIBLE += "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
_SUSPECT = re.compile(f"[{_BLANKS}{_INVISIBLE}{re.escape(''.join(_MARKS))}\uff01-\uff5e]")
_IGNORABLE = re.compile(f"[{_INVISIBLE}]")
_TRAPS = (
    # (what stands in the place of a mark of YAML, as group 1)
    re.compile(rf"^[ \t]*([{_BLANKS}{_INVISIBLE}])"),
    re.compile(rf"^ *([{re.escape(''.join(c for c, m in _MARKS.items() if m == '-'))}])\s"),
    re.compile(rf"^ *(?:- +)*\{{?[\w-]+[{_INVISIBLE}]*\s*([：﹕꞉∶])"),
    re.compile(rf"^ *(?:- +)*\{{?[\w-]*([{_INVISIBLE}])[\w-]*:"),
    re.compile(rf"^ *(?:- +)*\{{?[\w-]+:([{_BLANKS}{_INVISIBLE}])"),
    re.compile(r"[{\[,:] *([“„«＂‘‚])"),
    re.compile(r"[{\[].*?([，、｝﹜］：])"),
    re.compile(r"^ *(?:- +)*([｛［【])"),
)


def name_character(character: str) -> str:
    """`FULLWIDTH COLON (U+FF1A)`."""
    code = ord(character)
    name = unicodedata.name(character, _CONTROL_NAMES.get(code, "an unnamed character"))
    return f"{name} (U+{code:04X})"


def find_trap(line: str) -> tuple[int, str] | None:
    """(column from 0, what to type instead) of a character that YAML doesn't read as it looks.

    Only for a line that is known to be wrong: in prose most of them are right.
    """
    for trap in _TRAPS:
        if match := trap.search(line):
            return match.start(1), describe_plain_form(match[1])
    return None


def describe_plain_form(character: str) -> str:
    """What to type instead: `type :`, `type a blank`, `delete it`."""
    if plain := _to_plain(character):
        return "type a space" if plain == " " else f"type {plain}"
    return "delete it"


def find_lookalike(text: str) -> str:
    """The first character of a name or a term that is not what it looks like; "" for none."""
    match = _SUSPECT.search(text)
    return match[0] if match else ""


def to_plain_text(text: str) -> str:
    """The text as it looks: ordinary marks and blanks, nothing invisible."""
    plain = (_to_plain(character) if _SUSPECT.match(character) else character for character in text)
    return unicodedata.normalize("NFC", "".join(plain))


def find_wrong_character(name: str) -> str:
    """The first character that no name may hold; "" where the name is sound.

    Names follow UAX 31: a letter of any script, then letters, digits, marks and `_`, and here `-`;
    nothing that is ignored or that turns the direction of writing.
    """
    for index, character in enumerate(name):
        if _IGNORABLE.match(character):
            return character
        word = character if index == 0 else f"a{character}"
        if character != "-" and not word.isidentifier():
            return character
        if index == 0 and character in "-_":
            return character
    return ""


def _to_plain(character: str) -> str:
    if character in _MARKS:
        return _MARKS[character]
    if _IGNORABLE.match(character):
        return ""
    return unicodedata.normalize("NFKC", character)
