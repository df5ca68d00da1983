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
from storyboard.run.ledger.attempts import Attempt
from storyboard.simulator.faults import KINDS
from storyboard.simulator.server import Simulator
from tests.conftest import ROOT
from tests.story.wires import SimulatorFilm, run_in_process, set_up_film

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
    outcome: str
    attempt: str
    money: str
    exit: str
    next_render: str

    @property
    def key(self) -> tuple[str, str]:
        return self.fault, self.strikes

    @property
    def messages(self) -> list[str]:
        """What stands on the error stream, word for word."""
        return re.findall(r"“([^”]+)”", self.outcome)

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
    has_own_test: bool = False
    """A test of its own plays it."""


def read_rows() -> list[Row]:
    return [Row(*row_cells) for row_cells in read_cells(7) if row_cells[0] != "Fault"]


def read_cells(columns: int) -> list[list[str]]:
    """The rows of the page's tables of so many columns."""
    lines = (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines()
    split = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cell for cell in split if len(cell) == columns and not cell[0].startswith("--")]


SHORT_RETENTION = ("storyboard.run.executor.result_expiry.find_retention_s", lambda attempt: 0.1)
NO_RETENTION = ("storyboard.run.executor.result_expiry.find_retention_s", lambda attempt: 0.0)
SMALL = ("storyboard.providers.google.vertex_veo.MAX_INLINE_BYTES", 100)
PICTURE = "{id: SH010, prompt: A boat, duration: 4, first_frame: quay.png}"
NO_CONNECTION = {"STORYBOARD_VERTEX_BASE_URL": "http://127.0.0.1:9"}
NO_KEY = dict.fromkeys(("GEMINI_API_KEY", "COMETAPI_KEY", "GOOGLE_APPLICATION_CREDENTIALS"), "")
NO_KEY["CLOUDSDK_CONFIG"] = "/nonexistent"
WRONG_KEY = {"GEMINI_API_KEY": "AIzaOfSomebodyElse", "COMETAPI_KEY": "sk-of-somebody-else"}

STILL = "{id: SH010, prompt: A boat, duration: 4, first_frame: {still: A quay at dusk}}"
STILLS = ("--until", "stills")


def build_still_case(*wires: str, **facts: Any) -> Case:
    return Case(wires or ("omni",), shot=STILL, flags=STILLS, **facts)


CASES: Mapping[tuple[str, str], Case] = {
    ("no connection", "submit"): Case(CLOUD, env=NO_CONNECTION, tries=3),
    ("no key", "submit"): Case(JOBS, env=NO_KEY, tries=1),
    ("wrong key", "submit"): Case(("gemini", "videos"), env=WRONG_KEY, tries=1),
    ("`drop_before`", "submit"): Case(ALL, jobs=0),
    ("`drop_after`", "submit"): Case(ALL, jobs=1),
    ("killed", "submit"): Case(has_own_test=True),
    ("`server_error`", "submit"): Case(ALL, jobs=0),
    ("`html`", "submit"): Case(JOBS, jobs=1),
    ("`excuse`", "submit"): Case(JOBS, jobs=1),
    ("`server_error`", "submit, as 409"): Case(JOBS, "server_error=409@submit", jobs=0),
    ("`empty`", "submit"): Case(("omni", "chat"), jobs=1),
    ("`truncated`", "submit"): Case(("chat",), jobs=1),
    ("`slow`", "submit"): Case(("vertex", "chat"), "slow=0.2"),
    ("`slow`", "submit, beyond all patience"): Case(has_own_test=True),
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
    ("`partial`", "job"): Case(has_own_test=True),
    ("`failed`", "job"): Case(("vertex", "gemini", "omni", "videos")),
    ("`failed`", "job, by chat"): Case(("chat",), jobs=0),
    ("`provisioning`", "job"): Case(has_own_test=True),
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
    ("killed", "poll"): Case(has_own_test=True),
    ("killed", "poll, by chat"): Case(has_own_test=True),
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
    ("another job's video", "download"): Case(has_own_test=True),
    ("`drop_after`", "a still"): build_still_case("omni", "vertex", jobs=1),
    ("`html`", "a still"): build_still_case(jobs=1),
    ("`failed`", "a still"): build_still_case("omni", "vertex", jobs=0),
    ("`excuse`", "a still"): build_still_case(jobs=1),
    ("`strange`", "a still"): build_still_case("omni", "vertex"),
    ("`filtered`", "a still"): build_still_case("omni", "vertex"),
    ("`blocked`", "a still"): build_still_case(),
    ("`rate_limit`", "a still"): build_still_case(fault="rate_limit=0.1"),
    ("`retired`", "a still"): build_still_case(),
}

PLAYED = [
    pytest.param(row, wire, id=re.sub(r"\W+", "-", f"{row.fault} {row.strikes} {wire}").strip("-"))
    for row in read_rows()
    if not CASES.get(row.key, Case()).has_own_test
    for wire in CASES.get(row.key, Case()).wires
]


def find_row(fault: str, strikes: str) -> Row:
    return next(row for row in read_rows() if row.key == (fault, strikes))


