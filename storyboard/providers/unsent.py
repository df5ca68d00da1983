"""What goes wrong before a request is sent costs nothing, and is told so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from storyboard.errors import InvalidRequest, StoryboardError


@contextmanager
def convert_unsent_errors(provider: str) -> Iterator[None]:
    """Makes an InvalidRequest, which says that there is no job, of whatever fails inside."""
    try:
        yield
    except StoryboardError:
        raise
    except OSError as error:
        raise InvalidRequest(
            f"an input can't be read: {error.strerror or error}", provider=provider
        ) from error
    except Exception as error:
        raise InvalidRequest(
            f"the request can't be made: {type(error).__name__}: {error}", provider=provider
        ) from error
