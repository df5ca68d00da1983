"""ffmpeg as a child process: finds, feeds, drains and always ends it.

No other module starts ffmpeg, so every picture of a film comes from the same binary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from storyboard.environment import FFMPEG_VARIABLE
from storyboard.errors import EnvironmentProblem, MediaError
from storyboard.providers.registry import list_credential_variables
from storyboard.util.child_environment import build_child_environment
from storyboard.util.output_files import follow_links

_KEPT_LINES = 5000
_REPORTED_LINES = 12


def find_ffmpeg() -> str:
    """The ffmpeg to use: STORYBOARD_FFMPEG, else imageio-ffmpeg's, else the one on PATH.

    Raises EnvironmentProblem if there is none, or if STORYBOARD_FFMPEG names no program.
    """
    return _resolve_ffmpeg(os.environ.get(FFMPEG_VARIABLE, ""), os.environ.get("PATH", ""))


@lru_cache(maxsize=4)
def _resolve_ffmpeg(configured_name: str, _path: str) -> str:
    path = build_child_environment().get("PATH", "")
    if configured_name:
        executable = shutil.which(configured_name, path=path)
        if executable is None:
            raise EnvironmentProblem(
                f"STORYBOARD_FFMPEG is not a program: {configured_name}",
                hint="set it to the full path of ffmpeg, or unset it to use the ffmpeg of "
                "storyboard",
            )
        return executable
    executable = _find_bundled_ffmpeg() or shutil.which("ffmpeg", path=path)
    if executable is None:
        raise EnvironmentProblem(
            "ffmpeg is not installed",
            hint="run `pip install imageio-ffmpeg`, or set STORYBOARD_FFMPEG to the path of your "
            "ffmpeg",
        )
    return executable


def _find_bundled_ffmpeg() -> str | None:
    """The ffmpeg of imageio-ffmpeg; its own function would start the binary with our API keys."""
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    programs = (shutil.which(path) for path in sorted(folder.glob("ffmpeg-*")))
    return next((program for program in programs if program), None)


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    stdin: Iterable[bytes | memoryview] | bytes | None = None,
    on_progress: Callable[[int], None] | None = None,
    loglevel: str = "warning",
) -> str:
    """Runs ffmpeg to its end and returns its stderr.

    `arguments` are inputs, options and outputs; an existing output is overwritten. `stdin` is
    written piece by piece, so memory use stays flat; an error of its iterator ends the child and
    propagates. `on_progress` gets the number of frames written, from another thread. Filters that
    report (ebur128, loudnorm) need `loglevel="info"`. Raises MediaError with the last lines if
    ffmpeg fails.
    """
    with _FfmpegProcess(arguments, stdin is not None, False, on_progress, loglevel) as child:
        if stdin is not None:
            child.feed_stdin([stdin] if isinstance(stdin, bytes) else stdin)
    return child.log


def read_ffmpeg_output(
    arguments: Sequence[str],
    piece_bytes: int,
    *,
    stdin: Iterable[bytes | memoryview] | None = None,
) -> Iterator[bytes]:
    """Yields ffmpeg's output on `pipe:1` in pieces of `piece_bytes`; only the last may be shorter.

    `stdin` is written from another thread; an error of its iterator propagates. Closing the
    iterator early ends ffmpeg without an error.
    """
    failures: list[BaseException] = []
    with _FfmpegProcess(arguments, stdin is not None, True, None, "error") as child:

        def feed_and_keep_failure(pieces: Iterable[bytes | memoryview]) -> None:
            try:
                child.feed_stdin(pieces)
            except BaseException as error:
                failures.append(error)
                child.kill_ignoring_exit_code()

        stream = child.process.stdout
        assert stream is not None
        # A thread feeds stdin, since ffmpeg stops reading as soon as its output pipe is full.
        feeder = threading.Thread(target=feed_and_keep_failure, args=(stdin or (),), daemon=True)
        if stdin is not None:
            feeder.start()
        try:
            while piece := stream.read(piece_bytes):
                yield piece
        except GeneratorExit:
            child.kill_ignoring_exit_code()
            raise
        finally:
            if stdin is not None:
                feeder.join()
    if failures:
        raise failures[0]


class _FfmpegProcess:
    """One ffmpeg from start to end."""

    def __init__(
        self,
        arguments: Sequence[str],
        writes_stdin: bool,
        reads_stdout: bool,
        on_progress: Callable[[int], None] | None,
        loglevel: str,
    ) -> None:
        self.command = [find_ffmpeg(), "-hide_banner", "-nostats", "-y", "-loglevel", loglevel]
        if not writes_stdin:
            self.command.append("-nostdin")
        if on_progress is not None:
            self.command += ["-progress", "pipe:2"]
        self.command += arguments
        self.process = subprocess.Popen(
            [*_build_kill_with_parent_command(), *self.command],
            env=build_child_environment(list_credential_variables()),
            stdin=subprocess.PIPE if writes_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if reads_stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C goes to us alone; we decide whether ffmpeg ends
        )
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._on_progress = on_progress
        # stderr must be read all the time, or ffmpeg blocks once the pipe is full.
        self._drain = threading.Thread(target=self._collect_stderr_and_progress, daemon=True)
        self._drain.start()
        self._abandoned = False

    @property
    def log(self) -> str:
        return "\n".join(self._lines)

    def feed_stdin(self, pieces: Iterable[bytes | memoryview]) -> None:
        stream = self.process.stdin
        assert stream is not None
        try:
            for piece in pieces:
                stream.write(piece)
            stream.close()
        except BrokenPipeError:
            pass  # it ended early; its exit code says whether that is an error

    def kill_ignoring_exit_code(self) -> None:
        """Ends the process on purpose, so its exit code is ignored."""
        self._abandoned = True
        self.process.kill()

    def __enter__(self) -> _FfmpegProcess:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self.kill_ignoring_exit_code()
        self._wait_and_close_pipes()
        if not self._abandoned and self.process.returncode:
            if any("No space left on device" in line for line in self._lines):
                raise EnvironmentProblem(
                    "the disk is full", hint="free some disk space and run the command again"
                )
            raise MediaError(
                f"ffmpeg failed: {self._describe_failure()}",
                command=self.command,
                log=self._format_last_log_lines(),
            )

    def _wait_and_close_pipes(self) -> None:
        self.process.wait()
        self._drain.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _collect_stderr_and_progress(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip()
            if self._on_progress is None:
                self._lines.append(line)
            elif line.startswith("frame="):
                self._on_progress(int(line[6:]))
            elif not _is_progress(line):
                self._lines.append(line)

    def _format_last_log_lines(self) -> str:
        return "\n".join(list(self._lines)[-_REPORTED_LINES:])

    def _describe_failure(self) -> str:
        code = self.process.returncode
        if code < 0:
            return f"it was stopped by signal {-code}"
        nonblank_lines = [line for line in self._lines if line.strip()]
        return nonblank_lines[-1].strip() if nonblank_lines else f"exit code {code}"


_PROGRESS_KEYS = frozenset(
    "fps bitrate total_size out_time_us out_time_ms out_time dup_frames drop_frames speed progress "
    "stream_0_0_q".split()
)


def _is_progress(line: str) -> bool:
    key, equals, _ = line.partition("=")
    return bool(equals) and key in _PROGRESS_KEYS


@lru_cache(maxsize=1)
def _build_kill_with_parent_command() -> tuple[str, ...]:
    """A command prefix that makes the kernel kill ffmpeg when this process dies, where available.

    `setpriv` sets PR_SET_PDEATHSIG and becomes ffmpeg. `preexec_fn` could do the same, but forks a
    process that has threads. On other systems ffmpeg ends when its pipe closes. The kernel takes
    the starting thread for the parent, so that thread must wait for ffmpeg; here it always does.
    """
    environment = build_child_environment(list_credential_variables())
    path = environment.get("PATH", "")
    tool = shutil.which("setpriv", path=path) if sys.platform == "linux" else None
    if tool is None:
        return ()
    prefix = (tool, "--pdeathsig", "KILL")
    trial = subprocess.run([*prefix, "true"], env=environment, capture_output=True, check=False)
    return prefix if trial.returncode == 0 else ()


def build_temp_path(path: Path) -> Path:
    """The path of the unfinished file for `path`, in the folder of its final target.

    The suffix stays, since ffmpeg chooses the container by it.
    """
    path = follow_links(path)
    return path.with_name(f".{path.stem}.{os.getpid()}.{threading.get_ident():x}{path.suffix}")
