"""Every fault ends as docs/faults.md says: attempt, money, exit code, words, and the next render.

The expectations are read from that page; what is written here is only how each row is played.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from storyboard.errors import DecisionNeeded, NotNow, ProviderError
from storyboard.run.attempts import Attempt
from storyboard.simulator.faults import KINDS
from storyboard.simulator.serve import Simulator
from tests.conftest import ROOT
from tests.story.wires import Stage, cli, staged

ALL = ("vertex", "gemini", "omni", "videos", "chat")
JOBS = ("vertex", "gemini", "videos")
CLOUD = ("vertex",)
BUCKET = ("bucket",)
AGAIN = ", again and again"


@dataclass(frozen=True)
class Row:
    """One line of the page."""

    fault: str
    strikes: str
    does: str
    attempt: str
    money: str
    exit: str
    after: str

    @property
    def key(self) -> tuple[str, str]:
        return self.fault, self.strikes

    @property
    def says(self) -> list[str]:
        """What stands on the error stream, word for word."""
        return re.findall(r"“([^”]+)”", self.does)

    @property
    def words(self) -> str:
        """The row's fault as the simulator reads it."""
        kind, (route, *_) = self.fault.strip("`"), self.strikes.partition(",")
        route = "submit" if route in ("job", "a still") else route
        return f"{kind}:40@{route}" if self.strikes.endswith(AGAIN) else f"{kind}@{route}"


@dataclass(frozen=True)
class Case:
    """How a row is played."""

    wires: tuple[str, ...] = ("vertex",)
    fault: str = ""
    """In place of the row's own words."""
    env: Mapping[str, str] = field(default_factory=dict)
    shot: str = ""
    flags: tuple[str, ...] = ()
    jobs: int | None = None
    """Charges on the bill after the first render; None is one where the money is spent."""
    tries: int = 0
    """Attempts in the ledger after the first render; 0 is any number."""
    patch: tuple[str, object] = ("", None)
    apart: bool = False
    """A test of its own plays it."""


def rows() -> list[Row]:
    return [Row(*each) for each in cells(7) if each[0] != "Fault"]


