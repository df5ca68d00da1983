"""The page of the storyboard file: every key, its values, an example, the cost of a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference.schema_values import Node, describe_values, list_inner_keys, resolve_node
from storyboard.language import load_schema
from storyboard.language.show import format_flow_yaml
from storyboard.model.shot_keys import SHOT_KEYS, Place, ShotKey

_INTRODUCTION = """\
# The storyboard file

A film is a YAML file: a header, and shots in running order. The smallest film has three lines:

```yaml
storyboard: 1
shots:
  - {id: SH010, prompt: A paper boat turns in a fountain}
```

Times are seconds (`2.5`) or frames (`"12f"`). Keys that begin with `x-` are yours: storyboard
ignores them. Nothing else is ignored: an unknown key is an error that names the nearest known
one. `storyboard check FILM` finds every mistake at once, and `storyboard show FILM --origins`
prints the film as storyboard understands it, with the place that each value comes from.

A value may stand in several places. The nearest one counts, in this order: the command line, the
shot, the shot that `like` names, the sequence, the included file, the profile, the film's
`defaults`. `look` and `negative_prompt` add up from the film to the shot; every other key replaces
the value further out.

**What a change costs.** *Makes the take again* means that storyboard plans a new take, at the price
that `storyboard plan` prints. *Cuts the film again* costs time and no money. *Changes the plan*
means that the number of takes, or the take that plays, changes. What an entry says is the most that
a change can cost; `storyboard plan` says what your change costs.
"""
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
_SECTIONS = (
    ("film", "The film", "Keys of the header."),
    ("format", "Format", "What is delivered, under `format`."),
    ("castMember", "Cast", "Who and what may be in the picture: each has a name under `cast`."),
    ("music", "Music", "A cue in the list `sound.music`."),
    ("narrationCue", "Narration", "A cue in the list `sound.narration`."),
    ("title", "Titles", "An entry of the list `titles`."),
    ("policy", "Policy", "Money, and what happens when something goes wrong, under `policy`."),
)
_SPEAKER_FIRST = ("dialogue", "narration")


def build_language_page() -> str:
    """The whole page, as Markdown."""
    lines = [_INTRODUCTION, *_list_overview(), "## Shots\n"]
    for key in SHOT_KEYS.values():
        lines += _describe_shot_key(key)
    lines += _describe_blocks()
    definitions = load_schema()["definitions"]
    for definition, title, sentence in _SECTIONS:
        lines += [f"## {title}\n", f"{sentence}\n"]
        for name, node in definitions[definition]["properties"].items():
            lines += _describe_key(name, node)
    return "\n".join(lines).rstrip() + "\n"


def _list_overview() -> Iterator[str]:
    yield "## Keys of a shot\n"
    yield "| key | shot | sequence | defaults | `like` | a change |"
    yield "|---|:-:|:-:|:-:|:-:|---|"
    for key in SHOT_KEYS.values():
        marks = " | ".join("•" if place in key.stands else "" for place in Place)
        like = "•" if key.like else ""
        cost = _describe_cost(find_key_node(key))
        yield f"| [`{key.name}`](#{key.name}) | {marks} | {like} | {cost} |"
    yield ""


def find_key_node(key: ShotKey) -> Node:
    """What the schema says of a shot key."""
    definitions = load_schema()["definitions"]
    home = "shot" if Place.SHOT in key.stands else "defaults"
    node: Node = definitions[home]["properties"][key.name]
    return node


def _describe_shot_key(key: ShotKey) -> Iterator[str]:
    places = [words for place, words in _PLACES.items() if place in key.stands]
    notes = ["Stands in " + _join_words(places) + "."]
    if key.like:
        notes.append("`like` takes it over.")
    if key.is_source:
        notes.append("It begins the shot, so a shot has at most one key of this kind.")
    if key.meant_for:
        refused = ("a colour or a card", "footage, a colour or a card")[key.meant_for - 1]
        notes.append(f"It is refused on {refused}.")
    yield from _describe_key(key.name, find_key_node(key), notes)


def _describe_key(name: str, node: Node, notes: list[str] | None = None) -> Iterator[str]:
    whole = resolve_node(node)
    yield f"### `{name}`\n"
    yield f"{whole['description']}\n"
    yield f"- Values: {describe_values(node)}"
    if whole.get("default") not in (None, []):
        yield f"- Default: `{_format_value(whole['default'])}`"
    if notes:
        yield f"- {' '.join(notes)}"
    if "x-affects" in whole:
        yield f"- A change {_describe_cost(whole)}."
    yield ""
    yield from _list_inner(node)
    examples = whole.get("examples", [])
    if examples:
        yield "```yaml"
        for index, example in enumerate(examples):
            yield f"{'# or ' if index else ''}{name}: {_format_value(example)}"
        yield "```\n"


def _list_inner(node: Node) -> Iterator[str]:
    whole = resolve_node(node)
    if whole.get("title") in ("Defaults", "Policy", "Format", "Cast", "Providers", "Profiles"):
        return  # sections of their own
    keys = list(list_inner_keys(node))
    forms = {form for form, _, _ in keys}
    for form, key, inner in keys:
        inner_node = resolve_node(inner)
        label = f"{form}, `{key}`" if len(forms) > 1 else f"`{key}`"
        default = inner_node.get("default")
        shown = f" Default: `{_format_value(default)}`." if default not in (None, []) else ""
        yield f"- {label} ({describe_values(inner)}): {inner_node['description']}{shown}"
    if keys:
        yield ""


def _describe_blocks() -> Iterator[str]:
    definitions = load_schema()["definitions"]
    yield "## Sequences, includes, defaults and profiles\n"
    for definition in ("sequence", "include", "defaults"):
        own = {
            name: node
            for name, node in definitions[definition]["properties"].items()
            if name not in SHOT_KEYS or definition == "include"
        }
        for name, node in own.items():
            yield from _describe_key(name, node)
    names = [f"`{name}`" for name in definitions["profile"]["properties"]]
    yield f"A profile may hold {_join_words(names)}; `--profile NAME` lays it over the film.\n"


def _describe_cost(whole: Node) -> str:
    moves = tuple(whole.get("x-affects", ()))
    return _COSTS[tuple(move for move in ("take", "cut") if move in moves) or moves]


def _join_words(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) else format_flow_yaml(value)
