"""A film set of paper: media that are a line of JSON, providers that write their bill to disk."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.errors import MediaError, StoryboardError
from storyboard.graph.compiler import Graph
from storyboard.graph.step_identity import compute_identity
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film, MediaFacts, MediaFile, Policy, Shot, Take
from storyboard.plan.plan import Action, Node, Plan, Reason
from storyboard.plan.take_chooser import TakeChooser
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Kind,
    Operation,
    Outcome,
    Request,
    Role,
    Running,
    Sample,
    Settings,
    Workplace,
)
from storyboard.run.events import Event
from storyboard.run.executor.executor import run_plan
from storyboard.run.file_hashes import FileHashCache
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.paths import locate_lock_file, locate_state_folder, locate_store_folder
from storyboard.run.result import RunResult
from storyboard.run.store.store import Store
from storyboard.run.take_library import TakeLibrary
from storyboard.timecode import Rate

RATE = Rate(Fraction(24))
READS = frozenset({"prompt", "settings.duration_s", "settings.seed"})


def write_clip(path: Path, *, frames: int = 24, content: object = "") -> Path:
    """A medium of paper."""
    path.write_text(json.dumps({"frames": frames, "content": content}))
    return path


class FakeMedia:
    """Reads media of paper as `stitching.media.ffmpeg` reads real ones."""

    def probe(self, path: Path) -> MediaFacts:
        try:
            frames = json.loads(path.read_text())["frames"]
        except ValueError as error:
            raise MediaError(f"{path.name} is no medium") from error
        return MediaFacts(320, 180, frames, RATE, Fraction(frames, 24), has_audio=True)

    def probe_and_decode(self, path: Path) -> MediaFacts:
        facts = self.probe(path)
        if json.loads(path.read_text()).get("content") == "damaged":
            raise MediaError(f"{path} is damaged: frame 7, at 0.29 s, can't be decoded")
        return facts

    def extract_frame(self, path: Path, frame: int, out: Path) -> None:
        out.write_text(json.dumps({"frames": 1, "content": [path.name, frame]}))

    def convert_picture(self, path: Path, out: Path) -> None:
        out.write_text(json.dumps({"frames": 1, "content": [path.name, "converted"]}))

    def count_source_frames_in_result(
        self, source: Path, source_frames: int, result: Path, result_frames: int
    ) -> int | None:
        return source_frames


def kill_process() -> None:
    """What a power cut does to a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _answer_normally(request: Request) -> None:
    """Nothing to tell: the job is made."""


def _count_requested_frames(request: Request) -> int:
    return 24 * request.settings.duration_s


