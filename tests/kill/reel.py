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

from storyboard.run.attempts import Attempt, State
from storyboard.run.ledger import Ledger
from storyboard.run.places import selects_file, state_folder, store_folder
from storyboard.run.selects import Selects
from storyboard.run.store import Store
from storyboard.run.upkeep import verify
from storyboard.simulator.serve import Simulator
from storyboard.simulator.world import Job
from tests.kill.zygote import Zygote

INLINE = """\
storyboard: 1
defaults: {provider: vertex, model: veo-3.1, resolution: 720p}
"""
BUCKET = f"{INLINE}providers: {{vertex: {{storage_uri: gs://films/reel}}}}\n"
ELSEWHERE = tuple(
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
CHAT = f"{ELSEWHERE[0]}providers: {{cometapi: {{transport: chat}}}}\n"
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
UNCUT = "  - {id: SH900, provider: previz, prompt: A gull, duration: 4}\n"
"""A shot that nobody renders, so that the film is not cut."""
WANTED = {"SH010": 1, "SH020": 1, "SH030": 1, "SH040": 3, "SH050": 1}
_KNOWN = frozenset({State.SUBMITTED, State.DONE_REMOTE, State.FETCHED})
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

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        self.at += other.at


@dataclass
class Reel:
    """One film in a folder of its own, and the simulator that it is bought from, emptied."""

    folder: Path
    text: str
    sim: Simulator
    zygote: Zygote
    tally: Tally = field(default_factory=Tally)
    env: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    """Jobs that a person gave up as lost."""
    bought_again: set[str] = field(default_factory=set)
    """Shots that a person buys again since."""
    seen: dict[int, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sim.world.reset()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.film.write_text(self.text)
        self.env = {**self.sim.environment(), "STORYBOARD_POLL_S": "0.03", **self.env}

    @property
    def film(self) -> Path:
        return self.folder / "film.yaml"

    @property
    def shots(self) -> list[str]:
        """What is rendered: every shot but the one that nobody asks for."""
        return [id for id in WANTED if f"id: {id}" in self.text]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return Ledger.read(state_folder(self.film))

    @property
    def unknown(self) -> list[Attempt]:
        return [each for each in self.attempts if each.state is State.UNKNOWN]

    @property
    def said(self) -> str:
        """What the last command said."""
        return (self.folder / "said.txt").read_text()

    def command(self, *arguments: str, kill_after: float | None = None, **wishes: Any) -> int:
        """Runs a command line to its end, or to the moment at which it is killed."""
        pid = self.zygote.start(
            self.folder,
            arguments,
            self.env,
            said=self.folder / "said.txt",
            **wishes,
        )
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, 9)
        code = self.zygote.wait(pid)
        self.quiet()
        assert "Traceback" not in self.said, self.said
        return code

    def render(self, *flags: str, **wishes: Any) -> int:
        """Renders, and looks at every promise afterwards."""
        self.tally.renders += 1
        shots = self.shots if UNCUT in self.text else []
        flags += tuple(word for shot in sorted(self.bought_again) for word in ("--rebuy", shot))
        code = self.command("render", "film.yaml", *shots, "--yes", *flags, **wishes)
        if code == -9:
            self.tally.kills += 1
        self.promises(alive=code != -9)
        return code

    def quiet(self) -> None:
        """Waits until the services have dealt with what a dead process left in the pipes."""
        state = self.sim._server.server_state
        until = time.monotonic() + 30
        while state.connections or state.tasks:
            assert time.monotonic() < until, "a request hangs"
            time.sleep(0.004)

    # promises

    def promises(self, *, alive: bool) -> None:
        """What holds at every moment at which nothing runs."""
        attempts = self.attempts
        self._once(attempts)
        settled = sum(each.settled_micros for each in attempts)
        held = sum(each.held_micros for each in attempts)
        bill = int(self.sim.world.bill.total_usd * 1_000_000)
        assert settled <= bill <= settled + held, (settled, bill, held, self.told())
        for each in attempts:
            before = self.seen.get(each.id)
            if before in _KNOWN and each.state not in _KNOWN:
                assert each.state in _GOOD_ENDS or job_of(each) in self.given_up, self.told()
                self.tally.resumed += 1
            if each.state is State.UNKNOWN and before is not State.UNKNOWN:
                self.tally.unknowns += 1
        if alive:
            self.alive(attempts)
        else:
            going = (each.state for each in attempts if each.held_micros)
            self.tally.at[max(going, key=list(State).index, default="-")] += 1
        self.seen = {each.id: each.state for each in attempts}

    def alive(self, attempts: tuple[Attempt, ...]) -> None:
        """What holds where a render ended by itself."""
        store = Store(store_folder(self.film))
        try:
            assert verify(store) == [], self.said
            assert self.litter() == [], self.litter()
            owed = {each.digest for each in attempts if each.held_micros}
            assert store.claims.known() <= owed, self.told()
        finally:
            store.close()
        unsaid = [each.name for each in self.unknown if each.name not in self.said]
        assert not unsaid, (unsaid, self.said)

    def litter(self) -> list[str]:
        """Unfinished files."""
        known = (".storyboard", ".gitignore")
        hidden = (path for path in self.folder.rglob(".*") if path.name not in known)
        scratch = (self.folder / ".storyboard" / "store" / "scratch").rglob("*")
        return sorted(str(path.relative_to(self.folder)) for path in (*hidden, *scratch))

    def _once(self, attempts: tuple[Attempt, ...]) -> None:
        """No take is on the bill twice, but for what a person gave up."""
        paid: Counter[str] = Counter()
        for charge in self.sim.world.bill.charges:
            if charge.usd and charge.operation not in self.given_up:
                paid[self.shot_of(self.sim.world.jobs[charge.operation])] += 1
        doubled = sum(max(0, count - WANTED[shot]) for shot, count in paid.items())
        assert not doubled, (paid, self.told())
        jobs = Counter(self.shot_of(job) for job in self.sim.world.jobs.values())
        orders: Counter[str] = Counter()
        for shot in jobs:
            sent = {a.order for a in attempts if a.shot == shot}
            orders[shot] = len(sent)
        assert all(jobs[shot] <= orders[shot] for shot in jobs), (jobs, orders, self.told())

    def shot_of(self, job: Job) -> str:
        return next(shot for shot in WANTED if shot in job.prompt)

    def told(self) -> str:
        """Ledger and bill, for a person to look at."""
        rows = [
            f"  {a.id} {a.name} {a.state} {a.operation[-8:]} {a.settled_micros} {a.held_micros}"
            f" {a.run} {a.message[:90]}"
            for a in self.attempts
        ]
        bill = [f"  {c.operation[-8:]} {c.usd} {c.note}" for c in self.sim.world.bill.charges]
        return "\n".join(["", *rows, "bill:", *bill, self.said])

    # a person

    def decide(self, choose: Callable[[Attempt, list[str]], str]) -> None:
        """What a person does: looks at the provider's list and says what became of it.

        `choose` is given an unknown attempt and the jobs that may be it, and answers with a word:
        `adopt`, `lost` or `not-sent`.
        """
        while unknown := self.unknown:
            each = unknown[0]
            order = [one for one in unknown if one.order == each.order]
            taken = {job_of(one) for one in self.attempts} | self.given_up
            strays = [
                name
                for name, job in self.sim.world.jobs.items()
                if name not in taken and self.shot_of(job) == each.shot and self.fits(job, order)
            ]
            sent = (State.UNKNOWN, State.SUBMITTING)
            open_ = {a.order for a in self.attempts if a.shot == each.shot and a.state in sent}
            assert len(strays) <= len(open_), self.told()
            strays = strays[:1]  # of several for one take each, one is as good as another
            word = choose(each, strays)
            if word == "adopt" and self.text.startswith(CHAT):
                word = "lost"  # a chat can't be asked for again
            said = {
                "adopt": ("--adopt", *strays),
                "lost": ("--assume-lost",),
                "not-sent": ("--assume-not-sent",),
            }[word]
            assert self.command("resolve", "film.yaml", each.name, *said) == 0, self.said
            if word == "lost":
                self.given_up.update(strays)
                self.bought_again.add(each.shot)
            self.tally.adopted += word == "adopt"
            self.tally.lost += word == "lost"
            self.tally.not_sent += word == "not-sent"

    def fits(self, job: Job, order: list[Attempt]) -> bool:
        """Whether a job may be that order's; a job in a bucket says whose it is."""
        run, first = order[0].order
        if storage := job.memo.get("storage", ""):
            return f"{run}-{first:05d}".lower() in storage
        return bool(job.error) or len(job.orders) + len(job.filtered) == len(order)

    def truth(self, attempt: Attempt, strays: list[str]) -> str:
        """The truth about an unknown attempt."""
        return "adopt" if strays else "not-sent"

    def finish(self, choose: Callable[[Attempt, list[str]], str] | None = None) -> None:
        """Goes on until all is made, and looks whether it is what it would have been."""
        for _ in range(8):
            code = self.render()
            if code == 0:
                break
            assert code in (3, 7), (code, self.told())
            assert (code == 7) == bool(self.unknown), (code, self.told())
            if self.unknown:
                assert "held" in self.said, self.said
                jobs = len(self.sim.world.jobs)
                assert self.render() in (3, 7)
                made = len(self.sim.world.jobs) - jobs
                assert not made or code == 3 or self.seen, "dependants wait"
                self.decide(choose or self.truth)
        assert code == 0, self.told()
        bill = int(self.sim.world.bill.total_usd * 1_000_000)
        assert bill == sum(each.settled_micros for each in self.attempts), self.told()
        assert not any(each.held_micros for each in self.attempts)
        jobs = len(self.sim.world.jobs)
        assert self.render() == 0
        assert len(self.sim.world.jobs) == jobs
        self.tally.jobs += jobs
        self.tally.posts += sum(each.route == "submit" for each in self.sim.world.journal)

    def takes(self) -> dict[str, list[tuple[str, str, int, str]]]:
        """By shot: (take, step digest, frames, content), as far as they are no accident.

        Several samples have random content, and without a seed all takes and what goes on from
        them.
        """
        seeded = "seed:" in self.text
        store, selects = Store(store_folder(self.film)), Selects(selects_file(self.film))
        try:
            found: dict[str, list[tuple[str, str, int, str]]] = {}
            for record in store.ls():
                take = record.take
                assert selects.has(take), f"{take.shot} {take.name} is not in the lock file"
                content = take.sha256 if seeded and WANTED[take.shot] == 1 else ""
                row = (take.name, take.digest if seeded else "", take.facts.frames, content)
                found.setdefault(take.shot, []).append(row)
            return {shot: sorted(rows) for shot, rows in sorted(found.items())}
        finally:
            store.close()


def job_of(attempt: Attempt) -> str:
    """The simulator's name of an attempt's job."""
    return attempt.operation.rpartition("interactions/")[2].removeprefix("chat/")


@contextmanager
def theatre() -> Iterator[tuple[Simulator, Zygote]]:
    """A simulator and a zygote, for many reels."""
    with Simulator() as sim:
        zygote = Zygote()
        try:
            yield sim, zygote
        finally:
            zygote.close()
