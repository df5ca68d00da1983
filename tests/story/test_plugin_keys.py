"""A stranger's plug-in says in its class what its keys are, and everybody keeps them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, CommandResult, run_command

KEY = "lky_0123456789abcdefABCDEF"
OTHER_KEY = "lky_another9876543210zyxwvu"

LEAKY = '''
import os

from storyboard.errors import InvalidRequest
from storyboard.providers.base import (
    WIRE_READS, Done, Failed, Filtered, Operation, Running, Sample, Unusable
)
from storyboard.stitching.media.ffmpeg import run_ffmpeg


def read_environment():
    return dict(os.environ)


class OddError(Exception):
    def __str__(self):
        return f"it broke with {os.environ['LEAKY_ACCESS']}"


class Leaky:
    """An adapter that puts its key into everything it says."""

    name, repeatable, reads, revision = "leaky", False, WIRE_READS, ""
    key_variables = ("LEAKY_ACCESS",)
    key_file_variables = ("LEAKY_FILE",)
    base_url_variables = ("STORYBOARD_LEAKY_BASE_URL",)
    secret_patterns = (r"lky_[A-Za-z0-9]{20,}",)
    models = ({
        "id": "leaky-1", "durations": [4], "default_duration": 4, "resolutions": ["720p"],
        "aspect_ratios": ["16:9"], "audio": "none", "price": {"audio": {"720p": "0.10"}},
    },)

    def __init__(self, settings):
        pass

    async def submit(self, request, place):
        key = os.environ["LEAKY_ACCESS"]
        if "refused" in request.prompt.lower():
            raise InvalidRequest(f"{key} is not let in, nor is OTHER", hint=f"change {key}")
        if "broken" in request.prompt.lower():
            try:
                raise KeyError(f"authorization: {key}")
            except KeyError as error:
                raise ValueError(f"no answer for {key}") from error
        if "odd" in request.prompt.lower():
            raise OddError
        if "children" in request.prompt.lower():
            seen = await place.compute(read_environment)
            raise InvalidRequest(f"a process was given {sorted(n for n in seen if 'LEAKY' in n)}")
        return Operation("failed" if "failed" in request.prompt.lower() else "filtered")

    async def poll(self, operation, place):
        key = os.environ["LEAKY_ACCESS"]
        if operation.name == "failed":
            return Failed(f"the job of {key} failed", hint=f"see {key}")
        return Filtered(f"the words of {key} were filtered")

    async def fetch(self, sample, place):
        return sample

    async def close(self):
        pass
'''.replace("OTHER", OTHER_KEY)

FILM = """\
storyboard: 1
title: Keys
defaults: {{provider: leaky, model: leaky-1}}
shots:
  - {{id: SH010, prompt: {prompt}, duration: 4}}
"""
RunWithPlugin = Callable[..., CommandResult]


@pytest.fixture
def run_with_plugin(tmp_path: Path) -> RunWithPlugin:
    """The command line beside a stranger's plug-in, as an installer would leave it."""
    site = tmp_path / "site"
    info = site / "leaky-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "leaky_plugin.py").write_text(LEAKY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[storyboard.providers]\nleaky = leaky_plugin:Leaky\n")
    (tmp_path / "film").mkdir()

    def run(*arguments: object, **environment: str) -> CommandResult:
        search_path = f"{ROOT}{os.pathsep}{site}"
        return run_command(tmp_path / "film", *arguments, PYTHONPATH=search_path, **environment)

    return run


def write_film(tmp_path: Path, prompt: str) -> None:
    (tmp_path / "film" / "film.yaml").write_text(FILM.format(prompt=prompt))


def test_doctor_says_which_of_its_variables_are_set(run_with_plugin: RunWithPlugin) -> None:
    unset = run_with_plugin("doctor", "--json").json["checks"]
    rows = {row["what"]: row["found"] for row in unset}
    assert rows["key leaky"] == "absent"
    url = "http://127.0.0.1:9"
    told = run_with_plugin("doctor", LEAKY_ACCESS=KEY, STORYBOARD_LEAKY_BASE_URL=url)
    assert "LEAKY_ACCESS present" in told.out
    assert url in told.out
    assert KEY not in told.out + told.err


