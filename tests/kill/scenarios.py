"""A film that is killed while it renders, and the promises that are looked at afterwards."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.maintenance.store_maintenance import verify_store
from storyboard.run.paths import locate_lock_file, locate_state_folder, locate_store_folder
from storyboard.run.store.store import Store
from storyboard.simulator.server import Simulator
from storyboard.simulator.state import Job
from tests.kill.forkserver import ForkServer

INLINE = """\
storyboard: 1
defaults: {provider: vertex, model: veo-3.1, resolution: 720p}
"""
BUCKET = f"{INLINE}providers: {{vertex: {{storage_uri: gs://films/reel}}}}\n"
OTHER_ROUTES = tuple(
    f"""\
storyboard: 1
defaults: {{provider: {provider}, model: {model}, resolution: 720p}}
"""
    for provider, model in (
        ("cometapi", "veo-3.1"),
        ("gemini", "omni-flash"),
        ("vertex", "omni-flash"),
    )
)
"""Routes that know no seed: what they make differs from time to time."""
CHAT = f"{OTHER_ROUTES[0]}providers: {{cometapi: {{transport: chat}}}}\n"
"""The route whose answer is the whole job, so that nobody can ask for a job by its name."""
RETRIES = "policy: {on_filtered: retry, on_failed: retry, retries: 2}\n"
CHAIN = """\
shots:
  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}
  - {id: SH020, continue: SH010, prompt: SH020 of a boat, duration: 4, seed: 7}
  - {id: SH030, extend: SH010, prompt: SH030 of fog, seed: 7}
  - {id: SH040, prompt: SH040 of gulls, duration: 4, takes: 3}
  - {id: SH050, prompt: SH050 of a lamp, duration: 4, seed: 7}
"""
SHORT = """\
shots:
  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}
  - {id: SH020, continue: SH010, prompt: SH020 of a boat, duration: 4, seed: 7}
  - {id: SH040, prompt: SH040 of gulls, duration: 4, takes: 3}
