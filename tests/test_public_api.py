"""The public API is what the package says it is, and importing it is cheap."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import storyboard
from storyboard.errors import InvalidStoryboard, MoneyRefused, StoreError, UsageError
from storyboard.pipeline.session import CheckedFilm, Overrides
from storyboard.plan.plan import Action

FILM = """\
storyboard: 1
shots:
  - {id: SH010, prompt: A lighthouse at dusk, length: 0.5}
  - {id: SH020, prompt: A keeper on the stairs, length: 0.5}
"""
PAID = """\
storyboard: 1
defaults: {model: veo-3.1, duration: 8}
profiles: {quick: {defaults: {duration: 4}}}
shots:
  - {id: SH010, prompt: A lighthouse at dusk}
  - {id: SH020, prompt: The keeper climbs the stairs}
"""
RETIRED = """\
storyboard: 1
defaults: {provider: vertex, model: veo-3.0-generate-001}
shots: [{id: SH010, prompt: A lighthouse at dusk}]
"""
OVERRIDES = [
    (PAID, {"profile": "quick"}),
    (PAID, {"provider": "vertex"}),
    (PAID, {"provider": "vertex", "model": "veo-3.1-fast"}),
    (PAID, {"model": "veo-3.1-lite"}),
    (PAID.replace("{model", "{provider: vertex, model"), {"previz": True}),
    (PAID, {"proxy": True}),
    (RETIRED, {"allow_retired": True}),
]  # fmt: skip
"""A film, and overrides that change its plan."""

Write = Callable[[str], Path]


def functions() -> dict[str, Callable[..., Any]]:
    return {name: getattr(storyboard, name) for name in storyboard.__all__}


def call(name: str, *arguments: Any, **keywords: Any) -> Any:
    """Calls a public function, to its end where it is a coroutine function."""
    result = getattr(storyboard, name)(*arguments, **keywords)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def planned(film: Path | CheckedFilm, **overrides: Any) -> object:
    """All that a plan decides: its steps with their identities, prices and reasons."""
    try:
        plan = storyboard.plan_film(film, **overrides)
    except InvalidStoryboard as error:
        return [each.code for each in error.diagnostics]
    nodes = [(n.step.id, n.digest, n.action, n.reasons, n.cost_micros) for n in plan.nodes]
    return nodes, plan.cost_micros, plan.film.delivery


def test_everything_promised_is_there() -> None:
    assert {"load", "compile_film", "plan_film", "render", "arender", "stitch"} <= set(
        storyboard.__all__
    )
    assert all(callable(function) for function in functions().values())


def test_import_is_light() -> None:
    code = (
        "import sys, storyboard; print(len([m for m in sys.modules if m.startswith('storyboard')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 3


def test_no_module_takes_the_place_of_a_public_function() -> None:
    """Importing a module sets it as an attribute of its package, over what had that name."""
    modules = {module.name for module in pkgutil.iter_modules(storyboard.__path__)}
    assert modules.isdisjoint(storyboard.__all__)


def test_every_package_keeps_what_it_promises_once_everything_is_imported() -> None:
    code = """if True:
        import importlib, pkgutil, storyboard, sys
        names = [m.name for m in pkgutil.walk_packages(storyboard.__path__, "storyboard.")]
        loaded = [importlib.import_module(n) for n in names if not n.endswith("__main__")]
        for package in [storyboard, *loaded]:
            for name in getattr(package, "__all__", ()):
                value = getattr(package, name)
                if value is sys.modules.get(f"{package.__name__}.{name}"):
                    print(package.__name__, name)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_every_function_works_once_a_film_was_loaded(
    write_film: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    film = storyboard.load(write_film(FILM), previz=True, proxy=True)
    assert film.is_valid
    assert film.sound
    assert storyboard.load(film) is film
    assert list(storyboard.compile_film(film).steps) == ["SH010", "SH020"]
    plan = storyboard.plan_film(film)
    assert [node.action for node in plan.nodes] == [Action.CREATE, Action.CREATE]
    assert plan.cost_micros == 0
    heard: list[object] = []
    out = tmp_path / "out.mp4"
    done = storyboard.render(film, out=out, jobs=1, tell=heard.append)
    assert (done.film, done.current, done.result.is_complete) == (out, False, True)
    assert heard
    assert asyncio.run(storyboard.arender(film, out=out)).current
    assert asyncio.run(storyboard.render_async(film, out=out)).current
    out.unlink()
    assert storyboard.stitch(film, out=out) == out
    assert out.stat().st_size


@pytest.mark.parametrize("name", storyboard.__all__)
def test_every_override_is_a_keyword_of_every_function(name: str) -> None:
    parameters = inspect.signature(getattr(storyboard, name)).parameters
    assert {field.name for field in fields(Overrides)} <= set(parameters)
    assert all(each.kind is not each.VAR_KEYWORD for each in parameters.values())


@pytest.mark.parametrize("name", storyboard.__all__)
def test_an_unknown_keyword_is_refused_with_the_known_ones(write_film: Write, name: str) -> None:
    for film in (write_film(FILM), storyboard.load(write_film(FILM))):
        with pytest.raises(TypeError, match=r"'nonsense'; it has film, .*profile, provider, model"):
            call(name, film, nonsense=3)


def test_a_program_can_tell_what_to_await() -> None:
    coroutines = {name for name, each in functions().items() if inspect.iscoroutinefunction(each)}
    assert coroutines == {"arender", "render_async"}


@pytest.mark.parametrize(("text", "overrides"), OVERRIDES)
def test_a_loaded_film_and_its_path_are_overridden_alike(
    write_film: Write, text: str, overrides: dict[str, Any]
) -> None:
    path = write_film(text)
    loaded = storyboard.load(path)
    by_path = planned(path, **overrides)
    assert by_path != planned(path)
    assert planned(loaded, **overrides) == by_path
    assert planned(storyboard.load(path, **overrides)) == by_path
    assert planned(storyboard.load(loaded, **overrides)) == by_path
    assert planned(loaded) == planned(path)
    steps = [storyboard.compile_film(film, **overrides).steps for film in (path, loaded)]
    assert steps[0] == steps[1]


def test_every_override_was_tried() -> None:
    tried = {name for _, overrides in OVERRIDES for name in overrides}
    assert tried == {field.name for field in fields(Overrides)}


def test_a_loaded_film_has_its_price(write_film: Write) -> None:
    loaded = storyboard.load(write_film(PAID))
    assert storyboard.plan_film(loaded).cost_micros == 0
    assert storyboard.plan_film(loaded, provider="vertex").cost_micros == 6_400_000


def test_overrides_join_those_that_a_film_was_loaded_with(write_film: Write) -> None:
    path = write_film(PAID)
    loaded = storyboard.load(path, provider="vertex", proxy=True)
    both = planned(path, provider="vertex", proxy=True, profile="quick")
    assert planned(loaded, profile="quick") == both
    assert planned(loaded, proxy=False) == planned(path, provider="vertex")


def test_an_override_reads_the_film_that_was_loaded(
    write_film: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_film(PAID)
    monkeypatch.chdir(tmp_path)
    loaded = storyboard.load("film.yaml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert storyboard.plan_film(loaded, provider="vertex").cost_micros == 6_400_000


@pytest.mark.parametrize("name", ["render", "arender", "render_async"])
def test_a_render_of_a_loaded_film_heeds_the_provider(write_film: Write, name: str) -> None:
    for film in (write_film(PAID), storyboard.load(write_film(PAID))):
        with pytest.raises(MoneyRefused, match=r"may cost \$6\.40"):
            call(name, film, provider="vertex")


def test_stitching_a_loaded_film_heeds_the_provider(write_film: Write, tmp_path: Path) -> None:
    loaded = storyboard.load(write_film(FILM), proxy=True)
    out = tmp_path / "out.mp4"
    storyboard.render(loaded, out=out)
    assert storyboard.stitch(loaded, out=out) == out
    with pytest.raises(StoreError, match="takes are missing"):
        storyboard.stitch(loaded, provider="vertex", proxy=False, out=out)


def test_takes_are_asked_for_as_on_the_command_line(write_film: Write, tmp_path: Path) -> None:
    film = storyboard.load(write_film(FILM), proxy=True)
    out = tmp_path / "out.mp4"
    first = storyboard.render(film, out=out, shots=["SH010"], missing="slate")
    assert set(first.result.selects) == {"SH010"}
    storyboard.render(film, out=out)
    assert [n.step.id for n in storyboard.plan_film(film, shots="SH020").nodes] == ["SH020"]
    for wish in ("retake", "force"):
        plan = storyboard.plan_film(film, **{wish: "SH010"})
        assert [node.action is Action.KEEP for node in plan.nodes] == [False, True], wish
    again = storyboard.render(film, out=out, retake=["SH010"])
    assert again.result.selects["SH010"].sha256 != first.result.selects["SH010"].sha256
    with pytest.raises(UsageError, match="SH999"):
        storyboard.render(film, out=out, force=["SH999"])


@pytest.mark.parametrize("wrong", [{"missing": "black"}, {"jobs": 0}, {"jobs": -1}])
def test_a_wrong_value_is_refused(write_film: Write, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        storyboard.render(write_film(FILM), **wrong)
