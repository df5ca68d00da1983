"""`storyboard runs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storyboard.cli import console, open_attempts, options
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.graph.steps import Step
    from storyboard.run.ledger.attempts import Attempt
    from storyboard.run.lockfile.lockfile import LockFile
    from storyboard.run.store.take_record import TakeRecord


@click.command("runs")
@options.add_film_argument
@click.option("--cost", is_flag=True, help="What was spent, by shot, by model and by day.")
@click.option("--rebuild", is_flag=True, help="Build a lost or damaged ledger again.")
@options.add_output_options
def command(
    film: Path, cost: bool, rebuild: bool, as_json: bool, quiet: bool, verbose: bool
) -> int:
    """List the renders of FILM, what each made and spent, and what is still open.

    What may or may not have been bought is named with the money that is held for it. With -v
    every attempt of every run.

    --rebuild saves what can be known of a ledger that is damaged, lost or an old copy; the damaged
    file is kept. What may have been bought is entered as unknown, and the exit code is 7 then.
    """
    from storyboard.errors import UsageError
    from storyboard.run.ledger.attempts import FINAL_STATES
    from storyboard.run.ledger.ledger import (
        Ledger,
        is_film_locked,
        sum_lifetime_cost_micros,
        sum_other_takes_cost_micros,
    )
    from storyboard.run.lockfile.lockfile import LockFile
    from storyboard.run.paths import locate_lock_file, locate_state_folder

    path = film.absolute()
    state = locate_state_folder(path)
    if not path.exists() and not state.is_dir():
        raise UsageError(f"there is no {film}")
    lock_file = LockFile(locate_lock_file(path))
    code = _rebuild_ledger(path, lock_file, quiet or as_json) if rebuild else 0
    attempts = Ledger.read_attempts(state)
    locked = lock_file.list_prices_micros()
    elsewhere = sum_other_takes_cost_micros(attempts, locked)
    untracked = _find_untracked_takes(path, attempts, locked)
    untracked_micros = sum(item.take.price_micros for item in untracked)
    total = sum_lifetime_cost_micros(attempts, locked) + untracked_micros
    filtered_takes = open_attempts.find_filtered_takes(path, attempts)
    open_ = [item for item in attempts if item.state not in FINAL_STATES]
    if as_json:
        console.print_json(
            {
                "runs": [
                    _to_run_record(id, group)
                    for id, group in _group_attempts(attempts, lambda a: a.run)
                ],
                "open": [_to_open_attempt_record(item) for item in open_],
                "held_back": [item.name for item in filtered_takes],
                "cost": {
                    "total_usd": format_decimal_usd(total),
                    "held_usd": format_decimal_usd(sum(item.held_micros for item in attempts)),
                    "elsewhere_usd": format_decimal_usd(elsewhere),
                    "unaccounted_usd": format_decimal_usd(untracked_micros),
                    **{
                        name: _sum_costs_by_group(attempts, key)
                        for name, key in _GROUP_KEYS.items()
                    },
                },
                **(
                    {"attempts": [_to_attempt_record(item) for item in attempts]} if verbose else {}
                ),
            }
        )
        return code
    if cost:
        console.print_result(
            "\n\n".join(_format_cost_table(attempts, name) for name in _GROUP_KEYS)
        )
    elif attempts:
        rows = [["run", "began", "made", "failed", "open", "spent", "held"]]
        rows += [
            _format_run_row(id, group) for id, group in _group_attempts(attempts, lambda a: a.run)
        ]
        console.print_result(
            "\n".join(console.align_columns(rows, right_aligned=frozenset({2, 3, 4, 5, 6})))
        )
        if verbose:
            console.print_result(
                "\n"
                + "\n".join(console.align_columns([_format_attempt_row(item) for item in attempts]))
            )
    elif not quiet:
        console.print_status("no runs yet")
    is_rendering = bool(open_) and is_film_locked(state)
    for item in open_:
        open_attempts.print_open_attempt(item, film, is_rendering=is_rendering)
    for take in filtered_takes:
        open_attempts.print_filtered_take(take, film)
    if untracked:
        console.print_status(
            f"{len(untracked)} takes for ${format_decimal_usd(untracked_micros)} are in the store,"
            f" and neither ledger nor lock file tells of them: storyboard runs {film} --rebuild"
        )
    if not quiet and (attempts or total):
        others_note = f", ${format_decimal_usd(elsewhere)} of it by others, as the lock file has it"
        console.print_status(
            f"${format_decimal_usd(total)} spent or held in all{others_note if elsewhere else ''}"
        )
    return code


def _find_untracked_takes(
    film: Path, attempts: Sequence[Attempt], locked_prices: Mapping[tuple[str, int], int]
) -> tuple[TakeRecord, ...]:
    from storyboard.errors import StoryboardError
    from storyboard.run.maintenance.untracked_takes import find_untracked_takes
    from storyboard.run.paths import locate_store_folder
    from storyboard.run.store.store import Store

    folder = locate_store_folder(film)
    if not folder.is_dir():
        return ()
    with suppress(StoryboardError), closing(Store(folder, on_notice=console.print_status)) as store:
        return find_untracked_takes(store, film, attempts, locked_prices)
    return ()


def _rebuild_ledger(film: Path, lock_file: LockFile, quiet: bool) -> int:
    """Builds the ledger again and says what of; 7 when there is something to decide."""
    from storyboard.errors import StoryboardError
    from storyboard.pipeline.session import FilmSession, Overrides, check_film
    from storyboard.run.maintenance.rebuild_ledger import rebuild_ledger
    from storyboard.run.paths import locate_state_folder, locate_store_folder
    from storyboard.run.store.store import Store

    steps: dict[str, Step] = {}
    with suppress(StoryboardError):  # a film that is gone or wrong tells no prices
        session = FilmSession(check_film(film, Overrides()))
        steps |= session.graph.steps
        with closing(session):  # where the ledger is damaged there is no plan
            steps |= {node.digest: node.step for node in session.plan(lenient=True).nodes}
    store = Store(locate_store_folder(film), on_notice=console.print_status)
    try:
        report = rebuild_ledger(locate_state_folder(film), store, lock_file, film, steps)
    finally:
        store.close()
    if not quiet:
        if report.damaged_file is not None:
            console.print_status(f"the damaged ledger is kept as {report.damaged_file}")
        evidence = ", ".join(f"{n} by {source}" for source, n in report.evidence_counts.items())
        console.print_status(
            f"{report.read_count} attempts read,"
            f" {len(report.saved_attempts)} takes told by the store"
            f"{f' (of this film {evidence})' if evidence else ''},"
            f" {len(report.unknown_attempts)} that may have been bought"
        )
        if report.foreign_takes:
            stake = format_decimal_usd(sum(item.take.price_micros for item in report.foreign_takes))
            console.print_status(
                f"{len(report.foreign_takes)} takes for ${stake} stay out: several films of this"
                f" store are called {film.stem}, and neither lock file nor plan of this one"
                " names them"
            )
        if any(not item.reserved_micros for item in report.unknown_attempts):
            console.print_status("what has no price may have cost something: nobody knows how much")
    return 7 if report.unknown_attempts else 0


_GROUP_KEYS: dict[str, Callable[[Attempt], str]] = {
    "shot": lambda attempt: attempt.shot or attempt.step,
    "model": lambda attempt: f"{attempt.model} at {attempt.provider}",
    "day": lambda attempt: _format_utc_day(attempt.created_at),
}


def _group_attempts(
    attempts: Iterable[Attempt], find_group: Callable[[Attempt], str]
) -> list[tuple[str, list[Attempt]]]:
    """Attempts by a key, in the order in which each first came."""
    groups: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(find_group(attempt), []).append(attempt)
    return list(groups.items())


def _count_states(attempts: Sequence[Attempt]) -> dict[str, int]:
    from storyboard.run.ledger.attempts import FINAL_STATES, State

    lost_states = (State.FAILED, State.FILTERED, State.LOST)
    return {
        "made": sum(attempt.state is State.COMMITTED for attempt in attempts),
        "failed": sum(attempt.state in lost_states for attempt in attempts),
        "unknown": sum(attempt.state is State.UNKNOWN for attempt in attempts),
        "open": sum(attempt.state not in FINAL_STATES for attempt in attempts),
    }


def _to_run_record(run_id: str, attempts: Sequence[Attempt]) -> dict[str, Any]:
    return {
        "run": run_id,
        "began": _format_utc_time(min(attempt.created_at for attempt in attempts)),
        **_count_states(attempts),
        "spent_usd": format_decimal_usd(sum(attempt.settled_micros for attempt in attempts)),
        "held_usd": format_decimal_usd(sum(attempt.held_micros for attempt in attempts)),
    }


def _format_run_row(run_id: str, attempts: Sequence[Attempt]) -> list[str]:
    record = _to_run_record(run_id, attempts)
    amounts = {name: record[f"{name}_usd"] for name in ("spent", "held")}
    return [
        run_id,
        record["began"].replace("T", " ").removesuffix("Z"),
        *(str(record[name]) for name in ("made", "failed", "open")),
        *(f"${usd}" if usd != "0.00" else "-" for usd in amounts.values()),
    ]


def _to_open_attempt_record(attempt: Attempt) -> dict[str, Any]:
    return {**_to_attempt_record(attempt), "held_usd": format_decimal_usd(attempt.held_micros)}


def _to_attempt_record(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.name,
        "id": attempt.id,
        "run": attempt.run,
        "shot": attempt.shot,
        "step": attempt.step,
        "state": attempt.state.value,
        "provider": attempt.provider,
        "model": attempt.model,
        "operation": attempt.operation,
        "message": attempt.message,
        "settled_usd": format_decimal_usd(attempt.settled_micros),
        "at": _format_utc_time(attempt.updated_at),
    }


def _format_attempt_row(attempt: Attempt) -> list[str]:
    price = attempt.settled_micros or attempt.held_micros
    return [
        f"#{attempt.id}",
        _format_utc_time(attempt.created_at).replace("T", " ").removesuffix("Z"),
        attempt.name,
        attempt.state.value,
        attempt.provider,
        f"${format_decimal_usd(price)}" if price else "-",
        attempt.message[:80],
    ]


def _sum_costs_by_group(
    attempts: Sequence[Attempt], find_group: Callable[[Attempt], str]
) -> dict[str, str]:
    paid = {
        name: sum(attempt.settled_micros + attempt.held_micros for attempt in group)
        for name, group in _group_attempts(attempts, find_group)
    }
    return {name: format_decimal_usd(micros) for name, micros in paid.items() if micros}


def _format_cost_table(attempts: Sequence[Attempt], group_name: str) -> str:
    rows = [[group_name, "takes", "spent", "held", "failed"]]
    for key, group in _group_attempts(attempts, _GROUP_KEYS[group_name]):
        spent = sum(attempt.settled_micros for attempt in group)
        held_micros = sum(attempt.held_micros for attempt in group)
        if spent or held_micros:
            counts = _count_states(group)
            rows.append(
                [
                    key,
                    str(counts["made"]),
                    f"${format_decimal_usd(spent)}",
                    f"${format_decimal_usd(held_micros)}" if held_micros else "-",
                    str(counts["failed"]),
                ]
            )
    return "\n".join(console.align_columns(rows, right_aligned=frozenset({1, 2, 3, 4})))


def _format_utc_time(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _format_utc_day(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
