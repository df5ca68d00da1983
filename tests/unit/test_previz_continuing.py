"""A shot taken up again: the same world, people and camera, under new words."""

import json

import cv2
import numpy as np
import pytest

from storyboard.previz import state
from storyboard.previz.continuing import continued
from storyboard.previz.framing import compose
from storyboard.previz.parse import parse
from storyboard.previz.scene import Scene
from storyboard.providers.base import Figure, Intent, Kind, Move, Request, Settings

SIZE = (160, 90)
ANA = Figure("ana", "character", "Ana, 40, grey cardigan")
BEN = Figure("ben", "character", "Ben, 45, work shirt")
FPS, FRAMES = 12, 24


def request(prompt, cast=(ANA,), scene="EXT. QUAY - DAY", moves=(), **intent):
    told = Intent(
        prompt=prompt, cast=tuple(cast), scene=scene,
        camera=tuple(Move(words) for words in moves), **intent,
    )  # fmt: skip
    return Request(Kind.GENERATE, "previz", "m", "", told, Settings(duration_s=2, fps=FPS))


def shot(asked):
    spec = parse(asked)
    return Scene(spec, compose(spec, *SIZE), (), FRAMES, FPS)


def told(scene):
    prints = [state.fingerprint(scene.frame(i)) for i in range(FRAMES)]
    return json.loads(state.written(scene, prints, 7))


def on(known, asked, frame=FRAMES - 1, after=1):
    spec, composition, taken = continued(asked, parse(asked), known, frame, after, SIZE)
    return Scene(spec, composition, (), FRAMES, FPS, taken)


def psnr(a, b):
    error = float(((a[..., :3].astype(np.float64) - b[..., :3]) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


@pytest.fixture(scope="module")
def first():
    scene = shot(request("Ana waits on the quay", size="WS", moves=["truck right"]))
    return scene, told(scene)


def test_the_moment_itself_looks_the_same_from_both_sides(first):
    scene, known = first
    again = on(known, request("Ana waits"), after=0)
    assert psnr(scene.frame(FRAMES - 1), again.frame(0)) > 33
    assert again.clock == pytest.approx((FRAMES - 1) / FPS)


def test_any_frame_of_a_take_is_found_again(first):
    scene, known = first
    picture = cv2.GaussianBlur(scene.frame(9), (0, 0), 0.6)
    assert state.frame_of(known, picture) == 9
    assert state.frame_of(known, np.full_like(picture, 255)) is None


def test_the_place_keeps_its_layout_along_a_chain(first):
    _, known = first
    then = on(known, request("Ben enters", [ANA, BEN]))
    later = on(told(then), request("They wait", [ANA, BEN]))
    assert later.home == then.home
    assert later.spec.key == parse(request("Ana waits on the quay")).key


def test_a_newcomer_walks_in_from_outside_the_frame(first):
    _, known = first
    scene = on(known, request("Ben enters", [ANA, BEN]))
    ben = next(p for p in scene.blocking.company.people if p.mark.person.name == "ben")
    view = scene.composition.view
    x, z, _ = ben.walk.at(0.0)
    u, _ = view.project(scene.pose(0), x, 0.0, z)
    assert not 0 < u < view.aspect
    x, z, _ = ben.walk.at(FRAMES / FPS + 1)
    u, _ = view.project(scene.pose(FRAMES - 1), x, 0.0, z)
    assert 0 < u < view.aspect


def test_who_walked_goes_on_walking_from_where_they_were():
    scene = shot(request("Ana walks to the right", size="WS"))
    before = scene.was(FRAMES - 1)["ana"]
    then = on(told(scene), request("She walks to the right"))
    after = then.was(0)["ana"]
    assert after.x == pytest.approx(before.x + before.vx / FPS, abs=0.02)
    assert after.walked > before.walked


def test_turning_weather_takes_over_by_and_by(first):
    scene, known = first
    turned = on(known, request("A snowstorm comes", weather="snow"))
    assert turned.spec.weather == ("snow",)
    start = psnr(scene.frame(FRAMES - 1), turned.frame(0))
    end = psnr(scene.frame(FRAMES - 1), turned.frame(FRAMES - 1))
    assert start > 30 > end


def test_a_new_size_is_reached_by_the_camera_not_by_a_cut(first):
    scene, known = first
    closer = on(known, request("Close on Ana", size="CU"))
    view = closer.composition.view
    scales = [view.scale(closer.pose(i), 0.0) for i in (0, FRAMES - 1)]
    assert scales[0] == pytest.approx(
        scene.composition.view.scale(scene.pose(FRAMES - 1), 0), rel=0.05
    )
    assert scales[1] > 2.5 * scales[0]


@pytest.mark.parametrize("text", ["", "{", '{"format": 99}', "[1]"])
def test_a_foreign_or_damaged_state_is_no_state(text, tmp_path):
    path = tmp_path / "state.json"
    path.write_text(text)
    assert state.read(path) is None
    assert state.read(None) is None


def test_who_turned_stays_turned_when_the_words_say_nothing_of_it():
    walked = shot(request("Ana walks to the right", size="WS"))
    turned = on(told(walked), request("She stops and looks back"))
    then = on(told(turned), request("A light goes on in the window", []))
    assert turned.was(FRAMES - 1)["ana"].view == "left"
    assert then.was(FRAMES - 1)["ana"].view == "left"
