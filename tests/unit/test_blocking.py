"""Who stands where: what a sequence, a shot and a beat say of it, and what a model is told."""

from __future__ import annotations

import textwrap
from itertools import permutations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from storyboard.language import to_storyboard_data
from storyboard.language.show import to_storyboard_yaml
from storyboard.model.blocking import DEPTHS, LOOKS, SIDES, Placement
from storyboard.model.film import Film
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.providers.base import Role
from tests.unit.language_films import PNG, build_film, list_codes, load_text

CAST = """
    cast:
      ana: {description: "Ana, 40", wardrobe: {coat: {description: wet red coat}}}
      ben: {description: "Ben, 45"}
      radio: {kind: voice, voice: bass}
"""
KITCHEN = """
      - sequence: SQ01
        blocking:
          ana: {where: left, by: table, pose: sits, faces: ben, holds: letter, wears: coat}
          ben: {where: right, by: window, faces: ana}
        shots:
"""


def write_film(folder: Path, *shots: str) -> Path:
    """A film of those shots in the kitchen."""
    items = "".join(f"          - {{{shot}}}\n" for shot in shots)
    path = folder / "film.yaml"
    text = textwrap.dedent(f"{CAST}    shots:{KITCHEN}{items}")
    path.write_text("storyboard: 1\n" + text, encoding="utf-8")
    return path


def read_prompts(path: Path) -> dict[str, str]:
    session = FilmSession(check_film(path))
    return {id: step.prompt for id, step in session.graph.steps.items()}


def place(film: Film, shot: str, person: str) -> Placement:
    return next(each for each in film.find_shot(shot).blocking if each.name == person)


def load_film(path: Path) -> Film:
    checked = check_film(path)
    assert checked.film is not None
    return checked.film


def test_a_model_is_told_where_everybody_is(tmp_path: Path) -> None:
    path = write_film(tmp_path, "id: SH010, prompt: A letter, cast: [ana, ben]")
    prompt = read_prompts(path)["SH010"]
    assert "Ana sits on the left by the table, faces Ben and holds the letter." in prompt
    assert "Ben is on the right by the window and faces Ana." in prompt


def test_only_people_in_the_cast_of_the_shot_reach_the_prompt(tmp_path: Path) -> None:
    path = write_film(tmp_path, "id: SH010, prompt: She reads, cast: [ana]")
    prompt = read_prompts(path)["SH010"]
    assert "Ben" not in prompt
    assert "Ana sits on the left by the table, looks to the right" in prompt, "where he would be"


def test_a_shot_changes_what_its_sequence_says_key_by_key(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: a, cast: [ana, ben], blocking: {ana: {pose: stands}}",
        "id: SH020, prompt: a, cast: [ana, ben], blocking: {ana: {where: center}}",
    )
    film = load_film(path)
    first, second = place(film, "SH010", "ana"), place(film, "SH020", "ana")
    assert (first.where, first.by, first.pose) == ("left", "table", "stands")
    assert (second.where, second.by, second.pose) == ("center", "", "sits"), "no more by the table"


def test_a_beat_is_a_change_and_a_new_place_a_cross(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: Ben comes, cast: [ana, ben], length: 8, "
        "beats: [{at: 0, blocking: {ben: {where: left, by: table}}}, "
        "{at: 5, prompt: Ana leaves, blocking: {ana: {exit: right}}}]",
    )
    prompt = read_prompts(path)["SH010"]
    assert "Ben goes to the left by the table." in prompt
    assert "Ben is on the right by the window" in prompt, "where he starts"
    assert "From 5 s: Ana leaves. Ana leaves the picture on the right." in prompt


def test_each_part_of_a_long_take_has_the_people_of_its_own_seconds(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: The kitchen, cast: [ana, ben], length: 22, "
        "beats: [{at: 0, prompt: She reads}, {at: 8, blocking: {ana: {exit: left}}}, "
        "{at: 15, blocking: {ben: {enter: right, where: center}}}]",
    )
    prompts = read_prompts(path)
    assert "Ana sits on the left" in prompts["SH010.1"]
    assert "Ben" not in prompts["SH010.1"], "he comes in at 15 s"
    assert "Ana leaves the picture on the left" in prompts["SH010.2"]
    assert "Ana" not in prompts["SH010.3"], "she has left"
    assert "Ben comes in from the right and goes to the center." in prompts["SH010.3"]


