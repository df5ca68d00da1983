"""The port: one declared request, and the three verbs that answer it.

Identity, legality, previz, the wires, plug-ins, the plan and the manifest all read the same
`Request`. The core imports this module and never an adapter; adapters come in through the entry
point group `storyboard.providers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from storyboard.model.film import MediaFacts
from storyboard.providers.intent import Figure, Intent, Move, SpokenLine
from storyboard.util.serialization import Serialized

__all__ = [
    "WIRE_READS", "WRITE_TOKENS", "Done", "Failed", "Figure", "Filtered", "Input", "Intent",
    "Kind", "Move", "Operation", "Outcome", "Provider", "Request", "Role", "Running", "Sample",
    "Settings", "SpokenLine", "Workplace",
]  # fmt: skip


class Kind(StrEnum):
    """The kinds of step."""

    STILL = "still"
    WRITE = "write"
    SPEECH = "speech"
    GENERATE = "generate"
    INTERPOLATE = "interpolate"
    EXTEND = "extend"
    IMPORT = "import"
    FRAME = "frame"
    CONFORM = "conform"
    EFFECT = "effect"
    TITLE = "title"
    MIX = "mix"
    STITCH = "stitch"


class Role(StrEnum):
    """What an edge carries into a step."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    VIDEO = "video"
    REFERENCE = "reference"
    CLIP = "clip"
    SOUND = "sound"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Input(Serialized):
    """Bytes that a step takes in, by role."""

    role: Role
    sha256: str
    """Content identity: of the file, or of (take, frame) where it is a frame of a take."""
    path: Path | None = None
    """Local bytes; None while planning, and where only a URI is known."""
    name: str = ""
    """The cast name of a reference; never part of identity."""
    facts: MediaFacts | None = None
    uri: str = ""
    expires_at: float | None = None
    state: Path | None = None
    """The `state.json` attachment of the take behind it, where there is one."""
    source_frames: int = 0
    """Frames of its own source that the take behind it begins with."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "sha256": self.sha256,
            "path": self.path,
            "name": self.name,
            "facts": self.facts,
            "uri": self.uri,
            "expires_at": self.expires_at,
            "state": self.state,
            "source_frames": self.source_frames,
        }


@dataclass(frozen=True, slots=True)
class Settings(Serialized):
    """What is asked of the model besides words and pictures."""

    duration_s: int = 8
    """Seconds of new material."""
    resolution: str = "720p"
    aspect_ratio: str = "16:9"
    fps: int = 24
    audio: bool = True
    seed: int | None = None
    negative_prompt: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_fields(self) -> dict[str, Any]:
        return {
            "duration_s": self.duration_s,
            "resolution": self.resolution,
            "aspect_ratio": self.aspect_ratio,
            "fps": self.fps,
            "audio": self.audio,
            "seed": self.seed,
            "negative_prompt": self.negative_prompt,
            "options": self.options,
        }


WRITE_TOKENS = 2048
"""Most tokens that a `write` step may cost, thinking included."""


@dataclass(frozen=True, slots=True)
class Request(Serialized):
    """What a provider is asked, as a value.

    Steps of moving pictures (`generate interpolate extend`) carry what their fields say. The
    three others:

    `still`: one picture. `prompt` is everything an image model is told; `inputs` are
    `Role.REFERENCE` pictures of the cast and the place, at most as many as the catalogue allows,
    each with its cast name; `settings.aspect_ratio`, and `settings.resolution`, which is one of
    the image model's own (`1k`, `2k`, `4k`) for a paid one and the shot's for previz;
    `settings.seed` where the model takes one. The sample is a PNG or JPEG of one frame.

    `write`: a few sentences to be spoken. `prompt` is the whole instruction; there are no inputs.
    The sample is a UTF-8 `.txt` file with the words and nothing else. The catalogue's price is
    that of one call of at most WRITE_TOKENS tokens out, which the adapter sends as its limit.

    `speech`: one line, spoken. `intent.dialogue` holds that line alone: `words`, empty where an
    earlier step wrote them; `how`; `voice`, the cast's words for it or a model's own name for a
    voice, also in `settings.options["voice"]`, so that identity reads it. `prompt` is the manner
    and the words, or the manner alone where a `Role.TEXT` input brings the words; `script` joins
    the two. The sample is a WAV file, or another that ffmpeg reads, with sound and no picture.
    """

    kind: Kind
    provider: str
    model: str
    """The exact model id."""
    prompt: str
    intent: Intent
    settings: Settings
    inputs: tuple[Input, ...] = ()
    samples: int = 1
    """Results that one operation is asked for; each becomes a take."""
    combined: bool = False
    """For an extension: the platform's result begins with its source (source + tail)."""
    tag: str = ""
    """This attempt's own name, letters, digits and dashes: for storage prefixes, never identity."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "provider": self.provider,
            "model": self.model,
            "prompt": self.prompt,
            "intent": self.intent,
            "settings": self.settings,
            "inputs": self.inputs,
            "samples": self.samples,
            "combined": self.combined,
            "tag": self.tag,
        }

    def input(self, role: Role) -> Input | None:
        """The first input of that role."""
        return next((item for item in self.inputs if item.role is role), None)

    @property
    def words(self) -> str:
        """What a `speech` step speaks: the words of its line, or of the text it was given.

        Reads the text's file; OSError or UnicodeDecodeError where that can't be.
        """
        text = self.input(Role.TEXT)
        if text is not None and text.path is not None:
            return text.path.read_text("utf-8").strip()
        return self.intent.dialogue[0].words if self.intent.dialogue else ""

    @property
    def script(self) -> str:
        """What a speech model is sent: the manner, if any, and the words."""
        if self.input(Role.TEXT) is None:
            return self.prompt
        return f"{self.prompt} {self.words}".strip()


@dataclass(frozen=True, slots=True)
class Sample:
    """One result: media and what must be kept with it."""

    path: Path | None = None
    """A local file that the caller now owns (it is moved into the store)."""
    uri: str = ""
    """Where `fetch` reads it, and what an extension hands back."""
    expires_at: float | None = None
    contains_source: bool = False
    """An extension whose media begins with its source."""
    source_frames: int = 0
    attachments: Mapping[str, Path] = field(default_factory=dict)
    """`first.png`, `last.png` (lossless), `state.json`; files that the caller now owns."""
    problem: str = ""
    """Why it can't be used as it was delivered, with neither `path` nor `uri`: it keeps its place
    among the others, and is asked for again, since that is free."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A provider's long-running job."""

    name: str
    """Resumes it from another process, where the provider can."""
    samples: tuple[Sample, ...] = ()
    """What came with the answer to the submit, where that is the whole job."""


