"""Compile: an intent becomes legal purchases, or a refusal with its cure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.graph.compiler import Graph, compile_film
from storyboard.graph.limits.extension_chains import (
    find_legal_extension_seconds,
    find_longest_run_s,
    plan_hops,
)
from storyboard.model.effects import Effect
from storyboard.model.film import (
    AudioTrack,
    Beat,
    CastMember,
    Clip,
    Footage,
    FrameEdge,
    FrameRef,
    MediaFile,
    Policy,
    Trim,
)
from storyboard.providers.base import Kind, Role
from storyboard.providers.catalog import load_catalog
from storyboard.timecode import Rate
from tests.unit.films import (
    RATE,
    compile_shots,
    list_codes,
    make_film,
    make_footage_facts,
    make_shot,
)

IMAGE = MediaFile(Path("/films/refs/a.png"), "refs/a.png")
LIVE = [m for m in load_catalog().models.values() if m.status == "live" and m.makes == "video"]


def test_a_length_buys_the_shortest_take_that_holds_it() -> None:
    graph = compile_shots(make_shot("SH010", length=5 * 24))
    assert graph.steps["SH010"].settings.duration_s == 6
    assert graph.timeline.length == 5 * 24


def test_handles_may_choose_a_longer_take_but_never_more_than_one() -> None:
    graph = compile_shots(
        make_shot("SH010", length=6 * 24, handles=12), make_shot("SH020", length=8 * 24, handles=12)
    )
    assert [s.settings.duration_s for s in graph.steps.values()] == [8, 8]
    assert list_codes(graph, "note") == ["SB359"]


def test_without_length_the_default_duration_plays_whole() -> None:
    graph = compile_shots(make_shot("SH010"))
    assert graph.steps["SH010"].buys_frames == 192
    assert graph.timeline.length == 192


def test_an_illegal_duration_lists_the_legal_ones_and_their_prices() -> None:
    graph = compile_shots(make_shot("SH010", duration=5 * 24, provider="vertex"))
    (error,) = graph.diagnostics
    assert error.code == "SB410"
    assert error.span.line == 2
    assert "length: 5   # buys 6 s, $2.40" in error.hint
    assert "duration: 4   # $1.60" in error.hint


def test_a_duration_from_defaults_gives_way_to_a_length() -> None:
    made = make_shot("SH010", length=72, duration=192)
    inherited = replace(made, origins={k: v for k, v in made.origins.items() if k != "duration"})
    assert compile_shots(inherited).steps["SH010"].settings.duration_s == 4


def test_a_long_length_without_beats_is_refused_and_shown_beats() -> None:
    graph = compile_shots(make_shot("SH010", length=20 * 24))
    assert list_codes(graph) == ["SB422"]
    assert "beats:" in graph.diagnostics[0].hint


def test_beats_make_a_long_take_in_hops_with_a_prompt_each() -> None:
    beats = (Beat(0, "It climbs"), Beat(8 * 24, "It passes"), Beat(15 * 24, "It stops"))
    graph = compile_shots(make_shot("SH085", length=22 * 24, beats=beats, prompt=""))
    kinds = [(s.kind, s.settings.duration_s, s.intent.prompt) for s in graph.steps.values()]
    assert kinds == [
        (Kind.GENERATE, 8, "It climbs"),
        (Kind.EXTEND, 7, "It passes"),
        (Kind.EXTEND, 7, "It stops"),
    ]
    (event,) = graph.timeline.events
    assert [(s.step, s.source.length) for s in event.slices] == [
        ("SH085.1", 192),
        ("SH085.2", 168),
        ("SH085.3", 168),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("A tram", "A tram. It passes"),
        ("A tram ", "A tram. It passes"),
        ("A tram climbs.", "A tram climbs. It passes"),
        ("Does it climb?", "Does it climb? It passes"),
        ('The sign says "Go!"', 'The sign says "Go!" It passes'),
        ("A tram…", "A tram… It passes"),
        ("A tram:", "A tram: It passes"),
        ("", "It passes"),
    ],
)
def test_the_words_of_a_shot_and_of_its_beat_are_sentences_of_their_own(
    words: str, told: str
) -> None:
    beats = (Beat(0, "It climbs"), Beat(8 * 24, "It passes"))
    graph = compile_shots(make_shot("SH085", length=15 * 24, beats=beats, prompt=words))
    assert graph.steps["SH085.2"].intent.prompt == told


def test_a_beat_inside_a_hop_goes_into_its_prompt_with_its_time() -> None:
    beats = (Beat(0, "It climbs"), Beat(3 * 24, "A dog runs past"))
    graph = compile_shots(make_shot("SH085", length=15 * 24, beats=beats, prompt=""))
    assert "From 3 s: A dog runs past" in graph.steps["SH085.1"].prompt
    assert list_codes(graph, "note") == ["SB360"]


def test_a_chain_over_the_cap_is_refused_with_ways_out() -> None:
    chain = [make_shot("SH010")]
    chain += [make_shot(f"SH0{n}0", extends=f"SH0{n - 1}0") for n in range(2, 8)]
    graph = compile_shots(*chain)
    errors = [d for d in graph.diagnostics if d.severity == "error"]
    assert [d.code for d in errors] == ["SB416"]
    assert "continue: SH050" in errors[0].hint
    assert "on_limit: reanchor" in errors[0].hint


def test_a_reanchored_chain_starts_again_without_the_repeated_frame() -> None:
    chain = [make_shot("SH010")]
    chain += [make_shot(f"SH0{n}0", extends=f"SH0{n - 1}0") for n in range(2, 8)]
    graph = compile_shots(*chain, policy=Policy(on_limit="reanchor"))
    assert list_codes(graph) == []
    again = graph.steps["SH060"]
    assert (again.kind, again.links[0].role) == (Kind.GENERATE, Role.FIRST_FRAME)
    assert graph.timeline.find_event("SH060").slices[0].source.start == 1
    assert list_codes(graph, "note") == ["SB424"]


def test_a_fork_is_two_chains_counted_apart() -> None:
    graph = compile_shots(
        make_shot("SH010"),
        *(
            make_shot(f"SH1{n}0", extends="SH010" if n == 1 else f"SH1{n - 1}0")
            for n in range(1, 5)
        ),
        *(
            make_shot(f"SH2{n}0", extends="SH010" if n == 1 else f"SH2{n - 1}0")
            for n in range(1, 5)
        ),
    )
    assert list_codes(graph) == []
    assert {graph.steps[id].depth_s for id in ("SH140", "SH240")} == {36}


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (make_shot("SH020", last_frame=FrameRef(file=IMAGE), first_frame=FrameRef(file=IMAGE)), ""),
        (make_shot("SH020", provider="cometapi", first_frame=FrameRef(file=IMAGE),
              last_frame=FrameRef(file=IMAGE)), "SB414"),
        (make_shot("SH020", provider="cometapi", extends="SH010"), "SB415"),
        (make_shot("SH020", provider="nobody"), "SB401"),
        (make_shot("SH020", model="veo-9"), "SB402"),
        (make_shot("SH020", provider="gemini"), "SB403"),
        (make_shot("SH020", provider="vertex", resolution="8k"), "SB411"),
        (make_shot("SH020", provider="vertex", aspect_ratio="1:1"), "SB412"),
        (make_shot("SH020", provider="gemini", model="omni-flash", audio=False), "SB418"),
        (make_shot("SH020", provider="gemini", model="omni-flash", seed=1), "SB419"),
        (make_shot("SH020", extends="FOOT"), "SB421"),
        (make_shot("SH020", extends="SH010", resolution="1080p"), "SB411"),
        (make_shot("SH020", references=("ana",)), "SB417"),
        (make_shot("SH020", continues="BLACK"), "SB361"),
        (make_shot("SH020", first_frame=FrameRef(shot="SH010", edge=FrameEdge.AT, at=400)),
         "SB361"),
        (make_shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=24), length=180), "SB358"),
        (make_shot("SH020", trim=Trim(start=100, end=50)), "SB358"),
    ],
)  # fmt: skip
def test_what_a_model_lacks_is_refused_by_its_code(broken: object, code: str) -> None:
    graph = compile_shots(
        make_shot("SH010"),
        make_shot("FOOT", clip=Clip(file=MediaFile(Path("/films/f.mp4"), "f.mp4"))),
        make_shot("BLACK", color="black", length=24),
        broken,  # type: ignore[arg-type]
        cast={"ana": CastMember("ana")},
    )
    assert list_codes(graph) == ([code] if code else [])


def test_dependents_of_a_rejected_shot_report_nothing() -> None:
    graph = compile_shots(
        make_shot("SH010", provider="nobody"), make_shot("SH020", extends="SH010")
    )
    assert list_codes(graph) == ["SB401"]
    assert graph.steps == {}


def test_references_are_sent_where_nothing_else_carries_identity() -> None:
    cast = {"ana": CastMember("ana", images=(IMAGE, IMAGE)), "ben": CastMember("ben")}
    graph = compile_shots(
        make_shot("SH010", cast=("ana", "ben")),
        make_shot("SH020", cast=("ana",), continues="SH010"),
        make_shot("SH030", cast=("ana",), length=72),
        cast=cast,
    )
    roles = {id: [link.role for link in step.links] for id, step in graph.steps.items()}
    assert roles == {
        "SH010": [Role.REFERENCE, Role.REFERENCE],
        "SH020": [Role.FIRST_FRAME],
        "SH030": [],
    }
    assert list_codes(graph, "note") == ["SB423", "SB423"]


def test_an_explicit_list_of_references_chooses_a_length_that_takes_it() -> None:
    graph = compile_shots(
        make_shot("SH010", length=72, references=("ana",)),
        cast={"ana": CastMember("ana", images=(IMAGE,))},
    )
    assert graph.steps["SH010"].settings.duration_s == 8


def test_a_preferred_setting_from_defaults_is_a_note_and_not_sent() -> None:
    made = make_shot("SH010", provider="gemini", model="omni-flash", seed=7)
    inherited = replace(made, origins={k: v for k, v in made.origins.items() if k != "seed"})
    graph = compile_shots(inherited)
    assert (list_codes(graph), list_codes(graph, "note")) == ([], ["SB420"])
    assert graph.steps["SH010"].settings.seed is None


def test_extending_a_trimmed_take_is_warned_of_as_a_jump() -> None:
    graph = compile_shots(make_shot("SH010", length=48), make_shot("SH020", extends="SH010"))
    assert list_codes(graph, "warning") == ["SB354"]


def test_a_chain_of_a_thousand_continued_shots_compiles() -> None:
    shots = [make_shot("S0")] + [make_shot(f"S{n}", continues=f"S{n - 1}") for n in range(1, 1000)]
    graph = compile_shots(*reversed(shots))
    order = list(graph.steps)
    assert list_codes(graph) == []
    assert order == [f"S{n}" for n in range(1000)]


@settings(deadline=None, max_examples=60)
@given(
    model=st.sampled_from(LIVE),
    seconds=st.integers(1, 100),
    beats=st.lists(st.integers(1, 150), max_size=4),
    reanchor=st.booleans(),
    rate=st.sampled_from([24, 25, Fraction(30000, 1001)]),
)
def test_every_split_is_legal_and_long_enough(
    model: object, seconds: int, beats: list[int], reanchor: bool, rate: Fraction
) -> None:
    from storyboard.providers.catalog import Model

    assert isinstance(model, Model)
    grid = Rate(Fraction(rate))
    length = grid.to_frames(seconds)
    seams = [grid.to_frames(beat) for beat in beats]
    hops = plan_hops(model, length, grid, seams, resolution="720p", reanchor=reanchor)
    if hops is None:
        assert not reanchor or not model.first_frame
        assert seconds > find_longest_run_s(model, "720p")
        return
    run_s = run_hops = done = 0
    for hop in hops:
        assert hop.start == done
        if hop.extends:
            assert hop.seconds in find_legal_extension_seconds(model, run_s, run_hops)
            run_s, run_hops = run_s + hop.seconds, run_hops + 1
        else:
            assert hop.seconds in model.durations
            run_s, run_hops = hop.seconds, 0
        assert hop.frames == grid.to_frames(hop.seconds) - hop.skip
        done += hop.frames
    assert done - hops[-1].frames < length <= done
    assert RATE.to_frames(1) == 24


@pytest.mark.parametrize(
    "key", [{"alternate": "SH010"}, {"match": FrameRef(shot="SH010", edge=FrameEdge.LAST)}]
)
def test_a_key_that_no_step_carries_out_is_refused_by_name(key: dict[str, Any]) -> None:
    assert list_codes(compile_shots(make_shot("SH010"), make_shot("SH020", **key))) == ["SB190"]


@pytest.mark.parametrize(
    ("values", "sound_s", "noted"),
    [
        ({}, 13, True),
        ({}, 10.1, False),
        ({"mute": True}, 13, False),
        ({"length": 5 * 24}, 13, False),
        ({"trim": Trim(start=24)}, 13, True),
    ],
)
def test_sound_that_goes_on_after_the_picture_of_footage_is_noted(
    values: dict[str, Any], sound_s: float, noted: bool
) -> None:
    clip = Clip(file=MediaFile(Path("/films/a b.mp4"), "a b.mp4"))
    film = make_film(make_shot("SH010", clip=clip, **values))
    footage = Footage(make_footage_facts(), sound_seconds=Fraction(sound_s))
    graph = compile_film(film, read_footage=lambda _: footage)
    assert list_codes(graph, "note") == ["SB368"] * noted
    for note in graph.diagnostics:
        assert "for 3.0 s after its picture" in note.message
        assert "-i 'a b.mp4' -vf tpad=stop_mode=clone:stop_duration=3.0" in note.hint


TRACKS = (AudioTrack(1, "eng", is_readable=False), AudioTrack(2, "ger"), AudioTrack(3))


def compile_with_track(track: str, **values: Any) -> Graph:
    film = make_film(make_shot("SH010", audio_track=track, **values))
    footage = Footage(make_footage_facts(), audio_tracks=TRACKS)
    return compile_film(film, read_footage=lambda _: footage)


@pytest.mark.parametrize("track", ["2", "3", "de", "ger", "de-AT"])
def test_a_sound_track_of_footage_may_be_named(track: str) -> None:
    clip = Clip(file=MediaFile(Path("/films/a.mp4"), "a.mp4"))
    assert not list_codes(compile_with_track(track, clip=clip))
    fast = (Effect("MultiplySpeed", {"factor": 2}),)
    step = compile_with_track(track, clip=clip, effects=fast).steps["SH010.effects"]
    assert step.settings.options["audio_track"] == track


@pytest.mark.parametrize("track", ["1", "4", "en", "fr"])
def test_a_sound_track_that_the_clip_lacks_is_refused_with_those_it_has(track: str) -> None:
    clip = Clip(file=MediaFile(Path("/films/a.mp4"), "a.mp4"))
    (refused,) = compile_with_track(track, clip=clip).diagnostics
    assert refused.code == "SB369"
    assert refused.message == f"the clip of SH010 has no sound track `{track}`"
    assert refused.hint == "it has 1 (eng), which nobody can decode, 2 (ger), 3"


def test_a_sound_track_is_chosen_only_of_footage() -> None:
    (refused,) = compile_with_track("2").diagnostics
    assert (refused.code, refused.hint) == ("SB369", "delete `audio_track`")
