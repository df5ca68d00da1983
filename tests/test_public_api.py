"""The public API is what the package says it is, and importing it is cheap."""

from __future__ import annotations

import subprocess
import sys

import storyboard


def test_everything_promised_is_there() -> None:
    for name in storyboard.__all__:
        assert getattr(storyboard, name) is not None
    assert {"load", "compile_film", "plan_film", "render", "arender", "stitch"} <= set(
        storyboard.__all__
    )


def test_import_is_light() -> None:
    code = (
        "import sys, storyboard; print(len([m for m in sys.modules if m.startswith('storyboard')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 3
