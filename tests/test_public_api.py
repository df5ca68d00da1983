"""The public API is what the package says it is, and importing it is cheap."""

from __future__ import annotations

import ast
import asyncio
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import storyboard
from storyboard import errors
from storyboard.errors import (
    InvalidStoryboard,
    MoneyRefused,
    StoreError,
    StoryboardError,
    UsageError,
)
from storyboard.pipeline.session import CheckedFilm, Overrides
from storyboard.plan.plan import Action
from storyboard.run import events

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
DOCS = Path(__file__).parent.parent / "docs"
ELSEWHERE = f"""\
storyboard: 1
shots: [{{id: SH010, prompt: A lighthouse at dusk, first_frame: {DOCS}/the-last-ferry.jpg}}]
"""
OVERRIDES = [
    (PAID, {"profile": "quick"}),
    (PAID, {"provider": "vertex"}),
    (PAID, {"provider": "vertex", "model": "veo-3.1-fast"}),
    (PAID, {"model": "veo-3.1-lite"}),
    (PAID.replace("{model", "{provider: vertex, model"), {"previz": True}),
    (PAID, {"proxy": True}),
    (RETIRED, {"allow_retired": True}),
    (ELSEWHERE, {"allow_folders": DOCS}),
]  # fmt: skip
"""A film, and overrides that change its plan."""

Write = Callable[[str], Path]


FUNCTIONS = sorted(
    name for name in storyboard.__all__ if inspect.isfunction(getattr(storyboard, name))
)
OVERRIDABLE = [
    "check_film",
    "compile_film",
    "load",
    "plan_film",
    "render",
    "render_async",
    "stitch",
]
"""The functions that lay something over a film."""


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


def list_types_of_calls() -> set[type]:
    """The product's own types that the public functions take or return."""
    found: set[type] = set()

    def collect(annotation: Any) -> None:
        if inspect.isclass(annotation) and annotation.__module__.startswith("storyboard."):
            found.add(annotation)
        for argument in get_args(annotation):
            collect(argument)

    for name in FUNCTIONS:
        for annotation in get_type_hints(getattr(storyboard, name)).values():
            collect(annotation)
    return found


def list_types_of_results() -> set[type]:
    """The types that a program meets in the fields of what it got, a step further."""
    found: set[type] = set()

    def collect(annotation: Any) -> None:
        if inspect.isclass(annotation) and annotation.__module__.startswith("storyboard."):
            found.add(annotation)
        for argument in get_args(annotation):
            collect(argument)

    for each in list_types_of_calls():
        for annotation in get_type_hints(each).values():
            collect(annotation)
        for _, value in inspect.getmembers(each, lambda member: isinstance(member, property)):
            collect(get_type_hints(value.fget).get("return"))
    return found


def test_everything_promised_is_there() -> None:
    assert {
        *("load", "check_film", "compile_film", "plan_film", "render", "render_async", "stitch"),
        *("list_takes", "pick_take", "reject_take", "read_provenance", "list_runs"),
        *("resolve_operation", "verify_store", "collect_garbage", "fetch_takes", "list_models"),
    } <= set(FUNCTIONS)


def test_every_type_that_a_call_takes_or_returns_is_there() -> None:
    exported = {getattr(storyboard, name) for name in storyboard.__all__}
    missing = {each.__name__ for each in list_types_of_calls() - exported}
    assert not missing


def test_every_type_in_a_result_is_there() -> None:
    exported = {getattr(storyboard, name) for name in storyboard.__all__}
    assert {each.__name__ for each in list_types_of_results() - exported} == set()


def test_every_error_and_every_event_is_there() -> None:
    kinds = [StoryboardError, *events.EVENT_TYPES]
    for kind in kinds:
        kinds += kind.__subclasses__()
    public = {kind for kind in kinds if kind.__module__ in (errors.__name__, events.__name__)}
    assert {kind.__name__ for kind in public} <= set(storyboard.__all__)


