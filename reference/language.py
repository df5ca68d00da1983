"""The page of the storyboard file: every key, its values, an example, the cost of a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reference import language_topics as topics
from reference.markdown import format_block, format_table, join_words, mark_code
from reference.schema_values import (
    Node,
    describe_values,
    list_choices,
    list_inner_keys,
    resolve_node,
)
from storyboard.language import load_schema
from storyboard.language.show import format_flow_yaml
from storyboard.model.shot_keys import GROUPS, SHOT_KEYS, Place, ShotKey
from storyboard.providers.registry import list_declarations

_COSTS = {
    ("take", "cut"): "makes the take again and cuts the film again",
    ("take",): "makes the take again",
    ("cut",): "cuts the film again; buys nothing",
    ("plan",): "changes the plan; makes no existing take again",
    (): "costs nothing",
}
_PLACES = {
    Place.SHOT: "a shot",
    Place.SEQUENCE: "a sequence",
    Place.DEFAULTS: "`defaults`",
}
_COMPANIONS: Mapping[str, Mapping[str, Any]] = {
    "beats": {"length": 16},
    "last_frame": {"first_frame": "refs/quay.png"},
    "color": {"length": 2},
    "audio_track": {"clip": "footage/dawn.mp4"},
    "audio_lead": {"trim": {"start": 1}, "length": 3},
    "audio_lag": {"duration": 8, "length": 4},
    "card": {"length": 3},
    "angle": {"cast": ["ana", "ben"]},
    "titles.at": {"length": 3, "text": "Havana"},
    "titles.length": {"at": "SH010+1", "text": "Havana"},
    "titles.text": {"at": "SH010+1", "length": 3},
    "titles.credits": {"at": "end-6", "length": 6},
    "titles.style": {"at": "SH010+1", "length": 3, "text": "Havana"},
    "titles.image": {"at": "end-4", "length": 4},
    "titles.pos": {"at": "SH010+1", "length": 3, "text": "Havana"},
    "titles.width": {"at": "end-4", "length": 4, "image": "art/logo.png"},
    "sound.music.from": {"file": "music/theme.wav"},
    "sound.music.to": {"file": "music/theme.wav"},
    "sound.music.start": {"file": "music/theme.wav"},
    "sound.music.fade_in": {"file": "music/theme.wav"},
    "sound.music.fade_out": {"file": "music/theme.wav"},
    "sound.music.gain_db": {"file": "music/theme.wav"},
    "sound.music.duck_db": {"file": "music/theme.wav"},
    "sound.narration.at": {"ana": "She had left twice before."},
    "sound.narration.how": {"at": "SH080", "ana": "She had left twice before."},
    "sound.narration.off": {"at": "SH080", "ana": "She had left twice before."},
    "sound.narration.write": {"at": "SH080", "voice": "ana"},
    "sound.narration.voice": {"at": "SH080", "write": "one sentence on the harbour, dry"},
}
"""What an example needs beside it, to stand in a film as it is printed."""

_SECTION_TITLES = frozenset(
    "Defaults Policy Format Cast Providers Profiles Shots Titles Styles".split()
)
"""What has a section of its own."""

_SECTIONS = (
    ("format", "format", "Format", "What is delivered."),
    (
        "castMember",
        "cast.NAME",
        "Cast",
        "Who and what may be in the picture. Each member has a name of its own under `cast`, which "
        "shots use. `cast: {include: bible/cast.yaml}` takes over the cast of another file.",
    ),
    ("soundtrack", "sound", "Sound of the film", "Music, narration, ambience and loudness."),
    ("music", "sound.music", "Music", "Each item of the list `sound.music`."),
    (
        "narrationCue",
        "sound.narration",
        "Narration",
        "Each item of the list `sound.narration`. The line stands under the name of its speaker, "
        "`ana: She had left twice before.`, or a text model writes it.",
    ),
    (
        "title",
        "titles",
        "Titles",
        "Each item of the list `titles`: text or a picture over the film, which adds no length; a "
        "card is a shot of its own.",
    ),
    (
        "style",
        "styles.NAME",
        "Styles",
        "How titles and burnt subtitles look. Each style has a name of its own under `styles`, "
        "which `titles` use. Sizes are % of the frame's height, never pixels.",
    ),
    (
        "policy",
        "policy",
        "Policy",
        "What the film may cost, and what happens when something goes wrong.",
    ),
)
"""Definition of the schema, path of its keys, title, sentence."""


def build_language_page() -> str:
    """The whole page, as Markdown."""
    lines = [topics.INTRODUCTION, topics.VALUES, *topics.describe_words(), topics.LAYERS]
    lines += ["## The header of the film\n", "Keys of the file beside `shots`.\n"]
    definitions = load_schema()["definitions"]
    for name, node in definitions["film"]["properties"].items():
        lines += _describe_key(name, node, heading=f"`{name}` (header)")
    for definition, path, title, sentence in _SECTIONS[:2]:
        lines += _describe_section(definition, path, title, sentence)
    lines += _describe_blocks()
    lines += _list_overview()
    for key in SHOT_KEYS.values():
        if key.name in GROUPS:
            lines.append(f"## Shots: {GROUPS[key.name][0].lower()}{GROUPS[key.name][1:]}\n")
        lines += _describe_shot_key(key)
    lines += topics.describe_transitions(_describe_inner_key)
    lines += topics.describe_effects()
    for definition, path, title, sentence in _SECTIONS[2:]:
        lines += _describe_section(definition, path, title, sentence)
    lines += _describe_providers()
    return "\n".join(lines).rstrip() + "\n"


def _list_overview() -> Iterator[str]:
    yield "## Keys of a shot\n"
    yield "Where each key may stand, whether `like` takes it over, and the most that a change"
    yield "costs."
    yield ""
    rows = []
    for key in SHOT_KEYS.values():
        marks = ["•" if place in key.stands else "" for place in Place]
        like = "•" if key.like else ""
        cost = _describe_cost(find_key_node(key))
        rows.append([f"[`{key.name}`](#{key.name})", *marks, like, cost])
    yield from format_table(("key", "shot", "sequence", "defaults", "`like`", "a change"), rows)


def find_key_node(key: ShotKey) -> Node:
    """What the schema says of a shot key."""
    definitions = load_schema()["definitions"]
    home = "shot" if Place.SHOT in key.stands else "defaults"
    node: Node = definitions[home]["properties"][key.name]
    return node


def _describe_shot_key(key: ShotKey) -> Iterator[str]:
    places = [words for place, words in _PLACES.items() if place in key.stands]
    notes = ["Stands in " + join_words(places) + "."]
    if key.like:
        notes.append("`like` takes it over.")
    if key.is_joined:
        notes.append("Adds to what the sequence and the film say.")
    if key.is_source:
        notes.append("It begins the shot, so a shot has at most one key of this kind.")
    if key.meant_for:
        refused = ("a colour or a card", "footage, a colour or a card")[key.meant_for - 1]
        notes.append(f"It is refused on {refused}.")
    yield from _describe_key(key.name, find_key_node(key), notes, values=key.type.values)


def _describe_section(definition: str, path: str, title: str, sentence: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{sentence}\n"
    for name, node in load_schema()["definitions"][definition]["properties"].items():
        yield from _describe_key(name, node, heading=f"`{path}.{name}`", path=f"{path}.{name}")


def _describe_key(
    name: str,
    node: Node,
    notes: list[str] | None = None,
    heading: str = "",
    path: str = "",
    values: str = "",
) -> Iterator[str]:
    whole = resolve_node(node)
    yield f"### {heading or f'`{name}`'}\n"
    yield f"{mark_code(whole['description'])}\n"
    yield f"- Values: {values or describe_values(node)}."
    for choice, words in list_choices(node):
        yield f"  - `{choice}`: {words}"
    if whole.get("default") not in (None, []):
        yield f"- Default: `{format_flow_yaml(whole['default'])}`."
    if notes:
        yield f"- {' '.join(notes)}"
    if "x-affects" in whole:
        yield f"- A change {_describe_cost(whole)}."
    yield ""
    if name != "transition" and path not in ("sound.music", "sound.narration"):
        yield from _list_inner(node)
    examples = whole.get("examples", [])
    if examples:
        yield format_block("yaml", _format_examples(name, examples, path or name))


def _format_examples(name: str, examples: list[Any], path: str) -> str:
    lines = [
        f"{key}: {format_flow_yaml(value)}" for key, value in _COMPANIONS.get(path, {}).items()
    ]
    for index, example in enumerate(examples):
        lines.append(f"{'# or ' if index else ''}{name}: {format_flow_yaml(example)}")
    return "\n".join(lines)


def _list_inner(node: Node) -> Iterator[str]:
    whole = resolve_node(node)
    if whole.get("title") in _SECTION_TITLES:
        return
    if node.get("$ref") == "#/definitions/soundtrack":
        return
    keys = list(list_inner_keys(node))
    forms = {form for form, _, _ in keys}
    for form, key, inner in keys:
        yield _describe_inner_key(f"{form}, `{key}`" if len(forms) > 1 else f"`{key}`", inner)
    if keys:
        yield ""


def _describe_inner_key(label: str, node: Node) -> str:
    whole = resolve_node(node)
    default = whole.get("default")
    shown = f" Default: `{format_flow_yaml(default)}`." if default not in (None, []) else ""
    return f"- {label} ({describe_values(node)}): {mark_code(whole['description'])}{shown}"


def _describe_blocks() -> Iterator[str]:
    definitions = load_schema()["definitions"]
    yield topics.BLOCKS
    for definition, title in (
        ("sequence", "sequence"),
        ("include", "include"),
        ("defaults", "defaults"),
    ):
        own = {
            name: node
            for name, node in definitions[definition]["properties"].items()
            if name not in SHOT_KEYS or definition == "include"
        }
        for name, node in own.items():
            yield from _describe_key(name, node, heading=f"`{name}` ({title})")
    names = [f"`{name}`" for name in definitions["profile"]["properties"]]
    yield topics.PROFILES.replace("KEYS", join_words(names))
    yield topics.MERGE_KEYS


def _describe_providers() -> Iterator[str]:
    yield topics.PROVIDERS
    for name, declaration in list_declarations().items():
        for kind, words in (("settings", f"`providers.{name}`"), ("options", "`options`")):
            properties = declaration.schema.get(kind, {}).get("properties", {})
            if not properties:
                continue
            yield f"### {name}: {words}\n"
            for key, node in properties.items():
                yield _describe_inner_key(f"`{key}`", node)
            yield ""


def _describe_cost(whole: Node) -> str:
    moves = tuple(whole.get("x-affects", ()))
    return _COSTS[tuple(move for move in ("take", "cut") if move in moves) or moves]