def test_its_key_is_refused_in_a_film_of_any_provider(
    run_with_plugin: RunWithPlugin, tmp_path: Path
) -> None:
    write_film(tmp_path, f"a tram {KEY}")
    film = tmp_path / "film" / "film.yaml"
    film.write_text(film.read_text().replace("leaky, model: leaky-1", "previz"))
    checked = run_with_plugin("check", "film.yaml")
    assert checked.code == 1
    assert "SB113" in checked.out
    assert "LEAKY_ACCESS" in checked.out
    assert KEY not in checked.out + checked.err


@pytest.mark.parametrize("prompt", ["refused", "broken", "odd", "failed", "filtered"])
def test_no_error_and_no_log_shows_its_key(
    run_with_plugin: RunWithPlugin, tmp_path: Path, prompt: str
) -> None:
    write_film(tmp_path, prompt)
    done = run_with_plugin("render", "film.yaml", "--yes", "-v", LEAKY_ACCESS=KEY)
    assert done.code != 0
    runs = run_with_plugin("runs", "film.yaml", "--json", LEAKY_ACCESS=KEY)
    for key in (KEY, OTHER_KEY):
        assert key not in done.out + done.err + runs.out + runs.err
        for path in (tmp_path / "film").rglob("*"):
            assert not path.is_file() or key.encode() not in path.read_bytes(), path.name
    assert list((tmp_path / "film").rglob("*.jsonl")), "a run log"


def test_no_process_that_is_started_gets_its_variables(
    run_with_plugin: RunWithPlugin, tmp_path: Path
) -> None:
    write_film(tmp_path, "children")
    done = run_with_plugin(
        "render", "film.yaml", "--yes", LEAKY_ACCESS=KEY, LEAKY_FILE="/a", LEAKY_REGION="here"
    )
    assert "a process was given ['LEAKY_REGION']" in done.err


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('key_variables = "LEAKY_ACCESS"', "`key_variables` is not a tuple of strings"),
        ('secret_patterns = ("lky_[",)', "an invalid regular expression"),
        ('secret_patterns = (".*",)', "matches any text"),
    ],
)
def test_doctor_says_what_is_wrong_with_a_declaration(
    run_with_plugin: RunWithPlugin, tmp_path: Path, declared: str, said: str
) -> None:
    name = declared.partition(" ")[0]
    module = tmp_path / "site" / "leaky_plugin.py"
    lines = [
        declared.join(["    ", ""]) if f"    {name} = " in line else line
        for line in LEAKY.splitlines()
    ]
    module.write_text("\n".join(lines))
    told = run_with_plugin("doctor")
    assert told.code == 4
    assert said in told.out
    write_film(tmp_path, "a tram")
    film = tmp_path / "film" / "film.yaml"
    film.write_text(film.read_text().replace("leaky, model: leaky-1", "previz"))
    assert run_with_plugin("check", "film.yaml").code == 0, "films of others are not held up"


def test_an_editor_knows_the_settings_of_every_adapter(run_with_plugin: RunWithPlugin) -> None:
    schema = json.loads(run_with_plugin("show", "--schema").out)
    providers = schema["definitions"]["providers"]["properties"]
    assert {"cometapi", "gemini", "previz", "vertex"} <= providers.keys()
    assert providers["cometapi"]["properties"]["transport"]["enum"] == ["videos", "chat"]


def test_a_plug_in_that_does_not_load_hides_no_other_models(
    run_with_plugin: RunWithPlugin, tmp_path: Path
) -> None:
    (tmp_path / "site" / "leaky_plugin.py").write_text("import no_such_module\n")
    told = run_with_plugin("models", "vertex")
    assert told.code == 0
    assert "the adapter for `leaky` (leaky_plugin:Leaky) can't be loaded" in told.err
    assert "veo-3.1" in told.out
    listed = run_with_plugin("models", "--json").json["models"]
    assert {"vertex", "cometapi"} <= {model["provider"] for model in listed}
