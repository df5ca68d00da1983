"""Imports run one way; the offending line is named."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "storyboard"

LAYERS = {
    "serialized": -1,
    "__version__": 0,
    "environment": 0,
    "errors": 0,
    "timecode": 0,
    "overlay": 0,
    "digest": 1,
    "take": 1,
    "cues": 1,
    "delivery": 1,
    "disk": 1,
    "outlet": 1,
    "effects": 1,
    "policy": 1,
    "film": 1.5,
    "providers.intent": 1.5,
    "providers.base": 2,
    "providers.catalog": 2,
    "providers.local": 2.5,
    "providers.overrides": 1,
    "language": 3,
    "graph": 3,
    "providers.registry": 4,
    "stitching": 5,
    "run": 6,
    "production": 7,
    "provenance": 7,
    "reviewed": 7.5,
    "saved": 8,
    "stamp": 8,
    "make": 8,
    "": 9,
    "cli": 9,
    "testing": 9,
    "__main__": 10,
}
"""A module may import from its own layer's package and from lower layers."""

EDGES = {"previz", "simulator", "adapters"}
"""Adapters: the core never imports them; they come in through entry points."""

STARTS = {"cli/simulate.py": "simulator"}
"""The one verb that starts an edge."""

EDGE_MAY_IMPORT = {
    *(
        "serialized",
        "errors",
        "timecode",
        "digest",
        "take",
        "cues",
        "film",
        "providers",
        "stitching",
    )
}

RENAMES = {
    "outlet.py": "here it is decided what a file may replace",
    "providers/download.py": "into the folder of a run",
    "providers/inline.py": "into the folder of a run",
    "run/claims.py": "marks of the store, named by digest",
    "run/rebuild.py": "moves a ledger aside",
    "run/store.py": "takes, named by their bytes",
    "run/upkeep.py": "moves damaged takes aside",
}
"""Who may rename a file, and to where, besides the edges, which never see a user's folder."""

HEAVY = {
    *("moviepy", "av", "cv2", "numpy", "jsonschema", "rich", "yaml", "imageio_ffmpeg"),
    *("httpx", "starlette", "uvicorn", "google"),
}


def find_package(module: str) -> str:
    """The layer's name of a dotted module below `storyboard`.

    What lies in `providers` and is no layer belongs to the adapters.
    """
    parts = module.split(".")
    if parts[0] == "providers":
        name = ".".join(parts[:2]) if len(parts) > 1 else "providers.base"
        return name if name in LAYERS else "adapters"
    return parts[0]


def find_imports(path: Path) -> list[tuple[int, str]]:
    imports_found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module]
            if node.module in ("storyboard", "storyboard.providers"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            imports_found += [(node.lineno, name) for name in names]
        elif isinstance(node, ast.Import):
            imports_found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            imports_found.append((node.lineno, "a relative import"))
    return [
        (line, name) for line, name in imports_found if name.startswith(("storyboard", "a rel"))
    ]


def list_modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def test_imports_run_one_way() -> None:
    wrong = []
    for path in list_modules():
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        mine = find_package(dotted.removesuffix(".__init__")) if dotted != "__init__" else ""
        for line, name in find_imports(path):
            other = find_package(name.removeprefix("storyboard").removeprefix("."))
            where = f"{path.relative_to(ROOT.parent)}:{line}: imports {name}"
            if name == "a relative import":
                wrong.append(where)
            elif mine in EDGES:
                if other not in (mine, "adapters") and other.split(".")[0] not in EDGE_MAY_IMPORT:
                    wrong.append(where)
            elif other in EDGES:
                if STARTS.get(path.relative_to(ROOT).as_posix()) != other:
                    wrong.append(where)
            elif mine == other or (mine == "cli" and other == ""):
                continue
            elif mine != "" and not LAYERS.get(other, 99) < LAYERS.get(mine, -1):
                wrong.append(where)
    assert not wrong, "\n" + "\n".join(wrong)


def test_files_get_their_names_from_the_outlet() -> None:
    """A rename over a place that a user chose would replace a device, or a link, by a file."""
    renaming = {
        path.relative_to(ROOT).as_posix(): node.lineno
        for path in list_modules()
        if path.relative_to(ROOT).parts[0] not in EDGES
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
        "import sys; from storyboard.cli.main import run_command_line; run_command_line(sys.argv[1:]);"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    allowed = "['yaml']" if arguments == ["models"] else "[]"
    assert done.stderr.strip().splitlines()[-1] == allowed
