"""A fresh machine has Python, make and git: nothing that we install may ask it for more.

Every native module and program of the runtime lock is opened, and each library that it needs must
be the C or C++ runtime's own, or come bundled with the wheels.
"""

from __future__ import annotations

import re
import struct
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SITE = Path(sysconfig.get_path("purelib"))
# libz is the one guest: manylinux leaves it to the system, which has it for Python's own sake.
SYSTEM_LIBRARIES = re.compile(
    r"lib(c|z|m|mvec|dl|rt|pthread|util|resolv|gcc_s|stdc\+\+|atomic|crypt|python3[.\d]*)\.so[.\d]*"
    r"|ld-linux[-\w]*\.so[.\d]*|ld-musl[-\w]*\.so[.\d]*|linux-vdso\.so[.\d]*"
)


def read_locks() -> list[str]:
    text = (ROOT / "requirements" / "runtime.txt").read_text()
    return re.findall(r"^([A-Za-z0-9_.-]+)==", text, flags=re.M)


def read_needed_libraries(path: Path) -> list[str]:
    """DT_NEEDED of a 64-bit little-endian ELF file; empty for anything else."""
    with path.open("rb") as stream:
        head = stream.read(64)
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
            return []
        offset, size, count = (
            struct.unpack_from("<Q", head, 32)[0],
            *struct.unpack_from("<HH", head, 54),
        )
        stream.seek(offset)
        table = stream.read(size * count)
        loads, dynamic = [], None
        for n in range(count):
            kind, _, cursor, address, _, length = struct.unpack_from("<IIQQQQ", table, n * size)
            if kind == 1:
                loads.append((address, cursor, length))
            elif kind == 2:
                dynamic = (cursor, length)
        if dynamic is None:
            return []
        stream.seek(dynamic[0])
        entries = list(struct.iter_unpack("<qQ", stream.read(dynamic[1])))
        strings = next(value for tag, value in entries if tag == 5)
        base = next(
            cursor + strings - a for a, cursor, length in loads if a <= strings < a + length
        )
        names = []
        for tag, value in entries:
            if tag == 1:
                stream.seek(base + value)
                names.append(stream.read(256).split(b"\0")[0].decode())
        return names


def find_native_files(name: str) -> list[Path]:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return []  # a marker of the lock leaves it out on this platform
    found = [Path(str(each.locate())) for each in files]
    return [
        p for p in found if p.is_file() and (".so" in p.name or not p.suffix or "ffmpeg" in p.name)
    ]


def test_no_wheel_asks_the_system_for_a_library() -> None:
    missing_by_file: dict[str, set[str]] = {}
    bundled: set[str] = set()
    for name in read_locks():
        for path in find_native_files(name):
            bundled.add(path.name)
            for library in read_needed_libraries(path):
                missing_by_file.setdefault(library, set()).add(path.name)
    assert len(missing_by_file) > 3, "the wheels of numpy, OpenCV and PyAV are native"
    missing = {
        library: sorted(files)
        for library, files in missing_by_file.items()
        if not SYSTEM_LIBRARIES.fullmatch(library) and library not in bundled
    }
    assert not missing


@pytest.mark.parametrize("name", ["runtime", "dev", "bench"])
def test_locks_hold_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    pins = re.findall(r"^[A-Za-z0-9_.-]+==", text, flags=re.M)
    assert len(pins) > 10
    assert text.count("--hash=sha256:") >= len(pins)
