"""Films of paper for the real executor: steps that cost nothing but what we ourselves add.

As a program it is our side of the race: `python -m tests.bench.fake_provider free|paid` reads n and
tells what a run of n wide steps took, from opening store, lock file and ledger to closing them.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.graph.steps import Step
from storyboard.model.film import MediaFacts
from storyboard.plan.plan import Plan
from storyboard.providers.base import Done, Operation, Outcome, Request, Sample, Workplace
from storyboard.run.executor.executor import run_plan
from storyboard.run.file_hashes import FileHashCache
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.result import RunResult
from tests.fakes.run_fakes import READS, FakeFilm, FakeMedia, FakeProvider, build_step


@dataclass
class InstantProvider:
    """A provider that has everything ready, so that only our own work is left."""

    name: str
    repeatable: bool
    reads = READS
    revision = ""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        return Operation(f"job of {request.prompt}")

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        sample = Sample(uri=operation.name)
        return Done((await self.fetch(sample, place) if self.repeatable else sample,))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        path = place.scratch / "take.mp4"
        path.write_text(f"a take by {sample.uri}")
        return replace(sample, path=path)

    async def close(self) -> None:
        pass


class UnreadMedia(FakeMedia):
    """Takes every file for one second of film, unread."""

    def probe(self, path: Path) -> MediaFacts:
        return _FACTS

    def probe_and_decode(self, path: Path) -> MediaFacts:
        return _FACTS


_FACTS = MediaFacts(320, 180, 24, has_audio=True)


class PlannedFilm:
    """A film of those steps, in a folder of its own, planned and not yet run."""

    def __init__(self, root: Path, steps: Sequence[Step], providers: Mapping[str, object]) -> None:
        self._providers = providers
        fake_providers: Mapping[str, FakeProvider] = providers  # type: ignore[assignment]
        self._film = FakeFilm(root / "film.yaml", list(steps), fake_providers)
        store = self._film.open_store()
        try:
            self.plan: Plan = self._film.plan(store, self._film.open_lock_file())
        finally:
            store.close()

    async def run_plan(self) -> RunResult:
        """Opens everything, runs the plan, closes everything."""
        film = self._film
        ledger, store, hashes = Ledger(film.state), film.open_store(), FileHashCache(film.state)
        try:
            return await run_plan(
                self.plan,
                film=film.film,
                store=store,
                lock_file=film.open_lock_file(),
                ledger=ledger,
                create_provider=self._providers.__getitem__,  # type: ignore[arg-type]
                emit=lambda event: None,
                jobs=2,
                hash_path=hashes,
                media=UnreadMedia(),
            )
        finally:
            store.close()
            ledger.close()


def run_wide_film(kind: str, n: int, folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of n independent steps of a `free` or a `paid` provider.

    What they leave in `folder` is for the caller to remove, and not between two runs: for seconds
    after files are removed in numbers, ext4 makes new ones ten times more slowly.
    """
    steps = [build_step(f"SH{number:05d}", provider=kind) for number in range(n)]
    film = PlannedFilm(folder, steps, {kind: InstantProvider(kind, kind == "free")})
    wall, cpu = time.monotonic(), time.process_time()
    result = asyncio.run(film.run_plan())
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    assert result.made == n, result
    return cpu, wall


def main() -> None:
    os.environ["STORYBOARD_POLL_S"] = "0"
    print("{}", flush=True)
    with tempfile.TemporaryDirectory(prefix="storyboard-wide-") as folder:
        for number, line in enumerate(sys.stdin):
            round_folder = Path(folder, f"{number}")
            round_folder.mkdir()
            cpu, wall = run_wide_film(sys.argv[1], int(line), round_folder)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
