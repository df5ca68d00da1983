"""`storyboard runs`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storyboard.cli import console, open_attempts, options
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.api.runs import AttemptGroup, AttemptGrouping, FilmRuns
    from storyboard.run.ledger.attempts import Attempt

_RUN_COLUMNS = (
    Column("run"),
    Column("began", drop_rank=3),
    Column("made", is_right_aligned=True),
    Column("failed", drop_rank=1, is_right_aligned=True),
    Column("open", drop_rank=2, is_right_aligned=True),
    Column("spent", is_right_aligned=True),
    Column("held", is_right_aligned=True),
)
_ATTEMPT_COLUMNS = (
    Column("attempt"),
    Column("began", drop_rank=3),
    Column("take"),
    Column("state"),
    Column("provider", drop_rank=2),
    Column("price", drop_rank=1, is_right_aligned=True),
    Column("message", narrowing=Narrowing.WRAP),
)


@click.command("runs", epilog=options.format_examples("runs film.yaml", "runs film.yaml --cost"))
@options.add_film_argument
@click.option("--cost", is_flag=True, help="Show what was spent, by shot, by model and by day.")
@click.option("--rebuild", is_flag=True, help="Rebuild a lost or damaged ledger.")
@options.add_output_options
def command(
    film: Path, cost: bool, rebuild: bool, as_json: bool, quiet: bool, verbose: bool
) -> int:
    """List the renders of FILM, what each made and spent, and what is still open.

    Submissions with an unknown outcome are listed with the money that is held for them. With -v
    every attempt of every run.

    --rebuild recovers what it can of a ledger that is damaged, lost or an old copy; the damaged
    file is kept. Takes that may have been bought are entered as unknown, and the exit code is 7.
    """
    from storyboard.api.runs import list_runs

    code = _rebuild_ledger(film, quiet or as_json) if rebuild else 0
    runs = list_runs(film, on_notice=console.print_status)
    if as_json:
        console.print_json(_to_runs_document(runs, with_attempts=verbose))
        return code
    if cost:
        console.print_result(
            "\n\n".join(_format_cost_table(runs, grouping) for grouping in _COST_GROUPINGS)
        )
    elif runs.attempts:
        rows = [_format_run_row(group) for group in runs.group_attempts("run")]
        console.print_result("\n".join(format_table(_RUN_COLUMNS, rows)))
        if verbose:
            rows = [_format_attempt_row(item) for item in runs.attempts]
            console.print_result("\n" + "\n".join(format_table(_ATTEMPT_COLUMNS, rows)))
    elif not quiet:
        console.print_status("no runs yet")
    for item in runs.open_attempts:
        open_attempts.print_open_attempt(item, film, is_rendering=runs.is_rendering)
    for take in runs.filtered_takes:
        open_attempts.print_filtered_take(take, film)
    if runs.untracked_takes:
        console.print_status(
            f"{len(runs.untracked_takes)} takes for "
            f"${format_decimal_usd(runs.untracked_micros)} are in the store, but not in the "
            f"ledger or the lock file: run storyboard runs {film} --rebuild"
        )
    if not quiet and (runs.attempts or runs.total_micros):
        elsewhere = runs.elsewhere_micros
        others_note = (
            f", ${format_decimal_usd(elsewhere)} of it by others (from the lock file)"
            if elsewhere
            else ""
        )
        console.print_status(
            f"${format_decimal_usd(runs.total_micros)} spent or reserved in total{others_note}"
        )
    return code


def _rebuild_ledger(film: Path, quiet: bool) -> int:
    """Builds the ledger again and says what of; 7 when there is something to decide."""
    from storyboard.api.runs import rebuild_ledger

    report = rebuild_ledger(film, on_notice=console.print_status)
    if not quiet:
        if report.damaged_file is not None:
            console.print_status(f"the damaged ledger was moved to {report.damaged_file}")
        evidence = ", ".join(f"{n} by {source}" for source, n in report.evidence_counts.items())
        console.print_status(
            f"{report.read_count} attempts read, {len(report.saved_attempts)} takes found in "
            f"the store{f' (of this film {evidence})' if evidence else ''}, "
            f"{len(report.unknown_attempts)} with unknown outcome"
        )
        if report.foreign_takes:
            stake = format_decimal_usd(sum(item.take.price_micros for item in report.foreign_takes))
            console.print_status(
                f"{len(report.foreign_takes)} takes for ${stake} are left out: several films "
                f"of this store are named {film.stem}, and these takes are not in the lock "
                "file or plan of this one"
            )
        if any(not item.reserved_micros for item in report.unknown_attempts):
            console.print_status("attempts without a price may have cost an unknown amount")
    return 7 if report.unknown_attempts else 0


_COST_GROUPINGS: tuple[AttemptGrouping, ...] = ("shot", "model", "day")
_COST_HEADINGS = ("takes", "spent", "held", "failed")


def _to_runs_document(runs: FilmRuns, *, with_attempts: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "runs": [_to_run_record(group) for group in runs.group_attempts("run")],
        "open": [_to_open_attempt_record(item) for item in runs.open_attempts],
        "held_back": [item.name for item in runs.filtered_takes],
        "cost": {
            "total_usd": format_decimal_usd(runs.total_micros),
            "held_usd": format_decimal_usd(runs.held_micros),
            "elsewhere_usd": format_decimal_usd(runs.elsewhere_micros),
            "unaccounted_usd": format_decimal_usd(runs.untracked_micros),
            **{grouping: _sum_costs_by_group(runs, grouping) for grouping in _COST_GROUPINGS},
        },
    }
    if with_attempts:
        document["attempts"] = [_to_attempt_record(item) for item in runs.attempts]
    return document


def _to_run_record(group: AttemptGroup) -> dict[str, Any]:
    return {
        "run": group.name,
        "began": _format_utc_time(group.began_at),
        "made": group.made,
        "failed": group.failed,
        "unknown": group.unknown,
        "open": group.open,
        "spent_usd": format_decimal_usd(group.spent_micros),
        "held_usd": format_decimal_usd(group.held_micros),
    }


def _format_run_row(group: AttemptGroup) -> list[str]:
    return [
        group.name,
        _format_utc_time(group.began_at).replace("T", " ").removesuffix("Z"),
        *(str(count) for count in (group.made, group.failed, group.open)),
        *(
            f"${format_decimal_usd(micros)}" if micros else "-"
            for micros in (group.spent_micros, group.held_micros)
        ),
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


def _sum_costs_by_group(runs: FilmRuns, grouping: AttemptGrouping) -> dict[str, str]:
    costs = {
        group.name: group.spent_micros + group.held_micros
        for group in runs.group_attempts(grouping)
    }
    return {name: format_decimal_usd(micros) for name, micros in costs.items() if micros}


def _format_cost_table(runs: FilmRuns, grouping: AttemptGrouping) -> str:
    rows = []
    for group in runs.group_attempts(grouping):
        if group.spent_micros or group.held_micros:
            rows.append(
                [
                    group.name,
                    str(group.made),
                    f"${format_decimal_usd(group.spent_micros)}",
                    f"${format_decimal_usd(group.held_micros)}" if group.held_micros else "-",
                    str(group.failed),
                ]
            )
    columns = [Column(grouping)]
    columns += [Column(name, is_right_aligned=True) for name in _COST_HEADINGS]
    return "\n".join(format_table(columns, rows))


def _format_utc_time(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
