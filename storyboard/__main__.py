"""`python -m storyboard` and the `storyboard` command."""

import os
import sys


def _remove_relative_import_paths() -> None:
    """Takes the current folder off the import path: it may be a stranger's film's.

    `-m` puts it there, and so does an empty or relative entry of PYTHONPATH. Until this was
    called we import only what Python has loaded by itself, hence no `__future__` here.
    """
    if __name__ == "__main__" and not sys.flags.safe_path:
        del sys.path[0]
    if entries := os.environ.get("PYTHONPATH"):
        meant: dict[bool, set[str]] = {True: set(), False: set()}
        for entry in entries.split(os.pathsep):
            meant[entry.startswith(os.sep)].add(os.path.abspath(entry))  # noqa: PTH100 - see above
        relative = meant[False] - meant[True]
        sys.path[:] = [entry for entry in sys.path if entry not in relative]


_remove_relative_import_paths()

import signal  # noqa: E402 - only once a stranger's folder is off the path
from types import FrameType  # noqa: E402 - the same

_INTERRUPTED = 130


def main() -> None:
    """Runs the command line and exits with its code."""
    _set_interrupt_handler(True)
    from storyboard.cli.stdio import StandardStreams

    streams = StandardStreams()
    from storyboard.cli.app import run_command_line

    try:
        _set_interrupt_handler(False)
        code = run_command_line(sys.argv[1:])
    except KeyboardInterrupt:
        code = _INTERRUPTED
    _set_interrupt_handler(True)
    sys.exit(streams.close(code))


def _set_interrupt_handler(exit_at_once: bool) -> None:
    """What Ctrl-C does: while nothing is at stake yet, or no more, it ends the process."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _exit_on_signal):
        signal.signal(
            signal.SIGINT, _exit_on_signal if exit_at_once else signal.default_int_handler
        )


def _exit_on_signal(signal_number: int, frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
