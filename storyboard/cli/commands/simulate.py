"""`storyboard simulate`."""

from __future__ import annotations

import shlex
import signal
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard._version import DISTRIBUTION
from storyboard.cli import console, options
from storyboard.errors import EnvironmentProblem

if TYPE_CHECKING:
    from storyboard.simulator.request_log import LoggedRequest

_LOOK_S = 0.5
_MODULES = ("starlette", "uvicorn", "python_multipart")
"""What the extra `simulator` brings."""


@click.command(
    "simulate",
    epilog=options.format_examples(
        "simulate --draw", "simulate --latency 5 --quota 10", "simulate --fault rate_limit=5:3"
    ),
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0: any free one."
)
@click.option("--draw", is_flag=True, help="Let previz draw the clips instead of plain ones.")
@click.option(
    "--latency",
    type=click.FloatRange(0),
    default=0.0,
    metavar="S",
    help="Seconds that a job takes.",
)
@click.option(
    "--processing",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="A new Gemini file is not ready for the first N requests.",
)
@click.option(
    "--quota",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Submissions a minute; 0: no limit.",
)
@click.option("--retired", is_flag=True, help="Refuse the models that Google has switched off.")
@click.option(
    "--own-uris", is_flag=True, help="Use this server's address in file URIs, not Google's."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[=VALUE][:TIMES][@MATCH]",
    help="Inject a fault; may be repeated.",
)
@click.option(
    "--set",
    "manners",
    multiple=True,
    metavar="NAME=VALUE",
    help="Override a simulator setting, as in comet_reply=wrapped; may be repeated.",
)
@click.option(
    "--bill", type=click.Path(path_type=Path, dir_okay=False), help="Append charges to this file."
)
@click.option("-q", "--quiet", is_flag=True, help="Don't print every request.")
def command(
    port: int,
    draw: bool,
    latency: float,
    processing: int,
    quota: int,
    retired: bool,
    own_uris: bool,
    faults: tuple[str, ...],
    manners: tuple[str, ...],
    bill: Path | None,
    quiet: bool,
) -> int:
    """Run a local simulator of the paid APIs until Ctrl-C.

    The variables that a shell must export to use it go to stdout; the requests and, at the end,
    the bill go to stderr. docs/simulator.md lists the faults.
    """
    _require_simulator_modules()
    from storyboard.simulator.faults import Fault
    from storyboard.simulator.server import Simulator
    from storyboard.simulator.settings import parse_setting_pairs

    try:
        parsed_faults = [Fault.parse(item) for item in faults]
        set_by_name = parse_setting_pairs(manners)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    simulator = Simulator(
        port=port,
        bill=bill,
        faults=parsed_faults,
        **{
            "latency_s": latency,
            "processing": processing,
            "quota": quota,
            "retired": retired,
            "own_uris": own_uris,
            "draw": draw,
            **set_by_name,
        },
    )
    if not quiet:
        simulator.world.listener = _print_request
    stop = threading.Event()
    previous_handler = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        with simulator:
            lines = (f"export {k}={shlex.quote(v)}" for k, v in simulator.environment().items())
            console.print_result("\n".join(lines))
            console.print_status(f"listening on {simulator.url} (Ctrl-C ends it)")
            with suppress(KeyboardInterrupt):
                while not stop.wait(_LOOK_S):
                    pass  # a signal that comes right before the wait doesn't end it
        charged = sum(not item.note for item in simulator.world.bill.charges)
        console.print_status(f"{charged} charges, {simulator.world.bill.total_usd:.2f} USD in all")
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
    return 0


def _require_simulator_modules() -> None:
    """Raises EnvironmentProblem where the extra is not installed."""
    missing: list[str] = []
    for name in _MODULES:
        try:
            import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        raise EnvironmentProblem(
            f"the simulator is not installed: it needs {', '.join(missing)}",
            hint=f"pip install '{DISTRIBUTION}[simulator]', or `make setup` in a clone",
        )


def _print_request(line: LoggedRequest) -> None:
    status = "dropped" if line.status is None else str(line.status)
    console.print_status(f"{status:>7} {line.method} {line.path}")
