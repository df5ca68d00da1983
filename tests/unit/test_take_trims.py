"""A trim in the lock file belongs to its take and wins over the trim of its shot."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from storyboard.errors import InvalidStoryboard
from storyboard.graph.timeline import ShotEvent
from storyboard.model.film import MediaFacts, Take
from storyboard.pipeline.session import FilmSession, Overrides, add_take_diagnostics, check_film
from storyboard.plan.plan import Plan, Reason
from storyboard.timecode import Rate
from tests.conftest import RunCommand
from tests.unit.lock_files import edit_take

Write = Callable[..., Path]
HEAD = "storyboard: 1\ndefaults: {duration: 4}\nshots:\n"


def make_takes(film: Path) -> None:
    """Enters a take of every step into the lock file, as a render elsewhere would have."""
    production = FilmSession(check_film(film))
    while True:
        new = [n for n in production.plan().nodes if n.digest and n.select is None]
        if not new:
            break
        for node in new:
            take = Take(
                digest=node.digest,
                ordinal=1,
                sha256=node.digest[::-1],
                provider=node.step.provider,
                model=node.step.model,
                facts=MediaFacts(frames=node.step.buys_frames, rate=Rate(Fraction(24))),
                shot=node.step.shot,
            )
            production.selects.add_take(take, step=node.step.id, parts=node.parts or {})
    production.selects.save()


def trim(film: Path, step: str, start: int | None = None, end: int | None = None) -> None:
    """Trims the take of a step in the lock file, in frames; with neither end it is freed."""
    production = FilmSession(check_film(film))
    node = next(n for n in production.plan(lenient=True).nodes if n.step.id == step)
    ends = {"start": start, "end": end}
    frames = {name: f"{end}f" for name, end in ends.items() if end is not None}
    edit_take(production.selects.path, node.digest, 1, trim=frames or None)


def plan(film: Path) -> Plan:
    return FilmSession(check_film(film)).plan()


def used(film: Path, shot: str) -> tuple[int, int]:
    event: ShotEvent = plan(film).timeline.find_event(shot)
    return event.take_range.start, event.take_range.end


def refusals(film: Path) -> list[tuple[str, str]]:
    with pytest.raises(InvalidStoryboard) as refused:
        plan(film)
    assert add_take_diagnostics(check_film(film)).diagnostics == refused.value.diagnostics
    return [(each.code, each.message) for each in refused.value.diagnostics]


def test_it_wins_over_the_trim_of_its_shot(write_film: Write) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a, trim: {start: 1}}\n  - {id: B, prompt: b}\n")
    make_takes(film)
    assert used(film, "A") == (24, 96)
    trim(film, "A", 12, -24)
    assert used(film, "A") == (12, 72), "the whole of the shot's trim gives way"
    assert plan(film).timeline.find_event("B").record.start == 60
    trim(film, "A")
    assert used(film, "A") == (24, 96)


def test_length_plays_from_its_start(write_film: Write) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a, length: 2}\n")
    make_takes(film)
    trim(film, "A", 12)
    assert used(film, "A") == (12, 60)


def test_it_buys_nothing_again_but_what_begins_with_its_last_frame(write_film: Write) -> None:
    film = write_film(
        HEAD + "  - {id: A, prompt: a}\n  - {id: B, continue: A, prompt: b}\n"
        "  - {id: C, first_frame: A.last, prompt: c}\n  - {id: D, extend: A, prompt: d}\n"
    )
    make_takes(film)
    before = {n.step.id: n.digest for n in plan(film).nodes}
    trim(film, "A", end=-10)
    after = {n.step.id: n for n in plan(film).nodes}
    assert [id for id, node in after.items() if node.digest != before[id]] == ["B"]
    assert after["B"].reasons == (Reason.UPSTREAM_CHANGED,)


def test_a_chain_of_trimmed_takes_settles(write_film: Write) -> None:
    """The trim of A moves B to another take, whose own trim then moves C."""
    film = write_film(
        HEAD + "  - {id: A, prompt: a}\n  - {id: B, continue: A, prompt: b}\n"
        "  - {id: C, continue: B, prompt: c}\n"
    )
    make_takes(film)
    trim(film, "A", end=-10)
    make_takes(film)
    trim(film, "B", end=-20)
    make_takes(film)
    assert [used(film, id) for id in "ABC"] == [(0, 86), (0, 76), (0, 96)]
    trim(film, "A")
    assert [used(film, id) for id in "ABC"] == [(0, 96)] * 3, "these are other takes again"


def test_it_goes_with_its_take(write_film: Write) -> None:
    film = write_film(
        HEAD + "  - {id: A, prompt: a}\n  - {id: B, clip: A}\n"
        "  - {id: C, clip: A, trim: {start: 2}}\n  - {id: D, like: A, prompt: d}\n"
    )
    make_takes(film)
    trim(film, "A", 12, -12)
    assert used(film, "B") == (12, 84)
    assert used(film, "C") == (48, 96), "a part of the take that the shot itself names"
    assert used(film, "D") == (0, 96)


def test_in_an_extension_it_counts_from_the_new_picture(write_film: Write) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a}\n  - {id: B, extend: A, prompt: b}\n")
    make_takes(film)
    trim(film, "B", 24)
    assert used(film, "B") == (24, 7 * 24)
    trim(film, "A", end=-12)
    assert "SB354" not in [d.code for d in check_film(film).diagnostics], "nor does the text jump"
    production = FilmSession(check_film(film))
    production.plan()
    assert [d.code for d in production.diagnostics] == ["SB354"]


def test_a_long_take_is_trimmed_at_its_ends_alone(write_film: Write) -> None:
    film = write_film(
        HEAD + "  - {id: A, length: 20, beats: [{at: 0, prompt: a}, {at: 8, prompt: b}]}\n"
        "  - {id: B, clip: A}\n"
    )
    make_takes(film)
    first, *_, last = [n.step.id for n in plan(film).nodes]
    trim(film, first, 24)
    assert used(film, "B")[0] == 24
    trim(film, last, end=-72)
    assert {code for code, _ in refusals(film)} == {"SB367"}, "A is to play 20 s"
    trim(film, first)
    trim(film, last, start=24)
    assert "from the middle of A" in refusals(film)[0][1]


def test_effects_work_on_what_it_leaves(write_film: Write) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a, effects: [{MultiplySpeed: {factor: 2}}]}\n")
    make_takes(film)
    assert plan(film).timeline.length == 48
    trim(film, "A", 24, 72)
    assert used(film, "A") == (24, 72)
    assert plan(film).timeline.length == 24


def test_transitions_find_their_handles_in_what_it_leaves(write_film: Write) -> None:
    film = write_film(
        HEAD + "  - {id: A, prompt: a}\n"
        "  - {id: B, prompt: b, transition: {dissolve: 0.5, frames: overlap}}\n"
    )
    make_takes(film)
    film.write_text(film.read_text().replace("overlap", "auto"))
    assert plan(film).timeline.length == 180, "no handles: they overlap"
    trim(film, "A", end=-12)
    assert plan(film).timeline.length == 180, "the dissolve takes the frames that are cut away"
    assert plan(film).timeline.find_event("A").record.length == 84


def test_lags_find_their_sound_in_what_it_leaves(write_film: Write) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a, length: 3, audio_lag: 1}\n")
    make_takes(film)
    trim(film, "A", 12)
    assert [code for code, _ in refusals(film)] == ["SB358"]


def test_lines_stay_where_their_take_speaks_them(write_film: Write) -> None:
    film = write_film(
        HEAD
        + "  - id: A\n    prompt: a\n    dialogue: [{ana: One., at: 0.2}, {ana: Two., at: 3}]\n"
    )
    make_takes(film)
    trim(film, "A", 24)
    production = FilmSession(check_film(film))
    production.plan()
    assert [d.code for d in production.diagnostics].count("SB366") == 1, "one line is cut away"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (None, 200, "is outside A, which has 4 s (96 frames)"),
        (-200, None, "is outside A"),
        (96, None, "leaves no frame of A"),
        (50, 40, "leaves no frame of A"),
        (None, 20, "leaves 0.833333 s of the take, but A needs 2 s"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(
    write_film: Write, start: int | None, end: int | None, said: str
) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a, length: 2}\n")
    make_takes(film)
    trim(film, "A", start, end)
    ((code, message),) = refusals(film)
    assert (code, said in message) == ("SB367", True), message
    (error,) = add_take_diagnostics(check_film(film)).diagnostics
    lines = film.with_name("film.selects.yaml").read_text().splitlines()
    assert error.span.file == str(film.with_name("film.selects.yaml"))
    assert lines[error.span.line - 1][error.span.column - 1 :].startswith(('{"start', '{"end'))
    assert error.hint


def test_a_still_is_not_trimmed(write_film: Write) -> None:
    film = write_film(HEAD + '  - {id: A, prompt: a, first_frame: {still: "a quay"}}\n')
    make_takes(film)
    trim(film, "A.first_frame", 1)
    ((code, message),) = refusals(film)
    assert (code, "can't be trimmed" in message) == ("SB367", True)


def test_its_frames_are_those_of_the_take(write_film: Write) -> None:
    film = write_film(
        "storyboard: 1\nformat: {fps: 48}\n" + HEAD.split("\n", 1)[1] + "  - {id: A, prompt: a}\n"
    )
    make_takes(film)
    trim(film, "A", 12)
    assert used(film, "A") == (24, 192)


def test_check_says_it_and_takes_and_pick_still_work(write_film: Write, cli: RunCommand) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a}\n")
    make_takes(film)
    trim(film, "A", 200)
    checked = cli("check", "film.yaml")
    assert checked.code == 1
    assert "film.selects.yaml:" in checked.out + checked.err
    assert cli("plan", "film.yaml").code == 1
    (take,) = cli("takes", "film.yaml", "--json").json["takes"]
    assert (take["trim"], take["note"]) == ({"start": "200f"}, None)
    assert cli("pick", "film.yaml", "A", "t01").code == 0


def test_a_saved_plan_is_refused_once_a_trim_moved(write_film: Write, cli: RunCommand) -> None:
    film = write_film(HEAD + "  - {id: A, prompt: a}\n")
    make_takes(film)
    assert cli("plan", "film.yaml", "--out", "P").code == 0
    trim(film, "A", 24)
    said = cli("render", "P")
    assert (said.code, "A: length is 3 s, was 4 s" in said.err) == (6, True), said.err


def test_a_film_follows_its_takes_trims_and_notes(write_film: Write, cli: RunCommand) -> None:
    film = write_film(
        "storyboard: 1\ndefaults: {provider: studio, model: studio-1, duration: 4}\nshots:\n"
        "  - {id: A, prompt: a}\n"
    )
    flags = ("render", film, "--yes", "--deps", "film.d")
    assert cli(*flags, STORYBOARD_POLL_S="0.01").code == 0
    assert "film.selects.yaml" in (film.parent / "film.d").read_text()
    record = film.parent / "build" / "film.provenance.json"
    lock = film.with_name("film.selects.yaml")
    lock.write_text(lock.read_text().replace('"frames"', '"trim": {"start": "24f"}, "frames"', 1))
    assert cli(*flags).code == 0
    assert '"frames": 72' in record.read_text()
    assert '"start": "24f"' in record.read_text()
    cut = (film.parent / "build" / "film.mp4").read_bytes()
    lock.write_text(lock.read_text().replace('"frames"', '"note": "the best", "frames"', 1))
    assert cli(*flags).code == 0
    assert '"note": "the best"' in record.read_text()
    assert (film.parent / "build" / "film.mp4").read_bytes() == cut, "a note cuts nothing anew"
    assert "note: the best" in cli("takes", "film.yaml").out


def test_a_take_that_plays_again_brings_its_trim(write_film: Write, cli: RunCommand) -> None:
    """A is made again and comes out the same, so the trimmed take of B plays after all."""
    film = write_film(
        "storyboard: 1\ndefaults: {duration: 4}\nshots:\n"
        "  - {id: A, prompt: a, length: 1}\n  - {id: B, continue: A, prompt: b}\n"
    )
    assert cli("render", film, "--proxy", "-q").code == 0
    production = FilmSession(check_film(film, Overrides(proxy=True)))
    node = production.plan().nodes[1]
    production.close()
    assert cli("pick", film, "B", "t01", "--proxy").code == 0
    edit_take(production.selects.path, node.digest, 1, trim={"start": "24f"})
    assert cli("render", film, "--proxy", "-q", "--force", "A").code == 0
    record = json.loads((film.parent / "build" / "film.proxy.provenance.json").read_text())
    assert record["frames"] == 24 + 72