"""
SEEDLESS = SHORT.replace(", seed: 7", "")
UNRENDERED_SHOT = "  - {id: SH900, provider: previz, prompt: A gull, duration: 4}\n"
"""A shot that nobody renders, so that the film is not cut."""
WANTED_TAKES = {"SH010": 1, "SH020": 1, "SH030": 1, "SH040": 3, "SH050": 1}
_KNOWN_STATES = frozenset({State.SUBMITTED, State.DONE_REMOTE, State.FETCHED})
_GOOD_ENDS = frozenset({State.COMMITTED, State.FILTERED, State.FAILED})


@dataclass
class Tally:
    """What was counted over many films."""

    kills: int = 0
    posts: int = 0
    jobs: int = 0
    doubled: int = 0
    unknowns: int = 0
    resumed: int = 0
    renders: int = 0
    adopted: int = 0
    not_sent: int = 0
    lost: int = 0
    at: Counter[str] = field(default_factory=Counter)
    """Kills by the furthest that anything had come."""

    def add_tally(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        self.at += other.at


@dataclass
class KilledFilm:
    """One film in a folder of its own, and the simulator that it is bought from, emptied."""

    folder: Path
    text: str
    simulator: Simulator
    fork_server: ForkServer
    tally: Tally = field(default_factory=Tally)
    env: dict[str, str] = field(default_factory=dict)
    lost_jobs: set[str] = field(default_factory=set)
    """Jobs that a person gave up as lost."""
    rebought_shots: set[str] = field(default_factory=set)
    """Shots that a person buys again since."""
    last_states: dict[int, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.simulator.world.reset()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.film_path.write_text(self.text)
        self.env = {**self.simulator.environment(), "STORYBOARD_POLL_S": "0.03", **self.env}

    @property
    def film_path(self) -> Path:
        return self.folder / "film.yaml"

    @property
    def shots(self) -> list[str]:
        """What is rendered: every shot but the one that nobody asks for."""
        return [id for id in WANTED_TAKES if f"id: {id}" in self.text]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return Ledger.read_attempts(locate_state_folder(self.film_path))

    @property
    def unknown_attempts(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.state is State.UNKNOWN]

    @property
    def output(self) -> str:
        """What the last command said."""
        return (self.folder / "said.txt").read_text()

    def run_command(self, *arguments: str, kill_after: float | None = None, **options: Any) -> int:
        """Runs a command line to its end, or to the moment at which it is killed."""
        pid = self.fork_server.start_command(
            self.folder,
            arguments,
            self.env,
            said=self.folder / "said.txt",
            **options,
        )
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, 9)
        code = self.fork_server.wait_for_exit(pid)
        self.wait_until_idle()
        assert "Traceback" not in self.output, self.output
        return code

    def render(self, *flags: str, **options: Any) -> int:
        """Renders, and looks at every promise afterwards."""
        self.tally.renders += 1
        shots = self.shots if UNRENDERED_SHOT in self.text else []
        flags += tuple(word for shot in sorted(self.rebought_shots) for word in ("--rebuy", shot))
        code = self.run_command("render", "film.yaml", *shots, "--yes", *flags, **options)
        if code == -9:
            self.tally.kills += 1
        self.check_promises(ended_by_itself=code != -9)
        return code

    def wait_until_idle(self) -> None:
        """Waits until the services have dealt with what a dead process left in the pipes."""
        state = self.simulator._server.server_state
        deadline = time.monotonic() + 30
        while state.connections or state.tasks:
            assert time.monotonic() < deadline, "a request hangs"
            time.sleep(0.004)

    # promises

    def check_promises(self, *, ended_by_itself: bool) -> None:
        """What holds at every moment at which nothing runs."""
        attempts = self.attempts
        self._check_no_double_purchase(attempts)
        settled = sum(attempt.settled_micros for attempt in attempts)
        reserved = sum(attempt.held_micros for attempt in attempts)
        bill = int(self.simulator.world.bill.total_usd * 1_000_000)
        assert settled <= bill <= settled + reserved, (
            settled,
            bill,
            reserved,
            self.describe_state(),
        )
        for attempt in attempts:
            last_state = self.last_states.get(attempt.id)
            if last_state in _KNOWN_STATES and attempt.state not in _KNOWN_STATES:
                assert attempt.state in _GOOD_ENDS or read_job_id(attempt) in self.lost_jobs, (
                    self.describe_state()
                )
                self.tally.resumed += 1
            if attempt.state is State.UNKNOWN and last_state is not State.UNKNOWN:
                self.tally.unknowns += 1
        if ended_by_itself:
            self.check_after_exit(attempts)
        else:
            open_states = (attempt.state for attempt in attempts if attempt.held_micros)
            self.tally.at[max(open_states, key=list(State).index, default="-")] += 1
        self.last_states = {attempt.id: attempt.state for attempt in attempts}

    def check_after_exit(self, attempts: tuple[Attempt, ...]) -> None:
        """What holds where a render ended by itself."""
        store = Store(locate_store_folder(self.film_path))
        try:
            assert verify_store(store) == [], self.output
            assert self.find_litter() == [], self.find_litter()
            reserved_digests = {attempt.digest for attempt in attempts if attempt.held_micros}
            assert store.claims.list_claimed_digests() <= reserved_digests, self.describe_state()
        finally:
            store.close()
        unnamed = [
            attempt.name for attempt in self.unknown_attempts if attempt.name not in self.output
        ]
        assert not unnamed, (unnamed, self.output)

    def find_litter(self) -> list[str]:
        """Unfinished files."""
        expected = (".storyboard", ".gitignore")
        hidden = (path for path in self.folder.rglob(".*") if path.name not in expected)
        scratch = (self.folder / ".storyboard" / "store" / "scratch").rglob("*")
        return sorted(str(path.relative_to(self.folder)) for path in (*hidden, *scratch))

    def _check_no_double_purchase(self, attempts: tuple[Attempt, ...]) -> None:
        """No take is on the bill twice, but for what a person gave up."""
        charges_by_shot: Counter[str] = Counter()
        for charge in self.simulator.world.bill.charges:
            if charge.usd and charge.operation not in self.lost_jobs:
                charges_by_shot[self.find_shot(self.simulator.world.jobs[charge.operation])] += 1
        doubled = sum(max(0, count - WANTED_TAKES[shot]) for shot, count in charges_by_shot.items())
        assert not doubled, (charges_by_shot, self.describe_state())
        jobs = Counter(self.find_shot(job) for job in self.simulator.world.jobs.values())
        groups_by_shot: Counter[str] = Counter()
        for shot in jobs:
            group_keys = {attempt.group_key for attempt in attempts if attempt.shot == shot}
            groups_by_shot[shot] = len(group_keys)
        assert all(jobs[shot] <= groups_by_shot[shot] for shot in jobs), (
            jobs,
            groups_by_shot,
            self.describe_state(),
        )

    def find_shot(self, job: Job) -> str:
        return next(shot for shot in WANTED_TAKES if shot in job.prompt)

    def describe_state(self) -> str:
        """Ledger and bill, for a person to look at."""
        rows = [
            f"  {attempt.id} {attempt.name} {attempt.state} {attempt.operation[-8:]}"
            f" {attempt.settled_micros} {attempt.held_micros}"
            f" {attempt.run} {attempt.message[:90]}"
            for attempt in self.attempts
        ]
        bill = [
            f"  {charge.operation[-8:]} {charge.usd} {charge.note}"
            for charge in self.simulator.world.bill.charges
        ]
        return "\n".join(["", *rows, "bill:", *bill, self.output])

    # a person

    def resolve_unknown(self, choose: Callable[[Attempt, list[str]], str]) -> None:
        """What a person does: looks at the provider's list and says what became of it.

        `choose` is given an unknown attempt and the jobs that may be it, and answers with a word:
        `adopt`, `lost` or `not-sent`.
        """
        while unknown := self.unknown_attempts:
            attempt = unknown[0]
            group = [member for member in unknown if member.group_key == attempt.group_key]
            known_jobs = {read_job_id(member) for member in self.attempts} | self.lost_jobs
            strays = [
                name
                for name, job in self.simulator.world.jobs.items()
                if name not in known_jobs
                and self.find_shot(job) == attempt.shot
                and self.may_belong_to(job, group)
            ]
            unsettled_states = (State.UNKNOWN, State.SUBMITTING)
            open_groups = {
                other.group_key
                for other in self.attempts
                if other.shot == attempt.shot and other.state in unsettled_states
            }
            assert len(strays) <= len(open_groups), self.describe_state()
            strays = strays[:1]  # of several for one take each, one is as good as another
            answer = choose(attempt, strays)
            if answer == "adopt" and self.text.startswith(CHAT):
                answer = "lost"  # a chat can't be asked for again
            flags = {
                "adopt": ("--adopt", *strays),
                "lost": ("--assume-lost",),
                "not-sent": ("--assume-not-sent",),
            }[answer]
            assert self.run_command("resolve", "film.yaml", attempt.name, *flags) == 0, self.output
            if answer == "lost":
                self.lost_jobs.update(strays)
                self.rebought_shots.add(attempt.shot)
            self.tally.adopted += answer == "adopt"
            self.tally.lost += answer == "lost"
            self.tally.not_sent += answer == "not-sent"

    def may_belong_to(self, job: Job, group: list[Attempt]) -> bool:
        """Whether a job may be that order's; a job in a bucket says whose it is."""
        run, first = group[0].group_key
        if storage := job.memo.get("storage", ""):
            return f"{run}-{first:05d}".lower() in storage
        return bool(job.error) or len(job.clip_specs) + len(job.filtered) == len(group)

    def choose_true_answer(self, attempt: Attempt, strays: list[str]) -> str:
        """The truth about an unknown attempt."""
        return "adopt" if strays else "not-sent"

    def render_to_end(self, choose: Callable[[Attempt, list[str]], str] | None = None) -> None:
        """Goes on until all is made, and looks whether it is what it would have been."""
        for _ in range(8):
            code = self.render()
            if code == 0:
                break
            assert code in (3, 7), (code, self.describe_state())
            assert (code == 7) == bool(self.unknown_attempts), (code, self.describe_state())
            if self.unknown_attempts:
                assert "held" in self.output, self.output
                jobs = len(self.simulator.world.jobs)
                assert self.render() in (3, 7)
                new_jobs = len(self.simulator.world.jobs) - jobs
                assert not new_jobs or code == 3 or self.last_states, "dependants wait"
                self.resolve_unknown(choose or self.choose_true_answer)
        assert code == 0, self.describe_state()
        bill = int(self.simulator.world.bill.total_usd * 1_000_000)
        assert bill == sum(each.settled_micros for each in self.attempts), self.describe_state()
        assert not any(each.held_micros for each in self.attempts)
        jobs = len(self.simulator.world.jobs)
        assert self.render() == 0
        assert len(self.simulator.world.jobs) == jobs
        self.tally.jobs += jobs
        self.tally.posts += sum(each.route == "submit" for each in self.simulator.world.journal)

    def read_takes(self) -> dict[str, list[tuple[str, str, int, str]]]:
        """By shot: (take, step digest, frames, content), as far as they are no accident.

        Several samples have random content, and without a seed all takes and what goes on from
        them.
        """
        seeded = "seed:" in self.text
        store, selects = (
            Store(locate_store_folder(self.film_path)),
            LockFile(locate_lock_file(self.film_path)),
        )
        try:
            rows_by_shot: dict[str, list[tuple[str, str, int, str]]] = {}
            for record in store.list_records():
                take = record.take
                assert selects.has_take(take), f"{take.shot} {take.name} is not in the lock file"
                content = take.sha256 if seeded and WANTED_TAKES[take.shot] == 1 else ""
                row = (take.name, take.digest if seeded else "", take.facts.frames, content)
                rows_by_shot.setdefault(take.shot, []).append(row)
            return {shot: sorted(rows) for shot, rows in sorted(rows_by_shot.items())}
        finally:
            store.close()


def read_job_id(attempt: Attempt) -> str:
    """The simulator's name of an attempt's job."""
    return attempt.operation.rpartition("interactions/")[2].removeprefix("chat/")


@contextmanager
def start_harness() -> Iterator[tuple[Simulator, ForkServer]]:
    """A simulator and a zygote, for many reels."""
    with Simulator() as simulator:
        fork_server = ForkServer()
        try:
            yield simulator, fork_server
        finally:
            fork_server.close()
