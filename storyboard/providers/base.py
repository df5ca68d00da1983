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
    """What an input is to the step that takes it in."""

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
    """The digest of the content: of the file, or of (take, frame) for a frame of a take."""
    path: Path | None = None
    """Local bytes; None while planning, and where only a URI is known."""
    name: str = ""
    """The cast name of a reference; never part of identity."""
    facts: MediaFacts | None = None
    uri: str = ""
    expires_at: float | None = None
    state: Path | None = None
    """The `state.json` attachment of the take that this input comes from, if it has one."""
    source_frames: int = 0
    """How many of the take's first frames are its own source; an extension may begin with them."""

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
    """What the model is asked for, beside words and pictures."""

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
        """The words that a `speech` step speaks: those of its line, or those of its text input.

        Reads the text's file; raises OSError or UnicodeDecodeError if it can't.
        """
        text = self.input(Role.TEXT)
        if text is not None and text.path is not None:
            return text.path.read_text("utf-8").strip()
        return self.intent.dialogue[0].words if self.intent.dialogue else ""

    @property
    def script(self) -> str:
        """The text that a speech model receives: the manner, if any, and the words."""
        if self.input(Role.TEXT) is None:
            return self.prompt
        return f"{self.prompt} {self.words}".strip()


@dataclass(frozen=True, slots=True)
class Sample:
    """One result: media and what must be kept with it."""

    path: Path | None = None
    """A local file that the caller now owns (it is moved into the store)."""
    uri: str = ""
    """The address that `fetch` reads, and that an extension passes back to the service."""
    expires_at: float | None = None
    contains_source: bool = False
    """True for an extension whose media begins with its source."""
    source_frames: int = 0
    attachments: Mapping[str, Path] = field(default_factory=dict)
    """`first.png`, `last.png` (lossless), `state.json`; files that the caller now owns."""
    problem: str = ""
    """Why the delivered sample can't be used. It then has neither `path` nor `uri`, but keeps its
    place among the samples. The run asks for it again, which is free."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A provider's long-running job."""

    name: str
    """Resumes it from another process, where the provider can."""
    samples: tuple[Sample, ...] = ()
    """The samples that the answer to the submit contained, if that answer is the whole job."""


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
    """How many samples a filter took, if the service says so; None means all that are missing."""
    category: str = ""
    hint: str = ""
    """What helps against the filter, if we know it."""


@dataclass(frozen=True, slots=True)
class Failed:
    message: str
    billed: bool = False
    again_s: float | None = None
    """It failed for reasons of the service's own, which asks for the same job after this time."""
    hint: str = ""
    """What helps, if sending the same request once more does not."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The service says that the job is over, but its answer has nothing that can be used.

    The result may exist and be charged. So the run keeps the job and asks for it again: this render
    for some minutes, later renders until the service no longer keeps results.
    """

    message: str


@dataclass(frozen=True, slots=True)
class Filtered:
    """A safety filter took every sample."""

    message: str
    category: str = ""
    billed: bool = False
    hint: str = ""
    """What helps against that category, if we know it."""
    taken: int | None = None
    """How many samples a filter took, if the service says so; the others count as charged."""


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
"""The fields that a paid service receives, and that identity reads by default."""


Outcome: TypeAlias = Running | Done | Failed | Filtered | Unusable


class Workplace(Protocol):
    """What the run gives a provider: a folder to write in and processes to compute in."""

    @property
    def scratch(self) -> Path:
        """A folder for unfinished files, on the store's file system."""

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        """Runs a picklable function in the process pool."""


class Provider(Protocol):
    """An adapter. One object serves a whole run; its methods may run concurrently.

    The run calls the class with the film's settings for it, `providers.NAME`, as a mapping. The
    class may declare more by the attributes of `declaration.ProviderDeclaration`: the models that
    it sells, the schemas of its settings and options, where its keys come from and what they look
    like.

    It may have two more methods. `async account() -> str` names the account whose quota is used,
    without any key in it. `async trace(tag: str) -> tuple[Sample, ...]` looks for the results of an
    attempt whose answer was lost, by its `Request.tag`, in the order of its samples; it is free to
    repeat.

    The errors that the methods raise decide about the money: every StoryboardError of `submit`
    except UnknownOutcome says that no job was made; any other exception leaves the outcome unknown.
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
        """The state of the job; free to repeat.

        Failed and Filtered without `billed` mean that the service itself says that the job cost
        nothing. Raises UnknownOutcome if nobody can ask about the job any more: then a person
        decides.
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
