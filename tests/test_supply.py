"""What the product is made of is locked by hash, and listed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

RUNTIME = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")


def test_the_list_of_packages_names_every_locked_one_with_its_hashes(tmp_path: Path) -> None:
    """`make sbom` runs this command; it checks its own output against CycloneDX's schema."""
    out = tmp_path / "storyboard.cdx.json"
    program = Path(sys.executable).with_name("cyclonedx-py")
    arguments = ["requirements", "requirements/runtime.txt", "--pyproject", "pyproject.toml"]
    subprocess.run(
        [str(program), *arguments, "--output-reproducible", "--of", "JSON", "-o", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    bill = json.loads(out.read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    listed = {part["name"]: part for part in bill["components"]}
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^ \\]+)", RUNTIME, re.MULTILINE))
    assert {name: part["version"] for name, part in listed.items()} == locked
    for name, part in listed.items():
        assert part["purl"].startswith(f"pkg:pypi/{name}@")
        assert part["externalReferences"][0]["hashes"], name


def test_every_exception_from_the_security_rules_is_explained() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for line in text.splitlines():
        if re.search(r'"S\d*"', line) and not line.startswith("select"):
            assert re.search(r"#\s*\w+ \w+", line), line
