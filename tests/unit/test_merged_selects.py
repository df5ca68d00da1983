"""Two clones buy, pick and reject apart, and git merges their lock files: nothing gets lost."""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from storyboard.errors import EnvironmentProblem
from storyboard.model.film import Take
from storyboard.model.take import TakeKey
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import sum_lifetime_cost_micros
from storyboard.run.lockfile.lockfile import LockFile
from tests.unit.lock_files import edit_take, keep_both_sides
from tests.unit.test_selects import make_take

LOCK = "film.selects.yaml"
DIGESTS = ("ab" * 32, "cd" * 32, "ef" * 32, "01" * 32)


@dataclass
class Clone:
    """A clone of the film's repository, with a ledger of its own."""

    folder: Path
    attempts: list[Attempt] = field(default_factory=list)
    bought: dict[TakeKey, Take] = field(default_factory=dict)
    """What its lock file must know."""
    picks: dict[str, set[str]] = field(default_factory=dict)
    """By digest, the contents of which one must be picked."""

    @property
    def lock_file(self) -> LockFile:
        return LockFile(self.folder / LOCK)

    def run_git(self, *arguments: str) -> int:
        command = ("git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments)
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode

    def act_at_random(self, choices: random.Random) -> None:
        digest = choices.choice(DIGESTS)
        known = [take for take in self.bought.values() if take.digest == digest]
        act = choices.choice(("buy", "buy", "draw", "pick", "reject", "note"))
        is_empty = not (self.folder / LOCK).exists()
        lock_file = self.lock_file
        if act == "buy" or (act != "draw" and (is_empty or not known)):
            self.buy_take(lock_file, digest, choices)
        elif act == "draw":
            drawn = make_take(1, digest=f"{choices.getrandbits(256):064x}")
            lock_file.add_take(drawn, step="SH090", parts={}, is_repeatable=True)
        elif act == "pick":
            self.picks[digest] = {(take := choices.choice(known)).sha256}
            lock_file.set_pick(take)
        elif act == "reject":
            take = choices.choice(known)
            lock_file.set_rejected(take)
            if self.picks.get(digest) == {take.sha256}:
                del self.picks[digest]
        else:
            take = choices.choice(known)
            lines = (self.folder / LOCK).read_text()
            if lines.count(f"{digest}/{take.sha256}") == 1:
                edit_take(self.folder / LOCK, digest, take.ordinal, note=choices.choice("xyz"))
        lock_file.save()

    def buy_take(self, lock_file: LockFile, digest: str, choices: random.Random) -> None:
        ordinal = 1 + max((take.ordinal for take in lock_file.find_takes(digest)), default=0)
        is_seeded = choices.random() < 0.3  # then both clones get the same bytes for it
        sha256 = f"{ordinal:x}" * 64 if is_seeded else f"{choices.getrandbits(256):064x}"
        take = make_take(ordinal, digest=digest, sha256=sha256, price=100 * ordinal)
        take = replace(take, operation=f"operations/{choices.getrandbits(64)}")
        step = f"SH{DIGESTS.index(digest)}0" + choices.choice(("", "", "R"))
        lock_file.add_take(take, step=step, parts={"prompt": digest[:4]})
        self.bought[take.key] = take
        attempt = Attempt(digest, ordinal, step, step, "generate", "vertex", "veo", False)
        self.attempts.append(
            replace(
                attempt,
                state=State.COMMITTED,
                sha256=sha256,
                settled_micros=take.price_micros,
                reserved_micros=take.price_micros,
            )
        )

    def merge(self, other: Clone) -> None:
        """Commits what both did, and merges the other's branch as a person would."""
        for clone in (self, other):
            clone.run_git("add", "-A")
            clone.run_git("commit", "-qm", "work")
        self.run_git("fetch", "-q", str(other.folder), "HEAD")
        path = self.folder / LOCK
        if self.run_git("merge", "-q", "--no-edit", "FETCH_HEAD"):
            path.write_text(keep_both_sides(path.read_text()))
        self.bought |= other.bought
        for digest, contents in other.picks.items():
            self.picks[digest] = self.picks.get(digest, set()) | contents
        cure_conflicting_lines(path)
        self.run_git("add", "-A")
        self.run_git("commit", "-qm", "merge")

    def check(self, total_micros: int) -> None:
        lock_file = self.lock_file
        known = [take for digest in DIGESTS for take in lock_file.find_takes(digest)]
        assert {take.key for take in known} == self.bought.keys(), "no take lost, none exchanged"
        for digest, contents in list(self.picks.items()):
            pick = lock_file.find_pick(digest)
            if pick is None:
                assert contents & lock_file.find_rejected(digest), "one side took it back"
                del self.picks[digest]
            else:
                assert pick in contents, "the pick is one that somebody made"
                self.picks[digest] = {pick}
        prices = lock_file.list_prices_micros()
        assert sum_lifetime_cost_micros(self.attempts, prices) == total_micros


def cure_conflicting_lines(path: Path) -> None:
    """Does what the error says until the file is read: deletes the later line of the two."""
    for _ in range(50):
        problem = find_problem(path)
        if problem is None:
            return
        assert problem.hint.startswith("keep "), (str(problem), path.read_text())
        match = re.match(rf"{LOCK}:(\d+): .*? line (\d+)", str(problem))
        assert match, str(problem)
        lines = path.read_text().splitlines(keepends=True)
        keys = {lines[int(n) - 1].partition(": ")[0] for n in match.groups()}
        assert len(keys) == 1, "both lines are named, and they are of one thing"
        del lines[int(match[1]) - 1]
        path.write_text("".join(lines))
    pytest.fail("the cure never ends")


def find_problem(path: Path) -> EnvironmentProblem | None:
    try:
        LockFile(path)
    except EnvironmentProblem as problem:
        return problem
    return None


@pytest.mark.parametrize("seed", range(8))
def test_any_two_histories_merge_without_loss(tmp_path: Path, seed: int) -> None:
    choices = random.Random(seed)
    clones = [Clone(tmp_path / name) for name in ("one", "other")]
    first, second = clones
    first.folder.mkdir()
    first.run_git("init", "-q")
    (first.folder / "film.yaml").write_text("storyboard: 1\n")
    for _ in range(choices.choice((0, 3))):  # else both of them add the file
        first.act_at_random(choices)
    first.run_git("add", "-A")
    first.run_git("commit", "-qm", "film")
    first.run_git("clone", "-q", str(first.folder), str(second.folder))
    second.bought |= first.bought
    second.picks |= first.picks
    for _ in range(3):
        for clone in clones:
            for _ in range(choices.randint(0, 5)):
                clone.act_at_random(choices)
        first.merge(second)
        second.merge(first)
        total = sum(attempt.settled_micros for each in clones for attempt in each.attempts)
        for clone in clones:
            clone.check(total)
        assert first.lock_file.text == second.lock_file.text
