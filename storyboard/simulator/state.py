"""The state of the simulated services, in memory; media are in a folder of this process."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from storyboard.simulator.billing import Bill, Charge
from storyboard.simulator.clock import Clock
from storyboard.simulator.faults import Faults
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import ClipFactory
from storyboard.simulator.request_log import LoggedRequest
from storyboard.util.serialization import Serialized, reject_unknown_names

RETENTION_S = 48 * 3600.0
"""How long the Gemini API keeps a generated file."""

_CHOICES = {
    "comet_reply": ("flat", "wrapped", "fail_reason"),
    "chat_reply": ("usual", "tag", "markdown", "bare"),
    "omni_extension": ("combined", "tail"),
}
_WINDOW_S = 60.0
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Settings(Serialized):
    """How the services behave without faults."""

    latency_s: float = 0.0
    """The least duration of a job, on the clock."""
    processing: int = 0
    """How many polls of a new file report it as still processing."""
    quota: int = 0
    """Submissions per minute, on the clock; 0 is no limit."""
    retired: bool = False
    """Whether models that the real services have retired are answered with 404."""
    own_uris: bool = False
    """Whether file URIs name this origin instead of Google's."""
    draw: bool = False
    """Whether previz draws the clips."""
    comet_reply: str = "flat"
    """CometAPI's reply format for a video: `flat`, `wrapped`, or `fail_reason`, which has the
    URL there.
    """
    comet_percent: bool = False
    """Whether its progress reads `40%` instead of 40."""
    comet_two_frames: bool = False
    """Whether a second `input_reference` is the last frame, as an older page says."""
    comet_elsewhere: bool = False
    """Whether its video URLs are on the second origin."""
    chat_reply: str = "usual"
    """How chat gives the URL: `tag`, `markdown`, `bare`; `usual` is a tag in a stream, else a
    link.
    """
    omni_extension: str = "combined"
    """Omni's extensions: `combined` with their source, or only the `tail`."""
    omni_seam: int = 0
    """How many last frames of its source a combined extension remakes, for a smooth seam."""
    omni_total_s: float = 0.0
    """The longest result of an extension; 0 is the host's own limit."""
    omni_get_uri: bool = False
    """Whether Gemini's GET of an interaction keeps the requested URI; by default it sends bytes."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "latency_s": self.latency_s,
            "processing": self.processing,
            "quota": self.quota,
            "retired": self.retired,
            "own_uris": self.own_uris,
            "draw": self.draw,
            "comet_reply": self.comet_reply,
            "comet_percent": self.comet_percent,
            "comet_two_frames": self.comet_two_frames,
            "comet_elsewhere": self.comet_elsewhere,
            "chat_reply": self.chat_reply,
            "omni_extension": self.omni_extension,
            "omni_seam": self.omni_seam,
            "omni_total_s": self.omni_total_s,
            "omni_get_uri": self.omni_get_uri,
        }

    def with_changes(self, changes: Mapping[str, Any]) -> Settings:
        """These settings with some of them changed, by name; TypeError for an unknown name."""
        values = self.to_fields()
        reject_unknown_names(changes, values)
        values |= changes
        return Settings(
            latency_s=values["latency_s"],
            processing=values["processing"],
            quota=values["quota"],
            retired=values["retired"],
            own_uris=values["own_uris"],
            draw=values["draw"],
            comet_reply=values["comet_reply"],
            comet_percent=values["comet_percent"],
            comet_two_frames=values["comet_two_frames"],
            comet_elsewhere=values["comet_elsewhere"],
            chat_reply=values["chat_reply"],
            omni_extension=values["omni_extension"],
            omni_seam=values["omni_seam"],
            omni_total_s=values["omni_total_s"],
            omni_get_uri=values["omni_get_uri"],
        )

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if self.to_fields()[name] not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}")


@dataclass(slots=True)
class Job:
    """One long-running operation of any service."""

    name: str
    """The operation's full name, or the task's id."""
    provider: str
    model: str
    prompt: str
    clip_specs: tuple[ClipSpec, ...] = ()
    """The clips to make, one per sample; none if the job will fail."""
    error: tuple[int, str] | None = None
    """(gRPC code, message) of a job that fails."""
    filtered: tuple[str, ...] = ()
    """A reason for every filtered sample."""
    ready_at: float = 0.0
    clip_futures: list[Future[Path]] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    """Data of the job's service."""

    @property
    def clips(self) -> list[Path]:
        """The clips of a finished job."""
        return [future.result() for future in self.clip_futures]


