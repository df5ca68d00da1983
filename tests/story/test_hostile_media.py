"""Media from a stranger: refused by name and place, in little memory and time, or used."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.environment import MEDIA_LIMITS_VARIABLE
from storyboard.errors import EnvironmentProblem, MediaError, StoryboardError
from storyboard.pipeline.inputs.input_check import add_input_diagnostics
from storyboard.pipeline.inputs.input_inspector import InputInspector
from storyboard.pipeline.session import check_film
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.media.limits import load_media_limits
from storyboard.stitching.media.probe import open_media


def build_wav(rate: int = 48000, channels: int = 2, bits: int = 16, title: bytes = b"") -> bytes:
    """A WAV file with a quarter of a megabyte of silence; its header may say anything."""
    frame = max(1, channels * bits // 8)
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits)
    info = b"INFOINAM" + struct.pack("<I", len(title)) + title + b"\0" * (len(title) % 2)
    tags = b"LIST" + struct.pack("<I", len(info)) + info if title else b""
    data = bytes(250_000)
    body = b"WAVEfmt \x10\0\0\0" + form + tags + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def build_png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose header states that size; one line of pixels is there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 + 3 * min(width, 100_000)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body)
        for kind, body in ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    )


def list_errors(folder: Path, item: str, head: str = "") -> list[str]:
    """The errors that `check` reports for a film with that shot: code, place and message."""
    film = folder / "film.yaml"
    film.write_text(f"storyboard: 1\n{head}\nshots:\n  - {{id: A, {item}}}\n", encoding="utf-8")
    checked = add_input_diagnostics(check_film(film))
    return [
        f"{each.code} {each.span.line}: {each.message}"
        for each in checked.diagnostics
        if each.severity == "error"
    ]


MUSIC = "sound: {music: [{file: a.wav}]}"


@pytest.mark.parametrize(
    ("wav", "words"),
    [
        (build_wav(bits=0), "no sound can be decoded"),
        (build_wav(rate=1, channels=1), "1 samples a second; at least 2000"),
        (build_wav(rate=10_000_000), "at most 768000"),
        (build_wav(channels=300, bits=8), "300 channels; at most 64"),
        (build_wav(channels=0), "damaged"),
        (b"ID3\x03\0\0\0\0\0\x0a" + bytes(3_000_000), "a.wav"),
    ],
)
def test_sound_that_no_mix_could_use_is_refused(tmp_path: Path, wav: bytes, words: str) -> None:
    (tmp_path / "a.wav").write_bytes(wav)
    (error,) = list_errors(tmp_path, "prompt: a", MUSIC)
    assert error.startswith(("SB507 2: ", "SB505 2: "))
    assert words in error
    assert str(tmp_path) not in error


@pytest.mark.parametrize(
    ("png", "words"),
    [
        (build_png(1_000_000, 1), "1000000 x 1 pixels; a side has at most 32768"),
        (build_png(1, 1_000_000), "1 x 1000000 pixels"),
        (build_png(20_000, 10_000), "at most 50000000"),
        (build_png(2_000_000_000, 2_000_000_000), "damaged"),
        (
            build_png(64, 64, (b"iCCP", b"x\0\0" + zlib.compress(bytes(400_000_000), 1))),
            "needs more than 350 MB of memory",
        ),
    ],
)
def test_a_picture_that_grows_when_it_is_read_is_refused(
    tmp_path: Path, png: bytes, words: str
) -> None:
    (tmp_path / "a.png").write_bytes(png)
    (error,) = list_errors(tmp_path, "prompt: a, provider: previz, first_frame: a.png")
    assert words in error


def test_zeros_behind_a_header_are_refused_in_time(tmp_path: Path) -> None:
    for name, head in (
        ("a.avi", b"RIFF\xff\xff\xff\x7fAVI LIST\xff\xff\xff\x7fhdrl"),
        ("a.mkv", b"\x1a\x45\xdf\xa3\x84\x42\x82\x81\x6d\x18\x53\x80\x67\x01" + b"\xff" * 7),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42"),
    ):
        with (tmp_path / name).open("wb") as file:
            file.write(head)
            file.truncate(100_000_000)
        (error,) = list_errors(tmp_path, f"clip: {name}")
        assert error.startswith(f"SB358 4: {name} ")


def test_the_user_raises_a_limit_and_a_film_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").write_bytes(build_wav(channels=80, bits=8))
    assert list_errors(tmp_path, "prompt: a", MUSIC)
    monkeypatch.setenv(MEDIA_LIMITS_VARIABLE, "channels=80, hours=30")
    assert load_media_limits().hours == 30
    assert not [each for each in list_errors(tmp_path, "prompt: a", MUSIC) if "channels" in each]
    monkeypatch.setenv(MEDIA_LIMITS_VARIABLE, "pixel=1")
    with pytest.raises(EnvironmentProblem, match="pixel=1"):
        load_media_limits()


def test_metadata_in_another_encoding_is_no_reason_to_refuse_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(build_wav(title=b"Caf\xc9 \x1b]0;x\x07"))
    picture = ["-f", "lavfi", "-i", "color=gray:s=64x48:r=24:d=1", "-metadata", "title=Cafe"]
    for name in ("a.mp4", "a.mkv"):
        run_ffmpeg([*picture, "-pix_fmt", "yuv420p", str(tmp_path / name)])
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data.replace(b"Cafe", b"Caf\xc9"))
        assert list_errors(tmp_path, f"clip: {name}", MUSIC) == []
        with open_media(tmp_path / name) as container:
            assert container.metadata["title"] == "Caf\N{REPLACEMENT CHARACTER}"


def test_a_file_that_ends_its_reader_ends_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(
        build_png(64, 64, (b"iCCP", b"x\0\0" + zlib.compress(bytes(400_000_000), 1)))
    )
    (tmp_path / "good.png").write_bytes(build_png(8, 1))
    with closing(InputInspector()) as inspector:
        with pytest.raises(MediaError, match="memory"):
            inspector.check_whole_input(tmp_path / "bomb.png")
        inspector.check_whole_input(tmp_path / "good.png")


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\nother.ts\n", "ffconcat version 1.0\nfile other.mp4\n", "v=0\n"]
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, text: str) -> None:
    """Its files could be anybody's, and would go to a service."""
    picture = ["-f", "lavfi", "-i", "color=gray:s=64x48:r=24:d=1", "-pix_fmt", "yuv420p"]
    run_ffmpeg([*picture, str(tmp_path / "other.ts")])
    run_ffmpeg([*picture, str(tmp_path / "other.mp4")])
    for name, item in (("a.mp4", "clip: a.mp4"), ("a.wav", "prompt: a")):
        (tmp_path / name).write_text(text)
        assert list_errors(tmp_path, item, MUSIC if name == "a.wav" else "")
        with pytest.raises(MediaError), open_media(tmp_path / name):
            pass


@pytest.mark.parametrize(
    ("error_number", "words"),
    [(errno.EMFILE, "too many files"), (errno.EACCES, "Permission denied")],
)
def test_a_file_that_this_machine_cannot_open_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error_number: int, words: str
) -> None:
    (tmp_path / "a.wav").write_bytes(build_wav())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(error_number, os.strerror(error_number), "a.wav")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StoryboardError, match=words), open_media(tmp_path / "a.wav"):
        pass