@dataclass
class FakeProvider:
    """A provider whose jobs and bill live in a folder, so they outlive whoever asked."""

    folder: Path
    name: str = "paid"
    repeatable: bool = False
    reads: frozenset[str] = READS
    revision: str = ""
    die_at: str = ""
    """submit-before submit-after poll fetch-before fetch-after"""
    running_polls: int = 1
    pause_s: float = 0.0
    answer: Callable[[Request], Outcome | Exception | None] = _answer_normally
    count_frames: Callable[[Request], int] = _count_requested_frames
    requests: list[Request] = field(default_factory=list)
    close_count: int = 0
    _poll_counts: dict[str, int] = field(default_factory=dict)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        self._die_at("submit-before")
        self.requests.append(request)
        outcome = self.answer(request)
        if isinstance(outcome, Exception):
            raise outcome
        folder_checksum = zlib.crc32(str(self.folder).encode())
        name = f"{self.name}-{os.getpid()}-{folder_checksum:x}-{len(self.requests)}"
        job = {
            "prompt": request.prompt,
            "seed": request.settings.seed,
            "frames": self.count_frames(request),
            "inputs": [request_input.sha256 for request_input in request.inputs],
            "name": name if not self.repeatable else "",
        }
        if isinstance(outcome, Failed | Filtered):
            job["no"] = [type(outcome).__name__, outcome.message, outcome.billed]
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{name}.new"
        draft.write_text(json.dumps(job))
        draft.rename(self.folder / f"{name}.job")
        self._die_at("submit-after")
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        self._die_at("poll")
        job = json.loads((self.folder / f"{operation.name}.job").read_text())
        poll_count = self._poll_counts[operation.name] = (
            self._poll_counts.get(operation.name, 0) + 1
        )
        if self.pause_s:
            await asyncio.sleep(self.pause_s)
        if poll_count <= self.running_polls:
            return Running("drawing")
        if "no" in job:
            kind, message, billed = job["no"]
            return {"Failed": Failed, "Filtered": Filtered}[kind](message, billed=billed)
        if self.repeatable:
            return Done((await self.fetch(Sample(uri=operation.name), place),))
        return Done((Sample(uri=operation.name, expires_at=4e9),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        self._die_at("fetch-before")
        job = json.loads((self.folder / f"{sample.uri}.job").read_text())
        path = write_clip(place.scratch / f"{sample.uri}.mp4", frames=job["frames"], content=job)
        state = place.scratch / f"{sample.uri}.json"
        state.write_text(json.dumps(job["prompt"]))
        self._die_at("fetch-after")
        return replace(sample, path=path, attachments={"state.json": state})

    async def close(self) -> None:
        self.close_count += 1

    def read_bill(self) -> list[str]:
        """Prompts that were submitted, in order."""
        jobs = sorted(self.folder.glob("*.job"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text())["prompt"] for path in jobs]

    def _die_at(self, point: str) -> None:
        if self.die_at == point:
            kill_process()


def build_step(
    id: str,
    prompt: str = "",
    *,
    provider: str = "paid",
    links: Sequence[Link] = (),
    takes: int = 1,
    price: int = 400_000,
    seconds: int = 1,
    kind: Kind = Kind.GENERATE,
) -> Step:
    """A step that buys one take of `seconds`."""
    return Step(
        id=id,
        kind=kind,
        shot=id.split(".")[0],
        provider=provider,
        model="paper-1",
        target=provider,
        settings=Settings(duration_s=seconds, resolution="180p", seed=7),
        prompt=prompt or f"picture of {id}",
        links=tuple(links),
        takes=takes,
        price_micros=price if provider == "paid" else 0,
        buys_frames=24 * seconds,
        seeded=True,
    )


def build_import_step(id: str, path: Path) -> Step:
    """A step that imports a file."""
    return Step(
        id=id,
        kind=Kind.IMPORT,
        shot=id,
        provider="import",
        model="",
        target="",
        settings=Settings(),
        links=(Link(Role.CLIP, file=MediaFile(path, path.name)),),
        buys_frames=0,
    )


def link_last_frame(id: str) -> Link:
    """The last frame of another step's take."""
    return Link(Role.FIRST_FRAME, step=id, pick=FramePick(0, from_end=True))


def link_video(id: str) -> Link:
    """The whole take of another step."""
    return Link(Role.VIDEO, step=id)


@dataclass
class FakeFilm:
    """One film with its store, lock file and ledger, opened afresh for every render."""

    path: Path
    steps: list[Step]
    providers: Mapping[str, FakeProvider]
    policy: Policy = field(default_factory=Policy)
    shots: tuple[Shot, ...] = ()
    store_root: Path | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def film(self) -> Film:
        return Film(path=self.path, root=self.path.parent, policy=self.policy, shots=self.shots)

    @property
    def state(self) -> Path:
        return locate_state_folder(self.path)

    def open_store(self) -> Store:
        return Store(self.store_root or locate_store_folder(self.path))

    def open_lock_file(self) -> LockFile:
        return LockFile(locate_lock_file(self.path))

    def plan(self, store: Store, selects: LockFile, only: Sequence[Step] | None = None) -> Plan:
        """A small planner: keeps what is there, creates the rest."""
        library = TakeLibrary(store, selects, self.film.stem)
        nodes: list[Node] = []
        takes_by_step: dict[str, Take | None] = {}
        hashes = FileHashCache(self.state)
        for step in self.steps if only is None else only:
            inputs = _collect_inputs(step, takes_by_step, hashes)
            if inputs is None:
                nodes.append(Node(step, Action.CREATE, certain=False))
                takes_by_step[step.id] = None
                continue
            provider = self.providers.get(step.provider)
            reads = provider.reads if provider else frozenset[str]()
            step_id = compute_identity(step, inputs, reads, provider.revision if provider else "")
            takes = [
                take for take in library.find_takes(step_id.digest) if library.has_file(take.sha256)
            ]
            missing = tuple(
                ordinal
                for ordinal in range(1, step.takes + 1)
                if ordinal not in {take.ordinal for take in takes}
            )
            select = TakeChooser(self.shots, library).choose_take(step, step_id.digest, takes)
            action = Action.CREATE if missing or not select else Action.KEEP
            nodes.append(
                Node(
                    step,
                    action,
                    cost_micros=step.price_micros * len(missing),
                    digest=step_id.digest,
                    parts=step_id.parts,
                    ordinals=missing,
                    select=select,
                    is_repeatable=provider.repeatable if provider else step.provider == "import",
                )
            )
            takes_by_step[step.id] = select if action is Action.KEEP else None
        graph = Graph(self.film, {}, {}, Timeline(RATE, 0, ()), ())
        return Plan(self.film, graph, tuple(nodes))

    def render(self, **options: Any) -> RunResult:
        """Plans and runs, as a command line would."""
        return asyncio.run(self.render_async(**options))

    async def render_async(
        self,
        *,
        change: Callable[[Plan], Plan] = lambda plan: plan,
        ledger_class: type[Ledger] = Ledger,
        store_class: type[Store] = Store,
        **options: Any,
    ) -> RunResult:
        ledger = ledger_class(self.state)
        store = store_class(self.store_root or locate_store_folder(self.path))
        hashes = FileHashCache(self.state)
        try:
            selects = self.open_lock_file()
            return await run_plan(
                change(self.plan(store, selects)),
                film=self.film,
                store=store,
                lock_file=selects,
                ledger=ledger,
                create_provider=self._load_provider,
                emit=self.events.append,
                jobs=2,
                hash_path=hashes,
                **{"media": FakeMedia(), **options},
            )
        finally:
            hashes.save()
            store.close()
            ledger.close()

    def find_events(self, type: str) -> list[dict[str, Any]]:
        """The records of one type, as the run log has them."""
        return [event.to_record() for event in self.events if event.type == type]

    def _load_provider(self, name: str) -> FakeProvider:
        if name not in self.providers:
            raise StoryboardError(f"there is no provider {name}")
        return self.providers[name]


def force_step(plan: Plan, id: str, reason: Reason, ordinals: tuple[int, ...]) -> Plan:
    """The plan with one node made again, as `--force` and `--retake` ask."""
    nodes = tuple(
        replace(node, action=Action.REDO, reasons=(reason,), ordinals=ordinals, select=None)
        if node.step.id == id
        else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def _collect_inputs(
    step: Step, takes_by_step: Mapping[str, Take | None], hashes: FileHashCache
) -> tuple[Input, ...] | None:
    from storyboard.graph.step_identity import hash_frame, resolve_frame_number

    inputs = []
    for link in step.links:
        if link.file:
            inputs.append(Input(link.role, hashes(link.file.path)))
            continue
        take = takes_by_step.get(link.step)
        if take is None:
            return None
        sha256 = take.sha256
        if link.pick:
            sha256 = hash_frame(sha256, resolve_frame_number(take, link.pick, RATE))
        inputs.append(Input(link.role, sha256))
    return tuple(inputs)
