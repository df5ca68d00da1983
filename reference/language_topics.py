"""The parts of the language page that are no single key: values, words, layers, effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reference.markdown import format_block, format_table, join_words, mark_code
from reference.schema_values import Node, list_inner_keys
from storyboard.language import load_schema
from storyboard.language.builder.vocabulary import ANGLES, SIZES
from storyboard.language.show import format_flow_yaml
from storyboard.model.effects import EFFECTS, UNWRITTEN, ArgumentType, EffectSpec
from storyboard.transitions.registry import load_transitions

INTRODUCTION = """\
# The storyboard file

A film is a YAML file: a header, and shots in running order. The smallest film has three lines:

```yaml
storyboard: 1
shots:
  - {id: SH010, prompt: A paper boat turns in a fountain}
```

An unknown key is an error that names the nearest known one. Keys that begin with `x-` are yours:
storyboard ignores them. `storyboard check FILM` finds every mistake at once. `storyboard show FILM
--origin` prints the film as storyboard understands it, and says where each value comes from.

**What a change costs.** Each key says the most that a change of it can cost.

- *Makes the take again*: storyboard plans a new take, at the price that `storyboard plan` prints.
- *Cuts the film again*: takes time and no money.
- *Changes the plan*: the number of takes changes, or the take that plays.

`storyboard plan` says what your change costs.
"""

VALUES = """\
## Times, frames and points

**Times** are seconds, such as `2.5`, or frames, such as `"12f"`. storyboard works in whole frames
at the rate of the film; a time between two frames moves to the nearest one, with a note. The end of
a range is the first frame that is not in it.

**A frame of another shot** is the id of the shot and which of its frames:

| write | for |
|---|---|
| `SH010.first` | the first frame of its take |
| `SH010.last` | the last frame of its take |
| `SH010.in` | the first frame that plays, after `trim` |
| `SH010.out` | the last frame that plays |
| `SH010@2.5`, `SH010@60f` | a frame at a time in its take |

`first_frame`, `last_frame` and a still take such a frame. They also take a picture file, the name
of a cast member with an image, or words: `{still: Ana at the quay, cast: [ana]}`.

**A point of the film**, for titles and sound:

| write | for |
|---|---|
| `SH010` | where the shot begins |
| `SH010+1.5`, `SH010-12f` | so long after or before that |
| `start`, `end`, `end-6` | the start or the end of the film |
| `72` | seconds of the film |

A point moves with its shot when you change the cut; film seconds don't.

```yaml
storyboard: 1
shots:
  - {id: SH010, prompt: Ana at the quay, duration: 6, trim: {start: "12f", end: -0.5}}
  - {id: SH020, first_frame: SH010.out, prompt: She turns, length: 3}
  - {id: SH030, first_frame: SH010@2.5, prompt: Her hands, length: 2}
titles:
  - {at: SH020+0.5, text: Havana, length: 2}
```

**Files** are named relative to the file that names them. They lie under the folder of the film, or
under `root`.
"""

LAYERS = """\
## Where a value may stand

A key of a shot may stand in several places. The nearest one counts, in this order:

1. the command line
2. the shot
3. the shot that `like` names
4. the sequence
5. the included file
6. the profile
7. `defaults` of the film

`look` and `negative_prompt` add up from the film to the shot. Every other key replaces the value
further out.
"""

BLOCKS = """\
## Sequences, includes and defaults

Items of `shots` are shots, sequences or includes. A sequence groups shots, and its other keys are
defaults of the shots in it. An include puts the shots of another file in its place; the paths of
that file are relative to it. `defaults`, `look` and `cast` in the header of the included file hold
for its shots. `defaults` of the film holds for every shot.

```yaml
storyboard: 1
defaults: {provider: vertex, model: veo-3.1, handles: 0.5}
shots:
  - sequence: SQ01
    scene: INT. KITCHEN - NIGHT
    shots:
      - {id: SH010, prompt: A letter on the table, length: 4}
      - {id: SH020, prompt: A hand takes it, length: 2}
  - include: act2.yaml
```
"""

PROFILES = """\
## Profiles

A profile is another version of the header, under a name of yours. `--profile NAME` lays it over the
film. It may hold KEYS.

```yaml
storyboard: 1
defaults: {provider: vertex, model: veo-3.1}
profiles:
  draft:
    defaults: {model: veo-3.1-fast}
    policy: {budget_usd: 5}
shots:
  - {id: SH010, prompt: A letter on the table, length: 4}
```
"""

MERGE_KEYS = """\
## Anchors and merge keys

YAML's anchors, aliases and merge keys work. `&name` marks a value, `*name` repeats it, and `<<`
merges a mapping into another one. Put what you only mark under a key with `x-`.

```yaml
storyboard: 1
x-night: &night {time: night, light: one lamp from the left}
shots:
  - {id: SH010, prompt: A letter on the table, length: 4, <<: *night}
  - {id: SH020, prompt: A hand takes it, length: 2, <<: *night}
```
"""

PROVIDERS = """\
## Settings and options of providers

Settings say where and how a provider is reached; they stand in the header under
`providers.NAME`. They never change what is made, and they never hold a key. Options are settings
of a model that only some providers know; they stand in a shot under `options`. `storyboard models
NAME` says which options a model has.