def test_an_extension_begins_as_its_source_ends(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: a, cast: [ana, ben], length: 8, "
        "beats: [{at: 0, blocking: {ben: {where: left}}}, {at: 4, blocking: {ana: {exit: right}}}]",
        "id: SH020, extend: SH010, prompt: b, cast: [ana, ben]",
        "id: SH030, extend: SH020, prompt: c, blocking: {ana: {enter: right, where: right}}, "
        "cast: [ana, ben]",
    )
    film = load_film(path)
    assert place(film, "SH020", "ben").where == "left", "not as the sequence says"
    assert place(film, "SH020", "ana").is_away
    assert not place(film, "SH030", "ana").is_away
    prompts = read_prompts(path)
    assert "Ana" not in prompts["SH020"]
    assert "Ana comes in from the right, stays on the right, sits" in prompts["SH030"]


def test_the_order_of_shots_changes_no_prompt_and_buys_nothing(tmp_path: Path) -> None:
    shots = (
        "id: SH010, prompt: a, cast: [ana, ben], size: WS, blocking: {ben: {where: center}}",
        "id: SH020, prompt: b, cast: [ana], size: MCU, cross: true",
        "id: SH030, prompt: c, cast: [ana, ben], length: 12, "
        "beats: [{at: 0, prompt: d}, {at: 6, blocking: {ana: {where: right, wears: coat}}}]",
        "id: SH040, like: SH010, prompt: e, line: [ana, ben]",
    )
    digests = []
    for order in permutations(shots):
        plan = FilmSession(check_film(write_film(tmp_path, *order))).plan()
        digests.append({node.step.id: node.digest for node in plan.nodes})
    assert len(digests[0]) == 5
    assert all(each == digests[0] for each in digests)


def test_who_crosses_the_line_sees_the_sequence_from_behind(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: a, cast: [ana, ben], cross: true, blocking: {ben: {where: foreground}}",
        "id: SH020, prompt: b, cast: [ana, ben], like: SH010",
    )
    film = load_film(path)
    assert place(film, "SH010", "ana").where == "right"
    assert place(film, "SH010", "ben").where == "foreground", "as the shot says itself"
    assert place(film, "SH020", "ana").where == "left"
    assert place(film, "SH020", "ben").where == "background"


@given(
    st.sampled_from(["", *SIDES, *DEPTHS, "left background", "right foreground"]),
    st.sampled_from(["", "ben", *LOOKS]),
    st.sampled_from(["", "left", "right", "top", "bottom", "foreground", "background"]),
)
def test_who_crosses_the_line_twice_is_back(where: str, faces: str, edge: str) -> None:
    placement = Placement("ana", where=where, faces=faces, enter=edge)
    mirrored = placement.mirror_sides()
    assert mirrored.mirror_sides() == placement
    assert mirrored.side == (None if placement.side is None else -placement.side)
    assert mirrored.depth == -placement.depth