@dataclass(frozen=True, slots=True)
class Running:
    """Not done yet."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    samples: tuple[Sample, ...]
    """In the provider's order; fewer than were asked when some were filtered."""
    filtered: str = ""
    """Why the others are missing; where nothing is said they are asked for again."""
    taken: int | None = None
    """How many a filter took, where that is said; None for all that are missing."""
    category: str = ""
    hint: str = ""
    """What helps against the filter, where anything is known to."""


@dataclass(frozen=True, slots=True)
class Failed:
    message: str
    billed: bool = False
    again_s: float | None = None
    """It failed for reasons of the service's own, which asks for the same job after this time."""
    hint: str = ""
    """What helps, where asking for the same once more does not."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The service says that the job is over, and its answer has nothing that can be used.

    The result may well exist and be paid for, so the job is kept and asked for again: by this
    render for some minutes, by later ones until the service no longer keeps results.
    """

    message: str


@dataclass(frozen=True, slots=True)
class Filtered:
    """A safety filter took every sample."""

    message: str
    category: str = ""
    billed: bool = False
    hint: str = ""
    """What helps against that category, where anything is known to."""
    taken: int | None = None
    """How many a filter took, where that is said; the others count as charged."""


WIRE_READS = frozenset(
    {
        "prompt",
        "settings.duration_s",
        "settings.resolution",
        "settings.aspect_ratio",
        "settings.audio",
        "settings.seed",
        "settings.negative_prompt",
        "settings.options",
    }
)
"""What a paid wire sends, and so what its identity reads unless its adapter says otherwise."""


Outcome: TypeAlias = Running | Done | Failed | Filtered | Unusable


class Workplace(Protocol):
    """What the run lends a provider: a place to write and processes to compute in."""

    @property
    def scratch(self) -> Path:
        """A folder for unfinished files, on the store's file system."""

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        """Runs a picklable function in the process pool."""


class Provider(Protocol):
    """An adapter. One object serves a whole run; its methods may run concurrently.

    The class is called with the film's settings for it, `providers.NAME`, as a mapping. It may
    declare more by the attributes of `declaration.ProviderDeclaration`: the models that it sells,
    the schemas of its settings and options, and where its keys come from and what they look like.

    Two more methods may be there. `async account() -> str` names whose quota is used, without any
    key in it. `async trace(tag: str) -> tuple[Sample, ...]` looks for what an attempt whose answer
    was lost has left under its `Request.tag`, in the order of its samples; free to repeat.

    What the methods raise decides what becomes of the money: every StoryboardError of `submit`
    but UnknownOutcome says that no job was made; any other exception leaves the outcome unknown.
    """

    name: str
    repeatable: bool
    """True for a free local step that may simply run again."""
    reads: frozenset[str]
    """The request fields that change its result: `prompt`, `intent.camera`, `settings.seed`…"""
    revision: str
    """Part of identity; the renderer's revision for previz, empty for a remote model."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job. For a paid provider this spends money; it never retries by itself."""

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands; free to repeat.

        Failed and Filtered without `billed` are the service's own word that the job cost nothing.
        Raises UnknownOutcome where nobody can be asked about the job any more: a person decides.
        """

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with `path` set; free to repeat."""

    async def close(self) -> None:
        """Gives back connections."""


@dataclass(frozen=True, slots=True)
class ProviderTraits:
    """What planning must know of a provider without loading its adapter."""

    reads: frozenset[str]
    revision: str = ""
    repeatable: bool = False
