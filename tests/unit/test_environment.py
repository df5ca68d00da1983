"""What the programs that we start know of us."""

from __future__ import annotations

import os

import pytest

from storyboard.util.child_environment import build_child_environment


@pytest.mark.parametrize(
    "name",
    [
        *("GEMINI_API_KEY", "GOOGLE_API_KEY", "COMETAPI_KEY", "VERTEX_API_KEY", "FAL_KEY"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "GITHUB_TOKEN", "CLIENT_SECRET", "PGPASSWORD"),
        *("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "SSH_AUTH_SOCK", "studio_token", "GITLAB_PAT"),
    ],
)
def test_what_is_named_like_a_credential_stays_with_us(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "secret")
    assert name not in build_child_environment()
    assert os.environ[name] == "secret"


def test_an_address_with_a_password_stays_with_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy:8080/")
    monkeypatch.setenv("http_proxy", "http://proxy:8080/")
    given = build_child_environment()
    assert "https_proxy" not in given
    assert given["http_proxy"] == "http://proxy:8080/"


def test_all_else_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CLIP", "/clips/one.mp4")
    monkeypatch.setenv("STORYBOARD_FFMPEG", "/opt/ffmpeg")
    given = build_child_environment()
    assert given["STUDIO_CLIP"] == "/clips/one.mp4"
    assert given["STORYBOARD_FFMPEG"] == "/opt/ffmpeg"


def test_search_paths_lead_to_the_same_places_from_any_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["", "bin", "/usr/bin", ".", "/bin", ""]))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "lib", "/plugins"]))
    given = build_child_environment()
    assert given["PATH"] == os.pathsep.join(["/usr/bin", "/bin"])
    assert given["PYTHONPATH"] == "/plugins"
