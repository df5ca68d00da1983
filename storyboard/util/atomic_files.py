"""Writes files so that each is complete or absent, even after a crash.

A file is written under another name, flushed and renamed, and then its folder is flushed; so a name
never refers to a partial file, and a file reported as written survives a power cut. Several files
are written together with one disk flush per step. `output_files` decides what may be replaced and
where links lead.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import EnvironmentProblem
from storyboard.util.file_lock import is_same_file
from storyboard.util.output_files import (
    create_parent_folder,
    follow_links,
    is_stream_path,
    open_stream_path,
    replace_file,
)

_DISK_FLUSH_FROM = 8
"""From this many files on, one flush of the whole disk is cheaper than one flush per file."""


def flush_to_disk(paths: Collection[Path], disk_handle: int | None = None) -> None:
    """Flushes finished files, and folders with new names, to the disk.

    `disk_handle` is open on any file of their file system, since before they were written: through
    it the system reports errors that occurred since then.
    """
    flush_disk = (
        _find_disk_flush() if disk_handle is not None and len(paths) >= _DISK_FLUSH_FROM else None
    )
    if flush_disk is not None and disk_handle is not None:
        flush_disk(disk_handle)
        return
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Replaces the content of `path` by `text`, durably and atomically."""
    write_texts({path: text})


def write_to_file_or_stream(path: Path, text: str) -> None:
    """Writes `text` to `path`: into a stream such as a pipe or terminal, or else like `write_text`.

    The folder of a file is created if needed.
    """
    if not is_stream_path(path):
        create_parent_folder(path)
        write_text(path, text)
        return
    try:
        with open_stream_path(path) as stream:
            stream.write(text.encode("utf-8"))
    except OSError as error:
        # The reader closed the pipe: not a problem of the disk.
        if error.errno != errno.EPIPE:
            raise
        raise EnvironmentProblem(
            f"the reader of {path} closed it before the end",
            hint="write to a file, or read the output to its end",
        ) from error


def write_texts(
    texts: Mapping[Path, str],
    created_folders: Collection[Path] = (),
    disk_handle: int | None = None,
) -> None:
    """Does the same for several files; `created_folders` are those made for them."""
    with ExitStack() as drafts:
        draft_paths = {}
        for path, text in texts.items():
            draft_paths[path], stream = drafts.enter_context(open_draft(path))
            stream.write(text.encode("utf-8"))
            stream.flush()
        # Content first, names second: after a crash, a name must not refer to content that was
        # lost.
        flush_to_disk(draft_paths.values(), disk_handle)
        for path, draft in draft_paths.items():
            replace_file(draft, path)
    flush_to_disk({*(follow_links(path).parent for path in texts), *created_folders}, disk_handle)


@lru_cache(maxsize=1)
def _find_disk_flush() -> Callable[[int], None] | None:
    """A function that flushes a file system; None if there is no such call, or it hides errors."""
    if sys.platform != "linux" or not _has_syncfs_error_reports(os.uname().release):
        return None
    syncfs = ctypes.CDLL(None, use_errno=True).syncfs

    def flush_disk(disk: int) -> None:
        if syncfs(disk):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return flush_disk


def _has_syncfs_error_reports(kernel_release: str) -> bool:
    """Whether syncfs reports write errors, as it does on Linux from 5.8 on."""
    major, minor, *_ = (*kernel_release.split("."), "0", "0")
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (5, 8)


@contextmanager
def open_draft(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Opens a new file beside `path`, to be renamed to it; it is removed if that doesn't happen.

    It stays locked, so a draft without a lock belongs to a dead writer and is removed. If `path` is
    a link, the draft is beside the link's target.
    """
    path = follow_links(path)
    for name in os.listdir(path.parent):  # noqa: PTH208 - once a file, and names alone are wanted
        if name.startswith(f".{path.name}."):
            _remove_stale_draft(path.with_name(name))
    draft, stream = _create_locked_draft(path)
    try:
        with stream:
            yield draft, stream
    finally:
        draft.unlink(missing_ok=True)


def _create_locked_draft(path: Path) -> tuple[Path, BinaryIO]:
    """Creates the draft and locks it; before that, a cleanup may take it for abandoned and
    remove it.
    """
    while True:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        stream = draft.open("xb")
        try:
            with suppress(OSError):  # where the file system has no locks, nothing is cleared up
                fcntl.flock(stream, fcntl.LOCK_EX)
            # If a cleanup removed the file between creating and locking, the path no longer leads
            # to it: try again.
            if is_same_file(stream.fileno(), draft):
                return draft, stream
        except BaseException:
            stream.close()
            draft.unlink(missing_ok=True)
            raise
        stream.close()


def _remove_stale_draft(draft: Path) -> None:
    with suppress(OSError), draft.open("rb") as stream:
        # A live writer holds the lock, and this call fails instead of waiting.
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        draft.unlink()
