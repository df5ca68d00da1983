"""A shot taken up again: the same world, people and camera, under new words."""

import json

import cv2
import numpy as np
import pytest

from storyboard.previz import state
from storyboard.previz.continuation import continue_scene
from storyboard.previz.scene import Scene
from storyboard.previz.script.parser import parse_shot
from storyboard.previz.staging.framing import compose_shot
from storyboard.providers.base import Figure, Intent, Kind, Move, Request, Settings

SIZE = (160, 90)
ANA = Figure("ana", "character", "Ana, 40, grey cardigan")
BEN = Figure("ben", "character", "Ben, 45, work shirt")
FPS, FRAMES = 12, 24


def make_request(prompt, cast=(ANA,), scene="EXT. QUAY - DAY", moves=(), **intent):
    request_intent = Intent(
        prompt=prompt, cast=tuple(cast), scene=scene,
        camera=tuple(Move(words) for words in moves), **intent,
    )  # fmt: skip
    return Request(
        Kind.GENERATE, "previz", "m", "", request_intent, Settings(duration_s=2, fps=FPS)
    )


def make_scene(request):
    spec = parse_shot(request)
    return Scene(spec, compose_shot(spec, *SIZE), (), FRAMES, FPS)


def save_state(scene):
    fingerprints = [state.fingerprint_picture(scene.draw_frame(i)) for i in range(FRAMES)]
    return json.loads(state.to_state_json(scene, fingerprints, 7))


def continue_from(known, request, frame=FRAMES - 1, after=1):
    spec, composition, taken = continue_scene(
        request, parse_shot(request), known, frame, after, SIZE
    )
    return Scene(spec, composition, (), FRAMES, FPS, taken)


def compute_psnr(a, b):
    error = float(((a[..., :3].astype(np.float64) - b[..., :3]) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


@pytest.fixture(scope="module")
def first_scene():
    scene = make_scene(make_request("Ana waits on the quay", size="WS", moves=["truck right"]))
    return scene, save_state(scene)


def test_the_moment_itself_looks_the_same_from_both_sides(first_scene):
    scene, known = first_scene
    again = continue_from(known, make_request("Ana waits"), after=0)
    assert compute_psnr(scene.draw_frame(FRAMES - 1), again.draw_frame(0)) > 33
    assert again.clock == pytest.approx((FRAMES - 1) / FPS)


def test_any_frame_of_a_take_is_found_again(first_scene):
    scene, known = first_scene
    picture = cv2.GaussianBlur(scene.draw_frame(9), (0, 0), 0.6)
    assert state.find_frame_index(known, picture) == 9
    assert state.find_frame_index(known, np.full_like(picture, 255)) is None


def test_the_place_keeps_its_layout_along_a_chain(first_scene):
    _, known = first_scene
    then = continue_from(known, make_request("Ben enters", [ANA, BEN]))
    later = continue_from(save_state(then), make_request("They wait", [ANA, BEN]))
    assert later.layout == then.layout
    assert later.spec.key == parse_shot(make_request("Ana waits on the quay")).key


def test_a_newcomer_walks_in_from_outside_the_frame(first_scene):
    _, known = first_scene
    scene = continue_from(known, make_request("Ben enters", [ANA, BEN]))
    ben = next(p for p in scene.blocking.actors.people if p.mark.person.name == "ben")
    view = scene.composition.view
    x, z, _ = ben.walk.locate_at(0.0)
    u, _ = view.project_point(scene.find_camera_pose(0), x, 0.0, z)
    assert not 0 < u < view.aspect
    x, z, _ = ben.walk.locate_at(FRAMES / FPS + 1)
    u, _ = view.project_point(scene.find_camera_pose(FRAMES - 1), x, 0.0, z)
    assert 0 < u < view.aspect


def test_who_walked_goes_on_walking_from_where_they_were():
    scene = make_scene(make_request("Ana walks to the right", size="WS"))
    before = scene.measure_motions(FRAMES - 1)["ana"]
    then = continue_from(save_state(scene), make_request("She walks to the right"))
    after = then.measure_motions(0)["ana"]
    assert after.x == pytest.approx(before.x + before.vx / FPS, abs=0.02)
    assert after.walked > before.walked


def test_turning_weather_takes_over_by_and_by(first_scene):
    scene, known = first_scene
    turned = continue_from(known, make_request("A snowstorm comes", weather="snow"))
    assert turned.spec.weather == ("snow",)
    start = compute_psnr(scene.draw_frame(FRAMES - 1), turned.draw_frame(0))
    end = compute_psnr(scene.draw_frame(FRAMES - 1), turned.draw_frame(FRAMES - 1))
    assert start > 30 > end


def test_a_new_size_is_reached_by_the_camera_not_by_a_cut(first_scene):
    scene, known = first_scene
    closer = continue_from(known, make_request("Close on Ana", size="CU"))
    view = closer.composition.view
    scales = [view.compute_scale(closer.find_camera_pose(i), 0.0) for i in (0, FRAMES - 1)]
    assert scales[0] == pytest.approx(
        scene.composition.view.compute_scale(scene.find_camera_pose(FRAMES - 1), 0), rel=0.05
    )
    assert scales[1] > 2.5 * scales[0]


@pytest.mark.parametrize("text", ["", "{", '{"format": 99}', "[1]"])
def test_a_foreign_or_damaged_state_is_no_state(text, tmp_path):
    path = tmp_path / "state.json"
    path.write_text(text)
    assert state.read_state(path) is None
    assert state.read_state(None) is None


def test_who_turned_stays_turned_when_the_words_say_nothing_of_it():
    walked = make_scene(make_request("Ana walks to the right", size="WS"))
    turned = continue_from(save_state(walked), make_request("She stops and looks back"))
    then = continue_from(save_state(turned), make_request("A light goes on in the window", []))
    assert turned.measure_motions(FRAMES - 1)["ana"].view == "left"
    assert then.measure_motions(FRAMES - 1)["ana"].view == "left"
