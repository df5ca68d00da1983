"""Imports run one way; the offending line is named."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "storyboard"

LAYERS = (
    *("_version", "errors", "printable", "money", "util.serialization", "timecode", "digest"),
    *("environment", "user_folders", "util"),
    *("model", "diagnostics", "stitching.media.yuv", "transitions"),
    *("providers.catalog_overrides", "providers.intent", "providers.base", "providers.catalog"),
    *("providers.catalog_dates", "providers.declaration"),
    *("providers.local_jobs", "language.yaml", "language.schema", "language.builder", "language"),
    *("graph.rate_limits", "graph.steps", "graph.limits", "graph", "plan"),
    *("providers.registry", "providers.redaction"),
    *("stitching.media", "stitching.text", "stitching.cut_inputs", "stitching.picture"),
    *("stitching.sound", "stitching.smart", "stitching.effects", "stitching"),
    *("run.paths", "run.ledger", "run.store", "run.lockfile", "run"),
    *("run.executor", "run.maintenance", "pipeline", "api", "", "cli", "cli.commands", "testing"),
    "__main__",
)
"""Packages and modules, lowest first: each may import from those before it and from itself.

The longest name that fits a module is its layer; "" is what `import storyboard` gives.
"""

ADAPTERS = ("previz", "simulator", "providers.http", "providers.google", "providers.cometapi")
"""What the core never imports: adapters come in through entry points, the simulator by its verb."""

ADAPTERS_MAY_IMPORT = (
    "errors",
    "printable",
    "timecode",
    "digest",
    "util",
    "model",
    "providers",
    "stitching",
)

STARTS = {"storyboard.cli.commands.simulate": "simulator"}
"""The one verb that starts what is no part of the core."""

FULL_FOLDERS = {
    "graph": "one idea of the compiler a file; its limits have a folder of their own",
    "previz/sets": "one place a file",
    "run/executor": "the way of a take through a run, one station a file",
}
"""Folders with more than fifteen modules, and why."""

RENAMES = {
    "util/output_files.py": "here it is decided what a file may replace",
    "providers/http/download.py": "into the folder of a run",
    "providers/http/request_media.py": "into the folder of a run",
    "run/store/claims.py": "marks of the store, named by digest",
    "run/maintenance/rebuild_ledger.py": "moves a ledger aside",
    "run/store/store.py": "takes, named by their bytes",
    "run/maintenance/store_maintenance.py": "moves damaged takes aside",
}
"""Who may rename a file, and to where, besides the edges, which never see a user's folder."""

HEAVY = {
    *("moviepy", "av", "cv2", "numpy", "jsonschema", "rich", "yaml", "imageio_ffmpeg"),
    *("httpx", "starlette", "uvicorn", "google"),
}


def find_layer(module: str) -> str:
    """The layer of a module such as `storyboard.run.ledger.writer`, or its adapter."""
    name = module.removeprefix("storyboard").removeprefix(".")
    while name and name not in LAYERS and name not in ADAPTERS:
        name = name.rpartition(".")[0]
    return name


def list_modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def to_module(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {to_module(path): path for path in list_modules()}


def find_imports(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import of ours, also inside functions; `.` for a relative one."""
    imports = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            imports.append((node.lineno, "."))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in names]
            imports += [(node.lineno, name) for name in dict.fromkeys(names)]
        elif isinstance(node, ast.Import):
            imports += [(node.lineno, alias.name) for alias in node.names]
    return [(line, name) for line, name in imports if name.split(".")[0] in ("storyboard", "")]


def may_import(importer: str, imported: str) -> bool:
    mine, other = find_layer(importer), find_layer(imported)
    if mine in ADAPTERS:
        siblings = mine == other or (mine, other[:9]) == (mine, "providers")
        return siblings or other.startswith(ADAPTERS_MAY_IMPORT)
    if other in ADAPTERS:
        return STARTS.get(importer) == other
    return mine == other or LAYERS.index(other) < LAYERS.index(mine)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT.parent)}:{line}: imports {name}"
        for module, path in MODULES.items()
        for line, name in find_imports(path)
        if name == "." or not may_import(module, name)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for _, name in find_imports(path) if name in MODULES and name != module}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_every_layer_is_there() -> None:
    folders = {str(path.relative_to(ROOT)).replace("/", ".") for path in ROOT.rglob("*")}
    names = folders | {name.removesuffix(".py") for name in folders}
    assert {name for name in (*LAYERS, *ADAPTERS) if name} <= names


def test_no_folder_is_taken_for_output() -> None:
    """Git, the linter and the packager pass over folders of these names."""
    folders = {path.name for path in ROOT.rglob("*") if path.is_dir()}
    assert not folders & {"build", "dist", "venv", "env", "site"}


def test_a_folder_holds_no_more_than_one_can_look_over() -> None:
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in list_modules())
    full = {folder for folder, count in counts.items() if count - 1 > 15}
    assert full == FULL_FOLDERS.keys()


def test_files_get_their_names_from_the_outlet() -> None:
    """A rename over a place that a user chose would replace a device, or a link, by a file."""
    renaming = {
        path.relative_to(ROOT).as_posix(): node.lineno
        for path in list_modules()
        if find_layer(to_module(path)) not in ("previz", "simulator")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _is_rename(node)
    }
    assert renaming.keys() == RENAMES.keys(), renaming


def _is_rename(call: ast.Call) -> bool:
    """Whether it is `path.replace(other)` or the like; a text's `replace` takes two arguments."""
    if not isinstance(call.func, ast.Attribute):
        return False
    of_module = isinstance(call.func.value, ast.Name) and call.func.value.id in ("os", "shutil")
    if of_module:
        return call.func.attr in ("rename", "renames", "replace", "move")
    return call.func.attr in ("rename", "replace") and len(call.args) == 1 and not call.keywords


def test_libav_is_imported_whole() -> None:
    """Its parts import one another: two threads that begin with different ones trip each other."""
    parts = [
        f"{path.relative_to(ROOT.parent)}:{node.lineno}"
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("av."))
        or (isinstance(node, ast.Import) and any(n.name.startswith("av.") for n in node.names))
    ]
    assert parts == []


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in list_modules()
        if (lines := len(path.read_text("utf-8").splitlines())) > 600
    }
    assert not long, f"past 600 lines: does each still hold one concept?: {long}"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["render", "--help"], ["simulate", "--help"], ["models"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from storyboard.cli.app import run_command_line;"
        " run_command_line(sys.argv[1:]);"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    allowed = "['yaml']" if arguments == ["models"] else "[]"
    assert done.stderr.strip().splitlines()[-1] == allowed