```yaml
storyboard: 1
defaults: {provider: vertex, model: veo-3.1, options: {person_generation: allow_adult}}
providers: {vertex: {project: my-project, location: us-central1}}
shots:
  - {id: SH010, prompt: A letter on the table, length: 4}
```
"""

_SAMPLES: Mapping[ArgumentType, Any] = {
    ArgumentType.SECONDS: 0.5,
    ArgumentType.POINT: 0.5,
    ArgumentType.NUMBER: 0.5,
    ArgumentType.POSITIVE: 0.5,
    ArgumentType.COUNT: 2,
    ArgumentType.PIXELS: 20,
    ArgumentType.EXTENT: 640,
    ArgumentType.FLAG: True,
    ArgumentType.COLOR: "black",
    ArgumentType.WEIGHTS: "CRT_phosphor",
    ArgumentType.REGION: [0, 0, 320, 180],
    ArgumentType.PLACE: [0, 0],
    ArgumentType.SIZE: 0.5,
    ArgumentType.SIDE: "left",
    ArgumentType.UNIT: "deg",
    ArgumentType.RESAMPLING: "bicubic",
}


def describe_words() -> Iterator[str]:
    """The words that `size` and `angle` know."""
    yield "## Sizes and angles\n"
    yield "These words are for `size`. Case, spaces, `_` and `-` make no difference, and a closing"
    yield "*shot*, *angle* or *view* may follow. Other words are kept, with a warning.\n"
    yield f"{_list_words(SIZES)}.\n"
    yield "These words are for `angle`:\n"
    yield f"{_list_words(ANGLES)}.\n"


def describe_transitions(describe: Callable[[str, Node], str]) -> Iterator[str]:
    """The forms of a transition, each with its keys."""
    definition = load_schema()["definitions"]["transition"]
    names = ", ".join(f"`{name}`" for name in definition["else"]["enum"])
    yield "## Transitions\n"
    yield "`transition` says how the film comes into a shot, and `transition_out` how it ends after"
    yield f"the last one. A name alone takes the defaults: {names}. `{{dissolve: 0.5}}` gives the"
    yield "transition its length, and other keys beside it.\n"
    forms: dict[str, list[str]] = {}
    for form, key, node in list_inner_keys(definition):
        forms.setdefault(form, []).append(describe(f"`{key}`", node))
    for form, lines in forms.items():
        yield f"### {form}\n"
        yield from lines
        yield ""
    examples = [*definition["else"]["enum"], *list_sample_transitions()]
    shots = [
        f"- {{id: SH{index:02}0, prompt: The harbour, length: 4, handles: 1, "
        f"transition: {format_flow_yaml(example)}}}"
        for index, example in enumerate(examples, 2)
    ]
    film = ["storyboard: 1", "shots:", "- {id: SH010, prompt: The harbour, length: 4, handles: 1}"]
    yield format_block("yaml", "\n".join([*film, *shots]))


def list_sample_transitions() -> Iterator[Mapping[str, Any]]:
    """Each transition with its own keys."""
    for name, spec in load_transitions().items():
        own = {parameter.name: parameter.examples[0] for parameter in spec.parameters}
        duration = {name: spec.examples[0]}
        if spec.is_with_color:
            yield {**duration, **own, "from": "black"}
            yield {**duration, **own, "through": "white"}
        else:
            yield {**duration, **own}


def describe_effects() -> Iterator[str]:
    """Every effect that a shot may have, from the table that checks them."""
    yield "## Effects\n"
    yield "`effects` puts MoviePy's effects on a shot, one after another. Each has MoviePy's own"
    yield "name and arguments. Effects are free steps of their own: a change makes no take again."
    yield "`length` stays the seconds on screen, after the effects.\n"
    rows = []
    for name, spec in EFFECTS.items():
        arguments = "; ".join(_group_arguments(spec))
        length = "changes" if spec.duration_rule else "keeps"
        rows.append((f"`{name}`", arguments, _describe_required(spec), length))
    yield from format_table(("effect", "arguments", "needed", "length"), rows)
    examples = [format_flow_yaml(build_sample_effect(name)) for name in EFFECTS]
    yield "The least that each wants:\n"
    yield format_block("yaml", "\n".join(["effects:", *(f"  - {text}" for text in examples)]))
    refused = [f"`{name}` ({why})" for name, why in UNWRITTEN.items()]
    yield f"A storyboard can't have {join_words(refused)}.\n"


def build_sample_effect(name: str) -> Any:
    """An effect with the arguments that it needs."""
    spec = EFFECTS[name]
    arguments = {group[0]: _SAMPLES[spec.arguments[group[0]]] for group in spec.required_groups}
    return {name: arguments} if arguments else name


def _describe_required(spec: EffectSpec) -> str:
    groups = [join_words([f"`{key}`" for key in group], "or") for group in spec.required_groups]
    return join_words(groups) if groups else ""


def _group_arguments(spec: EffectSpec) -> Iterator[str]:
    """`x1`, `x2`: whole pixels."""
    by_kind: dict[ArgumentType, list[str]] = {}
    for name, kind in spec.arguments.items():
        by_kind.setdefault(kind, []).append(f"`{name}`")
    for kind, names in by_kind.items():
        yield f"{', '.join(names)}: {mark_code(kind.value)}"


def _list_words(words: frozenset[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))
