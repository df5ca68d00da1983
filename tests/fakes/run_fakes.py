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
from storyboard.film import Film, MediaFacts, MediaFile, Policy, Take
from storyboard.graph.compile import Graph
from storyboard.graph.identity import identity
from storyboard.graph.plan import Action, Node, Plan, Reason
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.graph.timeline import Timeline
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
from storyboard.run.hashing import Hashes
from storyboard.run.ledger import Ledger
from storyboard.run.local import run_plan
from storyboard.run.places import selects_file, state_folder, store_folder
from storyboard.run.result import RunResult
from storyboard.run.selects import Selects
from storyboard.run.shelf import FilmShelf
from storyboard.run.store import Store
from storyboard.timecode import Rate

RATE = Rate(Fraction(24))
READS = frozenset({"prompt", "settings.duration_s", "settings.seed"})


def clip(path: Path, *, frames: int = 24, content: object = "") -> Path:
    """A medium of paper."""
    path.write_text(json.dumps({"frames": frames, "content": content}))
    return path


class PaperMedia:
    """Reads media of paper as `stitching.media` reads real ones."""

    def probe(self, path: Path) -> MediaFacts:
        try:
            frames = json.loads(path.read_text())["frames"]
        except ValueError as error:
            raise MediaError(f"{path.name} is no medium") from error
        return MediaFacts(320, 180, frames, RATE, Fraction(frames, 24), has_audio=True)

    def examine(self, path: Path) -> MediaFacts:
        facts = self.probe(path)
        if json.loads(path.read_text()).get("content") == "damaged":
            raise MediaError(f"{path} is damaged: frame 7, at 0.29 s, can't be decoded")
        return facts

    def extract_frame(self, path: Path, frame: int, out: Path) -> None:
        out.write_text(json.dumps({"frames": 1, "content": [path.name, frame]}))

    def prefix(
        self, source: Path, source_frames: int, result: Path, result_frames: int
    ) -> int | None:
        return source_frames


def die() -> None:
    """What a power cut does to a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _as_asked(request: Request) -> None:
    """Nothing to tell: the job is made."""


def _long_as_asked(request: Request) -> int:
    return 24 * request.settings.duration_s


@dataclass
class Pretend:
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
    answer: Callable[[Request], Outcome | Exception | None] = _as_asked
    frames_of: Callable[[Request], int] = _long_as_asked
    asked: list[Request] = field(default_factory=list)
    closed: int = 0
    _polls: dict[str, int] = field(default_factory=dict)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        self._die("submit-before")
        self.asked.append(request)
        told = self.answer(request)
        if isinstance(told, Exception):
            raise told
        service = zlib.crc32(str(self.folder).encode())
        name = f"{self.name}-{os.getpid()}-{service:x}-{len(self.asked)}"
        job = {
            "prompt": request.prompt,
            "seed": request.settings.seed,
            "frames": self.frames_of(request),
            "inputs": [each.sha256 for each in request.inputs],
            "name": name if not self.repeatable else "",
        }
        if isinstance(told, Failed | Filtered):
            job["no"] = [type(told).__name__, told.message, told.billed]
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f"{name}.new"
        beside.write_text(json.dumps(job))
        beside.rename(self.folder / f"{name}.job")
        self._die("submit-after")
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        self._die("poll")
        job = json.loads((self.folder / f"{operation.name}.job").read_text())
        seen = self._polls[operation.name] = self._polls.get(operation.name, 0) + 1
        if self.pause_s:
            await asyncio.sleep(self.pause_s)
        if seen <= self.running_polls:
            return Running("drawing")
        if "no" in job:
            kind, message, billed = job["no"]
            return {"Failed": Failed, "Filtered": Filtered}[kind](message, billed=billed)
        if self.repeatable:
            return Done((await self.fetch(Sample(uri=operation.name), place),))
        return Done((Sample(uri=operation.name, expires_at=4e9),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        self._die("fetch-before")
        job = json.loads((self.folder / f"{sample.uri}.job").read_text())
        path = clip(place.scratch / f"{sample.uri}.mp4", frames=job["frames"], content=job)
        state = place.scratch / f"{sample.uri}.json"
        state.write_text(json.dumps(job["prompt"]))
        self._die("fetch-after")
        return replace(sample, path=path, attachments={"state.json": state})

    async def close(self) -> None:
        self.closed += 1

    def bill(self) -> list[str]:
        """Prompts that were submitted, in order."""
        jobs = sorted(self.folder.glob("*.job"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text())["prompt"] for path in jobs]

    def _die(self, point: str) -> None:
        if self.die_at == point:
            die()


def shot(
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


def footage(id: str, path: Path) -> Step:
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


def last_of(id: str) -> Link:
    """The last frame of another step's take."""
    return Link(Role.FIRST_FRAME, step=id, pick=FramePick(0, from_end=True))