def test_places_may_be_written_in_many_ways(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        cast: {ana: {description: Ana}}
        shots:
          - {id: A, prompt: a, cast: [ana], blocking: {ana: {where: "Foreground, left"}}}
          - {id: B, prompt: a, cast: [ana], blocking: {ana: {where: on the right}}}
          - {id: C, prompt: a, cast: [ana], blocking: {ana: {where: centre background}}}
        """,
    )
    places = [shot.blocking[0].where for shot in film.shots]
    assert places == ["left foreground", "right", "center background"]


def test_what_somebody_wears_is_told_and_its_picture_sent(tmp_path: Path) -> None:
    for name in ("face", "full", "coat"):
        (tmp_path / f"{name}.png").write_bytes(PNG)
    path = tmp_path / "film.yaml"
    path.write_text(
        "storyboard: 1\n"
        "defaults: {provider: vertex}\n"
        "cast:\n"
        "  ana: {description: 'Ana, 40', images: [face.png, full.png],\n"
        "        wardrobe: {coat: {description: wet red coat, image: coat.png}}}\n"
        "shots:\n"
        "  - {id: A, prompt: a, cast: [ana], blocking: {ana: {wears: coat}}}\n"
        "  - {id: B, prompt: a, cast: [ana]}\n",
        encoding="utf-8",
    )
    steps = FilmSession(check_film(path)).graph.steps
    sent = {
        id: [link.file.name for link in step.links if link.role is Role.REFERENCE and link.file]
        for id, step in steps.items()
    }
    assert sent["A"] == ["face.png", "coat.png", "full.png"]
    assert sent["B"] == ["face.png", "full.png"]
    assert "Ana, 40, wet red coat." in steps["A"].prompt
    assert "coat" not in steps["B"].prompt


def test_who_comes_in_later_is_no_reference_of_the_first_part(tmp_path: Path) -> None:
    for name in ("ana", "ben"):
        (tmp_path / f"{name}.png").write_bytes(PNG)
    path = tmp_path / "film.yaml"
    path.write_text(
        "storyboard: 1\n"
        "defaults: {provider: vertex}\n"
        "cast: {ana: {image: ana.png}, ben: {image: ben.png}}\n"
        "shots:\n"
        "  - {id: A, prompt: a, cast: [ana, ben], length: 15, beats: [{at: 0, prompt: b},"
        " {at: 8, blocking: {ben: {enter: left}}}]}\n",
        encoding="utf-8",
    )
    checked = check_film(path)
    first = FilmSession(checked).graph.steps["A.1"]
    assert [link.cast for link in first.links] == ["ana"]
    assert "Ben" not in first.prompt
    assert any("no picture of ben" in each.message for each in checked.diagnostics)


def test_a_voice_is_heard_and_never_seen(tmp_path: Path) -> None:
    path = write_film(tmp_path, "id: SH010, prompt: a, cast: [ana], dialogue: [{radio: Rain.}]")
    [shot] = load_film(path).shots
    assert shot.dialogue[0].off
    assert 'Radio says off screen: "Rain."' in read_prompts(path)["SH010"]
    refused = load_text(tmp_path, f"{CAST}    shots: [{{id: A, prompt: a, cast: [radio]}}]")
    [error] = refused.errors
    assert (error.code, error.message) == (
        "SB213",
        "`radio` is a voice and can't be in the picture",
    )
    assert "dialogue" in error.hint


def test_the_camera_looks_over_the_shoulder_of_one_person(tmp_path: Path) -> None:
    path = write_film(tmp_path, "id: SH010, prompt: a, cast: [ana, ben], angle: {over: ben}")
    assert "Over Ben's shoulder." in read_prompts(path)["SH010"]
    assert to_storyboard_data(load_film(path))["shots"][0]["angle"] == {"over": "ben"}


def test_the_number_of_a_scene_is_kept_and_not_sent(tmp_path: Path) -> None:
    path = write_film(tmp_path, 'id: SH010, prompt: a, scene: "INT. KITCHEN - NIGHT #12A#"')
    [shot] = load_film(path).shots
    assert (shot.scene, shot.scene_number) == ("INT. KITCHEN - NIGHT", "12A")
    assert (shot.place, shot.time) == ("kitchen", "night")
    assert "12A" not in read_prompts(path)["SH010"]
    assert to_storyboard_data(load_film(path))["shots"][0]["scene"].endswith("#12A#")


def test_what_show_prints_means_the_same(tmp_path: Path) -> None:
    path = write_film(
        tmp_path,
        "id: SH010, prompt: a, cast: [ana, ben], cross: true, angle: {over: ana}, length: 8, "
        "beats: [{at: 0, prompt: b}, {at: 4, blocking: {ana: {exit: left}}}]",
        "id: SH020, extend: SH010, prompt: b, cast: [ana, ben]",
        "id: SH030, prompt: c, cast: [ana], blocking: {ana: {enter: left}}",
    )
    prompts, film = read_prompts(path), load_film(path)
    path.write_text(to_storyboard_yaml(film, origins=False), encoding="utf-8")
    assert read_prompts(path) == prompts


def test_one_mistake_in_a_sequence_is_said_once(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path,
        """
        cast: {ana: {description: Ana}, ben: {description: Ben}}
        shots:
          - sequence: SQ01
            blocking: {ana: {faces: bne}}
            shots: [{id: A, prompt: a, cast: [ana]}, {id: B, prompt: b, cast: [ana]}]
        """,
    )
    assert list_codes(loaded) == ["SB202"]
    assert "`ben`" in loaded.errors[0].hint