def test_the_page_has_a_row_for_every_fault_and_every_row_is_played() -> None:
    row_keys = [row.key for row in read_rows()]
    assert len(row_keys) == len(set(row_keys))
    assert set(row_keys) == set(CASES)
    assert {fault.strip("`") for fault, _ in row_keys} >= set(KINDS)
    for kind, (routes, _) in KINDS.items():
        documented = {
            strikes.partition(",")[0] for fault, strikes in row_keys if fault == f"`{kind}`"
        }
        required = set(routes) & {"poll", "download", "upload"}
        assert required <= documented, f"{kind} strikes {', '.join(required - documented)} too"


def test_the_page_lists_every_provider_error() -> None:
    documented = {line[0]: line[1] for line in read_cells(5) if line[0] != "Error"}
    kinds = [ProviderError, DecisionNeeded]
    for kind in kinds:
        kinds += [
            subclass
            for subclass in kind.__subclasses__()
            if subclass.__module__ == "storyboard.errors"
        ]
    kinds.remove(NotNow)  # it is always one of its two
    assert documented == {kind.__name__: str(kind.exit_code) for kind in kinds}


@pytest.mark.parametrize(
    ("wire", "fault", "says"),
    [
        ("vertex", "filtered=15236754", "describe people without names"),
        ("omni", "blocked=29310472", "describe people without names"),
        ("videos", "filtered=57734940", "the filter found: hate"),
        ("vertex", "blocked=99999999", "change the wording"),
        ("gemini", "retired", "use `model: gemini-omni-1.2-flash`"),
        ("videos", "retired", "run `storyboard models`"),
    ],
)
def test_the_cure_is_named(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wire: str,
    fault: str,
    says: str,
) -> None:
    film = set_up_film(simulator, wire, tmp_path, monkeypatch)
    simulator.world.faults.add(fault)
    result = film.render(capsys)
    assert (result.code, says in result.err) == (3, True), result.err


@pytest.mark.parametrize(("row", "wire"), PLAYED)
def test_it_ends_as_the_table_says(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    row: Row,
    wire: str,
) -> None:
    case = CASES[row.key]
    film = set_up_film(simulator, wire, tmp_path, monkeypatch)
    if case.shot:
        cv2.imwrite(str(tmp_path / "quay.png"), np.full((180, 320, 3), 90, np.uint8))
        film.write_film(case.shot)
    if case.patch[0]:
        monkeypatch.setattr(*case.patch)
    if row.fault.startswith("`"):
        simulator.world.faults.add(case.fault or row.words)
    with monkeypatch.context() as broken:
        for name, value in case.env.items():
            broken.setenv(name, value)
        result = film.render(capsys, *case.flags)
    assert result.code == int(row.exit), result.err
    for words in row.messages:
        assert words in result.err
    check_outcome(film, row)
    assert case.tries in (0, len(film.attempts))
    charged = (1 if row.money == "spent" else 0) if case.jobs is None else case.jobs
    assert len(film.charges) == charged, "the bill of the first render"
    if row.fault.startswith("`") and not row.strikes.endswith(AGAIN):
        assert not simulator.world.faults.waiting, "the fault did not strike"
    check_next_renders(film, row, capsys, *case.flags)


def check_outcome(film: SimulatorFilm, row: Row) -> None:
    """Attempt, money and store are as the row says."""
    last = film.attempts[-1]
    assert (last.state, classify_money(last)) == (row.attempt, row.money), last.message
    accounted_micros = sum(
        attempt.settled_micros + attempt.held_micros for attempt in film.attempts
    )
    assert accounted_micros == (0 if row.money == "none" else last.reserved_micros)
    assert len(film.stored_media) == (last.state == "committed"), (
        "only what was bought is in the store"
    )


def classify_money(attempt: Attempt) -> str:
    if attempt.settled_micros:
        return "spent"
    return "held" if attempt.held_micros else "none"


def check_next_renders(
    film: SimulatorFilm, row: Row, capsys: pytest.CaptureFixture[str], *flags: str
) -> None:
    """The fault has passed: the next render, and one more."""
    film.simulator.world.faults.clear()
    charged, submitted = len(film.charges), film.submission_count
    code, _, next_outcome = row.next_render.partition(", ")
    buys = next_outcome == "buys it"
    for _ in range(2):
        result = film.render(capsys, *flags)
        assert result.code == int(code), result.err
        assert len(film.charges) == charged + buys
        assert film.submission_count == submitted + buys, "what was sent"
    assert len(film.stored_media) == (code == "0")
    if next_outcome == "`--rebuy` buys it":
        assert "--rebuy" in result.err, "the cure is named"
        for _ in range(2):
            result = film.render(capsys, *flags, "--rebuy", "SH010")
            assert result.code == 0, result.err
            assert len(film.charges) == charged + 1, "bought again, and once"
        code = "0"
    assert film.attempts[-1].state == ("committed" if code == "0" else "unknown")
    assert run_in_process(capsys, "store", "verify").code == 0