def cells(columns: int) -> list[list[str]]:
    """The rows of the page's tables of so many columns."""
    lines = (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines()
    split = [[each.strip() for each in line.strip("|").split("|")] for line in lines]
    return [each for each in split if len(each) == columns and not each[0].startswith("--")]


SHORT_RETENTION = ("storyboard.run.following.retention_s", lambda attempt: 0.1)
NO_RETENTION = ("storyboard.run.following.retention_s", lambda attempt: 0.0)
SMALL = ("storyboard.providers.vertex_veo.INLINE", 100)
PICTURE = "{id: SH010, prompt: A boat, duration: 4, first_frame: quay.png}"
NO_CONNECTION = {"STORYBOARD_VERTEX_BASE_URL": "http://127.0.0.1:9"}
NO_KEY = dict.fromkeys(("GEMINI_API_KEY", "COMETAPI_KEY", "GOOGLE_APPLICATION_CREDENTIALS"), "")
NO_KEY["CLOUDSDK_CONFIG"] = "/nonexistent"
WRONG_KEY = {"GEMINI_API_KEY": "AIzaOfSomebodyElse", "COMETAPI_KEY": "sk-of-somebody-else"}

STILL = "{id: SH010, prompt: A boat, duration: 4, first_frame: {still: A quay at dusk}}"
STILLS = ("--until", "stills")


def still(*wires: str, **facts: Any) -> Case:
    return Case(wires or ("omni",), shot=STILL, flags=STILLS, **facts)


CASES: Mapping[tuple[str, str], Case] = {
    ("no connection", "submit"): Case(CLOUD, env=NO_CONNECTION, tries=3),
    ("no key", "submit"): Case(JOBS, env=NO_KEY, tries=1),
    ("wrong key", "submit"): Case(("gemini", "videos"), env=WRONG_KEY, tries=1),
    ("`drop_before`", "submit"): Case(ALL, jobs=0),
    ("`drop_after`", "submit"): Case(ALL, jobs=1),
    ("killed", "submit"): Case(apart=True),
    ("`server_error`", "submit"): Case(ALL, jobs=0),
    ("`html`", "submit"): Case(JOBS, jobs=1),
    ("`excuse`", "submit"): Case(JOBS, jobs=1),
    ("`server_error`", "submit, as 409"): Case(JOBS, "server_error=409@submit", jobs=0),
    ("`empty`", "submit"): Case(("omni", "chat"), jobs=1),
    ("`truncated`", "submit"): Case(("chat",), jobs=1),
    ("`slow`", "submit"): Case(("vertex", "chat"), "slow=0.2"),
    ("`slow`", "submit, beyond all patience"): Case(apart=True),
    ("`rate_limit`", "submit"): Case(("vertex", "omni", "videos"), "rate_limit=0.1"),
    ("`rate_limit`", "submit" + AGAIN): Case(CLOUD, "rate_limit=0.02:6@submit", tries=6),
    ("`rate_limit`", "submit, for a day"): Case(CLOUD, "rate_limit=86400", tries=1),
    ("`expired_token`", "submit"): Case(("vertex", "vertex-omni"), tries=1),
    ("`expired_token`", "submit" + AGAIN): Case(CLOUD),
    ("`not_found`", "submit"): Case(ALL),
    ("`retired`", "submit"): Case(ALL),
    ("`drop_before`", "token"): Case(CLOUD),
    ("`drop_before`", "token" + AGAIN): Case(CLOUD, tries=3),
    ("`server_error`", "token"): Case(CLOUD),
    ("`slow`", "token"): Case(CLOUD, "slow=0.2@token"),
    ("`html`", "token"): Case(CLOUD),
    ("`server_error`", "upload"): Case(BUCKET, shot=PICTURE, patch=SMALL),
    ("`server_error`", "upload" + AGAIN): Case(BUCKET, shot=PICTURE, patch=SMALL),
    ("`drop_before`", "upload"): Case(BUCKET, shot=PICTURE, patch=SMALL),
    ("`slow`", "upload"): Case(BUCKET, "slow=0.2@upload", shot=PICTURE, patch=SMALL),
    ("`expired_token`", "upload"): Case(BUCKET, shot=PICTURE, patch=SMALL),
    ("`filtered`", "job"): Case(("vertex", "gemini", "omni", "videos")),
    ("`filtered`", "job, by chat"): Case(("chat",), jobs=0),
    ("`blocked`", "job"): Case(("vertex", "gemini", "omni", "videos")),
    ("`partial`", "job"): Case(apart=True),
    ("`failed`", "job"): Case(("vertex", "gemini", "omni", "videos")),
    ("`failed`", "job, by chat"): Case(("chat",), jobs=0),
    ("`provisioning`", "job"): Case(apart=True),
    ("`processing`", "job"): Case(("gemini", "omni", "videos")),
    ("`wrong_length`", "job"): Case(ALL),
    ("`wrong_size`", "job"): Case(ALL),
    ("`drop_before`", "poll"): Case(("vertex", "videos")),
    ("`server_error`", "poll"): Case(("vertex", "omni")),
    ("`rate_limit`", "poll"): Case(("gemini",), "rate_limit=0.1@poll"),
    ("`slow`", "poll"): Case(("videos",), "slow=0.2@poll"),
    ("`html`", "poll"): Case(("vertex", "omni")),
    ("`html`", "poll" + AGAIN): Case(JOBS, jobs=1),
    ("`empty`", "poll"): Case(("gemini", "videos")),
    ("`excuse`", "poll"): Case(("vertex", "omni", "videos")),
    ("`excuse`", "poll" + AGAIN): Case(("vertex", "gemini", "omni", "videos"), jobs=1),
    ("`damaged`", "poll"): Case(("vertex", "omni")),
    ("`damaged`", "poll" + AGAIN): Case(CLOUD, jobs=1),
    ("`damaged`", "poll, of a job that has a name for its result" + AGAIN): Case(
        ("omni",), "damaged:40@poll", jobs=1
    ),
    ("`strange`", "poll"): Case(("vertex", "gemini", "omni")),
    ("`strange`", "poll" + AGAIN): Case(("vertex", "gemini", "omni"), jobs=1),
    ("`strange`", "poll, until no results are kept" + AGAIN): Case(
        ("vertex", "gemini", "omni"), "strange:60@poll", patch=SHORT_RETENTION
    ),
    ("`strange`", "poll, as expired" + AGAIN): Case(("videos",), "strange=expired:40@poll", jobs=1),
    ("`expired_token`", "poll"): Case(CLOUD),
    ("`expired_token`", "poll" + AGAIN): Case(CLOUD, jobs=1),
    ("`not_found`", "poll" + AGAIN): Case(("vertex", "gemini", "omni", "videos"), jobs=1),
    ("killed", "poll"): Case(apart=True),
    ("killed", "poll, by chat"): Case(apart=True),
    ("`server_error`", "files"): Case(("gemini",)),
    ("`slow`", "files"): Case(("gemini",), "slow=0.2@files"),
    ("`html`", "files"): Case(("gemini",)),
    ("`truncated`", "download"): Case(("bucket", "gemini", "chat")),
    ("`drop_before`", "download"): Case(("videos",)),
    ("`server_error`", "download"): Case(BUCKET),
    ("`slow`", "download"): Case(("gemini",), "slow=0.2@download"),
    ("`html`", "download"): Case(("bucket", "gemini", "videos", "chat")),
    ("`html`", "download" + AGAIN): Case(("bucket", "gemini", "chat"), jobs=1),
    ("`empty`", "download"): Case(("bucket", "gemini", "videos", "chat")),
    ("`empty`", "download" + AGAIN): Case(("bucket", "gemini"), jobs=1),
    ("`redirect`", "download"): Case(("bucket", "gemini", "videos", "chat")),
    ("`expired_token`", "download"): Case(BUCKET),
    ("`expired_token`", "download" + AGAIN): Case(BUCKET, jobs=1),
    ("`not_found`", "download"): Case(("bucket", "gemini")),
    ("`redirect`", "download, to where nothing is" + AGAIN): Case(
        ("bucket", "gemini", "chat"), "redirect=gone:40@download", jobs=1
    ),
    ("`not_found`", "download" + AGAIN): Case(("bucket", "gemini", "videos"), jobs=1),
    ("`not_found`", "download, as a proxy's page" + AGAIN): Case(
        ("bucket", "gemini", "videos"), "not_found=page:40@download", jobs=1
    ),
    ("`not_found`", "download, after its time" + AGAIN): Case(
        ("bucket", "videos"), patch=NO_RETENTION
    ),
    ("`drop_after`", "a still"): still("omni", "vertex", jobs=1),
    ("`html`", "a still"): still(jobs=1),
    ("`failed`", "a still"): still("omni", "vertex", jobs=0),
    ("`excuse`", "a still"): still(jobs=1),
    ("`strange`", "a still"): still("omni", "vertex"),
    ("`filtered`", "a still"): still("omni", "vertex"),
    ("`blocked`", "a still"): still(),
    ("`rate_limit`", "a still"): still(fault="rate_limit=0.1"),
    ("`retired`", "a still"): still(),
}

PLAYED = [
    pytest.param(row, wire, id=re.sub(r"\W+", "-", f"{row.fault} {row.strikes} {wire}").strip("-"))
    for row in rows()
    if not CASES.get(row.key, Case()).apart
    for wire in CASES.get(row.key, Case()).wires
]


def row_of(fault: str, strikes: str) -> Row:
    return next(row for row in rows() if row.key == (fault, strikes))


def test_the_page_has_a_row_for_every_fault_and_every_row_is_played() -> None:
    told = [row.key for row in rows()]
    assert len(told) == len(set(told))
    assert set(told) == set(CASES)
    assert {fault.strip("`") for fault, _ in told} >= set(KINDS)
    for kind, (routes, _) in KINDS.items():
        struck = {strikes.partition(",")[0] for fault, strikes in told if fault == f"`{kind}`"}
        meant = set(routes) & {"poll", "download", "upload"}
        assert meant <= struck, f"{kind} strikes {', '.join(meant - struck)} too"


def test_the_page_tells_every_error_of_a_provider_apart() -> None:
    told = {line[0]: line[1] for line in cells(5) if line[0] != "Error"}
    kinds = [ProviderError, DecisionNeeded]
    for kind in kinds:
        kinds += [each for each in kind.__subclasses__() if each.__module__ == "storyboard.errors"]
    kinds.remove(NotNow)  # it is always one of its two
    assert told == {kind.__name__: str(kind.exit_code) for kind in kinds}


@pytest.mark.parametrize(
    ("wire", "fault", "says"),
    [
        ("vertex", "filtered=15236754", "describe, don't name"),
        ("omni", "blocked=29310472", "describe, don't name"),
        ("videos", "filtered=57734940", "the filter saw: hate"),
        ("vertex", "blocked=99999999", "other words help"),
        ("gemini", "retired", "use `model: gemini-omni-1.2-flash`"),
        ("videos", "retired", "see `storyboard models`"),
    ],
)
def test_the_cure_is_named(
    services: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wire: str,
    fault: str,
    says: str,
) -> None:
    stage = staged(services, wire, tmp_path, monkeypatch)
    services.world.faults.add(fault)
    said = stage.render(capsys)
    assert (said.code, says in said.err) == (3, True), said.err


@pytest.mark.parametrize(("row", "wire"), PLAYED)
def test_it_ends_as_the_table_says(
    services: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    row: Row,
    wire: str,
) -> None:
    case = CASES[row.key]
    stage = staged(services, wire, tmp_path, monkeypatch)
    if case.shot:
        cv2.imwrite(str(tmp_path / "quay.png"), np.full((180, 320, 3), 90, np.uint8))
        stage.write(case.shot)
    if case.patch[0]:
        monkeypatch.setattr(*case.patch)
    if row.fault.startswith("`"):
        services.world.faults.add(case.fault or row.words)
    with monkeypatch.context() as broken:
        for name, value in case.env.items():
            broken.setenv(name, value)
        said = stage.render(capsys, *case.flags)
    assert said.code == int(row.exit), said.err
    for words in row.says:
        assert words in said.err
    ended(stage, row)
    assert case.tries in (0, len(stage.attempts))
    charged = (1 if row.money == "spent" else 0) if case.jobs is None else case.jobs
    assert len(stage.charges) == charged, "the bill of the first render"
    if row.fault.startswith("`") and not row.strikes.endswith(AGAIN):
        assert not services.world.faults.waiting, "the fault did not strike"
    goes_on(stage, row, capsys, *case.flags)


def ended(stage: Stage, row: Row) -> None:
    """Attempt, money and store are as the row says."""
    last = stage.attempts[-1]
    assert (last.state, money(last)) == (row.attempt, row.money), last.message
    paid = sum(each.settled_micros + each.held_micros for each in stage.attempts)
    assert paid == (0 if row.money == "none" else last.reserved_micros)
    assert len(stage.stored) == (last.state == "committed"), "only what was bought is in the store"


def money(attempt: Attempt) -> str:
    if attempt.settled_micros:
        return "spent"
    return "held" if attempt.held_micros else "none"


def goes_on(stage: Stage, row: Row, capsys: pytest.CaptureFixture[str], *flags: str) -> None:
    """The fault has passed: the next render, and one more."""
    stage.sim.world.faults.clear()
    charged, sent = len(stage.charges), stage.submits
    code, _, does = row.after.partition(", ")
    buys = does == "buys it"
    for _ in range(2):
        said = stage.render(capsys, *flags)
        assert said.code == int(code), said.err
        assert len(stage.charges) == charged + buys
        assert stage.submits == sent + buys, "what was sent"
    assert len(stage.stored) == (code == "0")
    if does == "`--rebuy` buys it":
        assert "--rebuy" in said.err, "the cure is named"
        for _ in range(2):
            said = stage.render(capsys, *flags, "--rebuy", "SH010")
            assert said.code == 0, said.err
            assert len(stage.charges) == charged + 1, "bought again, and once"
        code = "0"
    assert stage.attempts[-1].state == ("committed" if code == "0" else "unknown")
    assert cli(capsys, "store", "verify").code == 0