def test_type_checkers_read_the_names_that_a_program_gets() -> None:
    """They don't run `__getattr__`: they read the imports that only they see."""
    tree = ast.parse(Path(storyboard.__file__).read_text("utf-8"))
    imports = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname
    }
    assert imports.keys() - {"__version__"} == set(storyboard.__all__)
    for name in storyboard.__all__:
        module, source = imports[name]
        assert getattr(import_module(str(module)), source) is getattr(storyboard, name), name


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        storyboard.nonsense  # type: ignore[attr-defined]
    assert set(storyboard.__all__) <= set(dir(storyboard))


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
    assert storyboard.load(film) is film
    assert list(storyboard.compile_film(film).steps) == ["SH010", "SH020"]
    plan = storyboard.plan_film(film)
    assert [node.action for node in plan.nodes] == [Action.CREATE, Action.CREATE]
    assert plan.cost_micros == 0
    heard: list[object] = []
    out = tmp_path / "out.mp4"
    done = storyboard.render(film, out=out, jobs=1, on_event=heard.append)
    assert (done.film, done.current, done.result.is_complete) == (out, False, True)
    assert heard
    assert asyncio.run(storyboard.render_async(film, out=out)).current
    out.unlink()
    assert storyboard.stitch(film, out=out) == out
    assert out.stat().st_size