def video_of(id: str) -> Link:
    """The whole take of another step."""
    return Link(Role.VIDEO, step=id)


@dataclass
class Set:
    """One film with its store, lock file and ledger, opened afresh for every render."""

    path: Path
    steps: list[Step]
    providers: Mapping[str, Pretend]
    policy: Policy = field(default_factory=Policy)
    store_root: Path | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def film(self) -> Film:
        return Film(path=self.path, root=self.path.parent, policy=self.policy)

    @property
    def state(self) -> Path:
        return state_folder(self.path)

    def store(self) -> Store:
        return Store(self.store_root or store_folder(self.path))

    def selects(self) -> Selects:
        return Selects(selects_file(self.path))

    def plan(self, store: Store, selects: Selects, only: Sequence[Step] | None = None) -> Plan:
        """A small planner: keeps what is there, creates the rest."""
        shelf = FilmShelf(store, selects, self.film.stem)
        nodes: list[Node] = []
        known: dict[str, Take | None] = {}
        hashes = Hashes(self.state)
        for step in self.steps if only is None else only:
            inputs = _inputs(step, known, hashes)
            if inputs is None:
                nodes.append(Node(step, Action.CREATE, certain=False))
                known[step.id] = None
                continue
            provider = self.providers.get(step.provider)
            reads = provider.reads if provider else frozenset[str]()
            name = identity(step, inputs, reads, provider.revision if provider else "")
            takes = [t for t in shelf.takes(name.digest) if shelf.present(t.sha256)]
            missing = tuple(
                n for n in range(1, step.takes + 1) if n not in {t.ordinal for t in takes}
            )
            good = [t for t in takes if t.ordinal not in shelf.rejected(name.digest)]
            picked = [t for t in good if t.ordinal == shelf.pick(name.digest)]
            select = next(iter((*picked, *good)), None)
            action = Action.CREATE if missing or not select else Action.KEEP
            nodes.append(
                Node(
                    step,
                    action,
                    cost_micros=step.price_micros * len(missing),
                    digest=name.digest,
                    parts=name.parts,
                    ordinals=missing,
                    select=select,
                )
            )
            known[step.id] = select if action is Action.KEEP else None
        graph = Graph(self.film, {}, {}, Timeline(RATE, 0, ()), ())
        return Plan(self.film, graph, tuple(nodes))

    def render(self, **options: Any) -> RunResult:
        """Plans and runs, as a command line would."""
        return asyncio.run(self.arender(**options))

    async def arender(
        self,
        *,
        change: Callable[[Plan], Plan] = lambda plan: plan,
        ledger_class: type[Ledger] = Ledger,
        store_class: type[Store] = Store,
        **options: Any,
    ) -> RunResult:
        ledger = ledger_class(self.state)
        store = store_class(self.store_root or store_folder(self.path))
        hashes = Hashes(self.state)
        try:
            selects = self.selects()
            return await run_plan(
                change(self.plan(store, selects)),
                film=self.film,
                store=store,
                selects=selects,
                ledger=ledger,
                providers=self._provider,
                events=self.events.append,
                jobs=2,
                hashes=hashes,
                **{"media": PaperMedia(), **options},
            )
        finally:
            hashes.save()
            store.close()
            ledger.close()

    def told(self, type: str) -> list[dict[str, Any]]:
        """The records of one type, as the run log has them."""
        return [event.record() for event in self.events if event.type == type]

    def _provider(self, name: str) -> Pretend:
        if name not in self.providers:
            raise StoryboardError(f"there is no provider {name}")
        return self.providers[name]


def forced(plan: Plan, id: str, reason: Reason, ordinals: tuple[int, ...]) -> Plan:
    """The plan with one node made again, as `--force` and `--retake` ask."""
    nodes = tuple(
        replace(node, action=Action.REDO, reasons=(reason,), ordinals=ordinals, select=None)
        if node.step.id == id
        else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def _inputs(
    step: Step, known: Mapping[str, Take | None], hashes: Hashes
) -> tuple[Input, ...] | None:
    from storyboard.graph.identity import frame_number, frame_sha

    found = []
    for link in step.links:
        if link.file:
            found.append(Input(link.role, hashes(link.file.path)))
            continue
        take = known.get(link.step)
        if take is None:
            return None
        sha256 = take.sha256
        if link.pick:
            sha256 = frame_sha(sha256, frame_number(take, link.pick, RATE))
        found.append(Input(link.role, sha256))
    return tuple(found)
