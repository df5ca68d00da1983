"""Names the film's own files in messages, as the film names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.model.film import Film, MediaFile
from storyboard.pipeline.inputs.input_list import list_inputs
from storyboard.run.events import Event, EventSink, StepFailed


class InputNames:
    """Puts the film's own names of its files, and the lines that name them, into messages."""

    def __init__(self, film: Film, store_root: Path, hash_path: Callable[[Path], str]) -> None:
        self._inputs = {file: span for file, span in list_inputs(film) if not file.uri}
        self._stored = re.compile(rf"{re.escape(str(store_root))}/takes/\w\w/(\w{{64}})\.\w+")
        self._hash_path = hash_path

    def add_to_events(self, emit: EventSink) -> EventSink:
        """A sink that hands events on to `emit`, with those names in what failed."""

        def emit_named(event: Event) -> None:
            if isinstance(event, StepFailed):
                event = replace(event, message=self.put_into(event.message))
            emit(event)

        return emit_named

    @contextmanager
    def add_to_errors(self) -> Iterator[None]:
        """Lets a MediaError leave the block with those names in its message."""
        try:
            yield
        except MediaError as error:
            error.args = (self.put_into(str(error)),)
            raise

    def put_into(self, message: str) -> str:
        """The message with a name in place of each path, also of a path in the store."""
        for file in sorted(self._inputs, key=lambda file: len(str(file.path)), reverse=True):
            message = message.replace(str(file.path), self._describe(file))
        return self._stored.sub(self._name_stored_file, message)

    def _name_stored_file(self, path: re.Match[str]) -> str:
        for file in self._inputs:
            with suppress(OSError):
                if self._hash_path(file.path) == path[1]:
                    return self._describe(file)
        return path[0]

    def _describe(self, file: MediaFile) -> str:
        span = self._inputs[file]
        return f"{file.name} ({span.file}:{span.line})"
