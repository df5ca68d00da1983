"""The public API is what the package says it is, and importing it is cheap."""

from __future__ import annotations

import pkgutil
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