@dataclass(slots=True)
class File:
    """A file of the Gemini API."""

    id: str
    path: Path
    mime: str
    created: float
    expires: float
    made_by: str = ""
    """`veo`, `omni`, or empty for an upload."""
    looks_left: int = 0
    """Polls that still report it as PROCESSING."""
    hops: int = 0
    """How often it has been extended."""
    prompt: str = ""

    @property
    def state(self) -> str:
        return "PROCESSING" if self.looks_left > 0 else "ACTIVE"


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object in a bucket."""

    path: Path
    mime: str
    created: float
    generation: int


class SimulatorState:
    """The whole state of one set of services. `url` and `other` are set once they listen."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        bill: Path | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._first_settings = self.settings
        self.clock = Clock()
        self.bill = Bill(bill)
        self.faults = Faults()
        self.journal: list[LoggedRequest] = []
        self.listener: Callable[[LoggedRequest], None] | None = None
        """Called with every answered request, in the server's thread."""
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, File] = {}
        self.objects: dict[tuple[str, str], BucketObject] = {}
        self.prompts_by_id: dict[str, str] = {}
        """Prompts by the ids that occur in paths and bodies."""
        self.published: dict[str, tuple[Path, str]] = {}
        """Files that anyone with the path may read, as (file, MIME type)."""
        self.result_writers: list[Callable[[], Awaitable[None]]] = []
        """Functions that write the results of finished jobs to their buckets, with or without a
        poll.
        """
        self.tokens: dict[str, float] = {}
        """Access tokens and when each expires."""
        self.keys = {
            "gemini": "simulated-gemini-key",
            "vertex": "simulated-vertex-key",
            "cometapi": "simulated-cometapi-key",
        }
        self.public_key: Any = None
        """Of the service account that may request tokens; None accepts any."""
        self.provisioned: set[str] = set()
        """Projects whose service agents are set up."""
        self.url = ""
        self.other = ""
        self.folder = Path(tempfile.mkdtemp(prefix="storyboard-simulator-"))
        self.clips = ClipFactory(self.folder / "clips", uses_previz=self.settings.draw)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="clips")
        self._numbers = itertools.count(1)
        self._submits: deque[float] = deque()
        self._lock = threading.Lock()

    def change_settings(self, **settings: Any) -> None:
        """Changes some of the settings while it runs."""
        self.settings = self.settings.with_changes(settings)

    def issue_job_number(self) -> int:
        """1, 2, 3…: distinguishes jobs with equal requests."""
        return next(self._numbers)

    def count_submit_against_quota(self) -> float:
        """Counts one submission; returns the seconds to wait if the minute is full, else 0."""
        if not self.settings.quota:
            return 0.0
        now = self.clock.now()
        with self._lock:
            while self._submits and self._submits[0] <= now - _WINDOW_S:
                self._submits.popleft()
            if len(self._submits) >= self.settings.quota:
                return self._submits[0] + _WINDOW_S - now
            self._submits.append(now)
        return 0.0

    def start_job(self, job: Job) -> Job:
        """Starts a job: registers its name and makes its clips."""
        job.ready_at = self.clock.now() + self.settings.latency_s
        job.clip_futures = [
            self._pool.submit(self.clips.create_clip, clip_spec) for clip_spec in job.clip_specs
        ]
        self.jobs[job.name] = job
        self.prompts_by_id[job.name.rpartition("/")[2]] = job.prompt
        return job

    async def is_done(self, job: Job) -> bool:
        """Whether a job has ended; once its time on the clock is over, waits briefly for the
        clips.
        """
        if self.clock.now() < job.ready_at:
            return False
        # Waiting briefly here spares clients many polls while a clip is still being encoded.
        waiting = [asyncio.wrap_future(future) for future in job.clip_futures if not future.done()]
        if waiting:
            _, unfinished = await asyncio.wait(waiting, timeout=_PATIENCE_S)
            if unfinished:
                return False
        for future in job.clip_futures:
            if error := future.exception():
                job.error = (13, f"The clip could not be made: {error}")
        return True

    def charge_job(
        self,
        job: Job,
        usd_per_s: Decimal,
        seconds: float,
        *,
        samples: int = 1,
        note: str = "",
    ) -> None:
        """Adds samples of a job to the bill; a `note` says why they cost nothing."""
        for _ in range(samples):
            usd = Decimal(0) if note else usd_per_s * Decimal(str(seconds))
            self.bill.add(
                Charge(
                    self.clock.now(), job.provider, job.model, "video", seconds, usd, job.name, note
                )
            )

    def store_file(
        self,
        path: Path,
        mime: str,
        *,
        made_by: str = "",
        looks: int = 0,
        hops: int = 0,
        prompt: str = "",
    ) -> File:
        """Adds a file of the Gemini API, with an id and an expiry like the real ones."""
        now = self.clock.now()
        name = secrets.token_hex(6)
        file = File(name, path, mime, now, now + RETENTION_S, made_by, looks, hops, prompt)
        self.files[name] = file
        self.prompts_by_id[name] = prompt
        return file

    def store_object(self, bucket: str, name: str, path: Path, mime: str) -> BucketObject:
        """Stores an object in a bucket, replacing any of that name."""
        now = self.clock.now()
        stored = BucketObject(path, mime, now, int(now * 1_000_000))
        self.objects[bucket, name] = stored
        return stored

    def find_object(self, uri: str) -> BucketObject | None:
        """The object of a `gs://` URI."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self.objects.get((bucket, name))

    def store_bytes(self, data: bytes, suffix: str = "") -> Path:
        """Writes bytes to a new file in the folder."""
        path = self.folder / f"{secrets.token_hex(8)}{suffix}"
        path.write_bytes(data)
        return path

    def publish_file(self, path: Path, mime: str, prompt: str = "") -> str:
        """A path on both origins where anyone may read the file; it ends in the file's suffix."""
        name = f"{secrets.token_hex(16)}{path.suffix}"
        self.published[name] = (path, mime)
        self.prompts_by_id[name] = prompt
        return f"/media/{name}"

    def append_named_prompts(self, text: str) -> str:
        """`text`, and the prompts of the jobs, files and objects that it names."""
        return "\n".join(
            [text, *(words for name, words in self.prompts_by_id.items() if name in text)]
        )

    def reset(self) -> None:
        """Forgets everything except the clock, the keys, the tokens and the clips made so far."""
        self.settings = self._first_settings
        self.bill.clear()
        self.faults.clear()
        for table in (self.jobs, self.files, self.objects, self.published, self.prompts_by_id):
            table.clear()
        self.journal.clear()
        self.provisioned.clear()
        self._submits.clear()
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Stops the clips that are being made and removes the folder."""
        self.clips.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)