@pytest.mark.parametrize("name", OVERRIDABLE)
def test_every_override_is_a_keyword_of_every_function(name: str) -> None:
    parameters = inspect.signature(getattr(storyboard, name)).parameters
    assert {field.name for field in fields(Overrides)} <= set(parameters)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_keyword_is_named_and_typed(name: str) -> None:
    function = getattr(storyboard, name)
    parameters = inspect.signature(function).parameters
    assert all(each.kind is not each.VAR_KEYWORD for each in parameters.values())
    assert get_type_hints(function).keys() == {*parameters, "return"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_unknown_keyword_is_refused_with_the_known_ones(name: str) -> None:
    known = ", ".join(inspect.signature(getattr(storyboard, name)).parameters)
    with pytest.raises(TypeError, match=re.escape(f"'nonsense'; use {known}")):
        call(name, nonsense=3)


def test_a_program_can_tell_what_to_await() -> None:
    coroutines = [n for n in FUNCTIONS if inspect.iscoroutinefunction(getattr(storyboard, n))]
    assert coroutines == ["render_async"]


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


@pytest.mark.parametrize("name", ["render", "render_async"])
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"missing": "black"},
        {"until": "noon"},
        {"jobs": 0},
        {"jobs": -1},
        {"max_cost_usd": "two dollars"},
    ],
)
def test_a_wrong_value_is_refused(write_film: Write, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        storyboard.render(write_film(FILM), **wrong)


OWN_FILES = ["film.yaml", "film.selects.yaml", ".storyboard/store/out.mp4", "link.mp4"]


@pytest.mark.parametrize("name", ["render", "render_async", "stitch"])
@pytest.mark.parametrize("own", OWN_FILES)
def test_a_film_is_not_written_over_its_own_files(
    write_film: Write, tmp_path: Path, name: str, own: str
) -> None:
    film = write_film(FILM)
    (tmp_path / "link.mp4").symlink_to("film.yaml")
    with pytest.raises(
        UsageError, match=r"a source file of the film|in the folder of the film's takes"
    ):
        call(name, film, out=tmp_path / own, proxy=True)
    assert film.read_text("utf-8") == FILM


def test_a_make_fragment_is_not_written_over_the_film(write_film: Write, tmp_path: Path) -> None:
    film = write_film(FILM)
    with pytest.raises(UsageError, match="a source file of the film"):
        storyboard.render(film, out=tmp_path / "out.mp4", deps=film, proxy=True)
    assert film.read_text("utf-8") == FILM


def test_a_saved_plan_runs_as_it_was_saved(write_film: Write, tmp_path: Path) -> None:
    film = write_film(FILM)
    plan, out = tmp_path / "film.plan.json", tmp_path / "out.mp4"
    storyboard.plan_film(film, proxy=True, out=plan)
    with pytest.raises(UsageError, match="a saved plan can't be combined with shots"):
        storyboard.render(plan, shots="SH010")
    with pytest.raises(UsageError, match="is a saved plan"):
        storyboard.plan_film(plan)
    assert storyboard.render(plan, out=out, deps=tmp_path / "film.d").film == out
    assert "film.yaml" in (tmp_path / "film.d").read_text("utf-8")
    write_film(FILM.replace("dusk", "dawn"))
    with pytest.raises(MoneyRefused, match="out of date"):
        storyboard.render(plan, out=out)


def test_a_plan_over_the_limit_is_not_saved(write_film: Write, tmp_path: Path) -> None:
    plan = tmp_path / "film.plan.json"
    with pytest.raises(MoneyRefused, match=r"may cost \$6\.40"):
        storyboard.plan_film(write_film(PAID), provider="vertex", max_cost_usd="2.50", out=plan)
    assert not plan.exists()


def test_takes_are_listed_picked_and_rejected(write_film: Write, tmp_path: Path) -> None:
    film = storyboard.load(write_film(FILM), proxy=True)
    out = tmp_path / "out.mp4"
    assert storyboard.list_takes(film) == ()
    storyboard.render(film, out=out)
    storyboard.render(film, out=out, retake="SH010")
    first, second = storyboard.list_takes(film, shots="SH010")
    assert (first.plays, second.plays, second.is_picked) == (False, True, True)
    assert first.path
    assert first.path.is_file()
    assert storyboard.pick_take(film, "SH010", "t01") == first.take
    assert [take.plays for take in storyboard.list_takes(film, shots="SH010")] == [True, False]
    storyboard.reject_take(film, "SH010", "t01")
    assert [take.is_rejected for take in storyboard.list_takes(film)] == [True, False, False]
    with pytest.raises(UsageError, match="has no take t09"):
        storyboard.pick_take(film, "SH010", "t09")
    assert {each["shot"] for each in storyboard.read_provenance(out)["ranges"]} == {
        "SH010",
        "SH020",
    }


def test_runs_and_the_store_tell_of_a_render(write_film: Write, tmp_path: Path) -> None:
    film = write_film(FILM)
    with pytest.raises(UsageError, match="there is no store"):
        storyboard.list_stored_takes(tmp_path)
    storyboard.render(film, out=tmp_path / "out.mp4", proxy=True)
    runs = storyboard.list_runs(film)
    assert (len(runs.group_attempts("run")), runs.total_micros, runs.open_attempts) == (1, 0, ())
    with pytest.raises(UsageError, match="no open operation"):
        storyboard.resolve_operation(film, "SH010:t01", assume_lost=True)
    stored = storyboard.find_stored_takes("SH010", tmp_path)
    assert [take.record.kind for take in stored] == ["generate"]
    assert storyboard.verify_store(tmp_path) == ()
    assert storyboard.collect_garbage(folder=tmp_path, dry_run=True).removed.takes == 0
    for shot in ("SH010", "SH020"):  # a person's word brings a free take into the lock file
        storyboard.pick_take(storyboard.load(film, proxy=True), shot, "t01")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in (film, tmp_path / "film.selects.yaml"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    fetched = storyboard.fetch_takes(elsewhere / "film.yaml", tmp_path / ".storyboard" / "store")
    assert (len(fetched.copied), fetched.lacking) == (2, ())


def test_no_ledger_is_built_for_a_film_that_is_not_there(tmp_path: Path) -> None:
    for function in (storyboard.list_runs, storyboard.rebuild_ledger):
        with pytest.raises(UsageError, match="there is no"):
            function(tmp_path / "film.yaml")
    assert not list(tmp_path.iterdir())


def test_a_film_is_shown_with_everything_resolved(write_film: Write) -> None:
    film = write_film(FILM)
    assert "id: SH010" in storyboard.format_film_yaml(film)
    assert [shot["id"] for shot in storyboard.to_film_data(film)["shots"]] == ["SH010", "SH020"]
    (offer,) = storyboard.compare_providers(write_film(PAID), "vertex")
    assert (offer.is_legal, offer.cost_micros) == (True, 6_400_000)
    assert {each.model.provider for each in storyboard.list_models("vertex")} == {"vertex"}
    with pytest.raises(UsageError, match="no model or provider `nonsense`"):
        storyboard.list_models("nonsense")
