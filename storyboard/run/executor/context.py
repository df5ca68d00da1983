"""What the parts of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from storyboard.model.film import Film, MediaFacts
from storyboard.run.events import EventSink
from storyboard.run.executor.critical_tasks import CriticalTasks
from storyboard.run.executor.operation_wait import Patience
from storyboard.run.executor.workspace import Workspace
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.store.store import Store


class Media(Protocol):
    """What a run asks of media files; `stitching.media.ffmpeg` answers, a test may."""

    def probe(self, path: Path) -> MediaFacts:
        """What the file really holds; raises MediaError for what is no medium."""

    def probe_and_decode(self, path: Path) -> MediaFacts:
        """Like `probe`; raises MediaError for damage too, once every picture was decoded."""

    def extract_frame(self, path: Path, frame: int, out: Path) -> None:
        """Writes one frame as a PNG without loss."""

    def convert_picture(self, path: Path, out: Path) -> None:
        """Writes a picture as a PNG that is as a viewer shows it, and needs nothing done to it."""

    def count_source_frames_in_result(
        self, source: Path, source_frames: int, result: Path, result_frames: int
    ) -> int | None:
        """How many frames of `result` are those of `source`, about all; None when none is."""


@dataclass(frozen=True, slots=True)
class RunContext:
    film: Film
    store: Store
    lock_file: LockFile
    ledger: Ledger
    workspace: Workspace
    media: Media
    emit: EventSink
    patience: Patience = field(default_factory=Patience)
    critical_tasks: CriticalTasks = field(default_factory=CriticalTasks)
