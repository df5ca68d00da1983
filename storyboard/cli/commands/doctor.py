"""`storyboard doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from storyboard._version import DISTRIBUTION
from storyboard.cli import console, options
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.errors import StoryboardError

_PARTS = (
    DISTRIBUTION, "pyyaml", "jsonschema", "numpy", "opencv-python-headless", "resvg-py",
    "imageio-ffmpeg", "av", "moviepy", "pysubs2", "httpx", "stamina", "google-auth",
)  # fmt: skip
_SIMULATOR_PARTS = ("starlette", "uvicorn", "python-multipart")
_COLUMNS = (Column(), Column(), Column(narrowing=Narrowing.WRAP))
_Row = tuple[str, str, bool | None]
"""(what, how it is, whether that is well; None where it is only told)."""


@click.command("doctor", epilog=options.format_examples("doctor", "doctor --quiet"))
@options.add_output_options
def command(as_json: bool, quiet: bool, verbose: bool) -> int:
    """Check what a render needs on this machine: ffmpeg, fonts, packages, disk space, keys.

    Exits with 4 when something is missing. Of a key it only prints whether it is set.
    """
    rows = [
        row
        for check in (
            _check_python,
            _check_ffmpeg,
            _check_parts,
            _check_fonts,
            _check_adapters,
            _check_keys,
            _check_disk,
        )
        for row in _run_check(check)
    ]
    if as_json:
        console.print_json({"checks": [{"what": w, "found": f, "ok": ok} for w, f, ok in rows]})
    else:
        mark = {True: "ok", False: "!!", None: "  "}
        shown = [row for row in rows if not quiet or row[2] is False]
        cells = [[mark[ok], subject, status] for subject, status, ok in shown]
        roles = ["error" if ok is False else "" for _, _, ok in shown]
        console.print_result("\n".join(format_table(_COLUMNS, cells, roles)))
    return 4 if any(ok is False for _, _, ok in rows) else 0


def _run_check(check: Callable[[], Iterator[_Row]]) -> Iterator[_Row]:
    try:
        yield from check()
    except StoryboardError as error:
        yield (
            check.__name__.strip("_"),
            f"{error}" + (f"; {error.hint}" if error.hint else ""),
            False,
        )


def _check_python() -> Iterator[_Row]:
    yield "python", sys.version.split()[0], sys.version_info >= (3, 11)


def _check_ffmpeg() -> Iterator[_Row]:
    from storyboard.stitching.media.ffmpeg import find_ffmpeg, read_ffmpeg_output, run_ffmpeg

    path = find_ffmpeg()
    output = b"".join(read_ffmpeg_output(["-version"], 1 << 16)).decode("utf-8", "replace")
    first = output.splitlines()[0] if output else "does not say its version"
    yield "ffmpeg", f"{path}: {first}", bool(output)
    encode_arguments = [
        "-f",
        "lavfi",
        "-i",
        "color=s=64x64:d=0.1",
        "-c:v",
        "libx264",
        "-f",
        "null",
        "-",
    ]
    run_ffmpeg(encode_arguments)
    yield "libx264", "encodes", True
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=0.1", "-af", "ebur128=peak=true", "-f", "null", "-"])
    yield "ebur128", "measures", True


def _check_parts() -> Iterator[_Row]:
    for name in _PARTS:
        try:
            yield name, version(name), True
        except PackageNotFoundError:
            yield name, f"missing: pip install {DISTRIBUTION} brings it", False
    for name in _SIMULATOR_PARTS:
        try:
            yield name, version(name), True
        except PackageNotFoundError:
            yield name, f"absent: pip install '{DISTRIBUTION}[simulator]' brings it", None


def _check_fonts() -> Iterator[_Row]:
    from storyboard.stitching.text.typesetting import find_missing_letters

    missing = find_missing_letters("Ana à Zürich, 90 %")
    yield "fonts", "by path, ours" if not missing else f"lack {' '.join(missing)}", not missing


def _check_adapters() -> Iterator[_Row]:
    from storyboard.providers import registry

    for name, point in registry.find_adapters().items():
        registry.load_adapter_class(name)
        yield f"adapter {name}", point.value, True


def _check_keys() -> Iterator[_Row]:
    from storyboard.providers import registry

    declarations = registry.list_declarations()
    for provider, declaration in declarations.items():
        variables = (*declaration.key_variables, *declaration.key_file_variables)
        present = [name for name in variables if os.environ.get(name)]
        files = [Path(name).expanduser() for name in declaration.key_files]
        present += [str(path) for path in files if path.is_file()]
        if variables or files:
            found = ", ".join(present) + " present" if present else "absent"
            yield f"key {provider}", found, None
    for declaration in declarations.values():
        for name in declaration.base_url_variables:
            if value := os.environ.get(name):
                yield name, value, None


def _check_disk() -> Iterator[_Row]:
    from storyboard.run.paths import locate_state_folder, locate_store_folder
    from storyboard.util.file_lock import FileLock

    film = Path.cwd() / "film.yaml"
    folder = locate_store_folder(film)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 1e9
    yield "room", f"{free:.1f} GB free for the store at {folder}", free > 1
    if not os.access(existing, os.W_OK):
        yield "store", f"{existing} can't be written; set STORYBOARD_STORE to another one", False
    if not os.access(film.parent, os.W_OK):
        yield (
            "films",
            f"{film.parent} can't be written: nothing can be bought for a film there, and its state"
            f" is kept in {locate_state_folder(film).parent}",
            None,
        )
    with TemporaryDirectory(dir=existing if os.access(existing, os.W_OK) else None) as scratch:
        lock = FileLock(Path(scratch) / "lock")
        lock.try_acquire()
        lock.release()
