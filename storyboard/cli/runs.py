"""`storyboard runs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storyboard.cli import options, unfinished, view
from storyboard.cli.planview import money

if TYPE_CHECKING:
    from storyboard.graph.steps import Step
    from storyboard.run.attempts import Attempt
    from storyboard.run.record import Record
    from storyboard.run.selects import Selects


@click.command("runs")
@options.film
@click.option("--cost", is_flag=True, help="What was spent, by shot, by model and by day.")
@click.option("--rebuild", is_flag=True, help="Build a lost or damaged ledger again.")
@options.speech
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
    from storyboard.run.attempts import OVER
    from storyboard.run.ledger import Ledger, elsewhere_micros, is_at_work, lifetime_micros
    from storyboard.run.places import selects_file, state_folder
    from storyboard.run.selects import Selects

    path = film.absolute()
    state = state_folder(path)
    if not path.exists() and not state.is_dir():
        raise UsageError(f"there is no {film}")
    selects = Selects(selects_file(path))
    code = _rebuilt(path, selects, quiet or as_json) if rebuild else 0
    attempts = Ledger.read(state)
    locked = selects.paid()
    elsewhere = elsewhere_micros(attempts, locked)
    lost = _unaccounted(path, attempts, locked)
    missing = sum(each.take.price_micros for each in lost)
    total = lifetime_micros(attempts, locked) + missing
    held_back = unfinished.held_back(path, attempts)
    open_ = [each for each in attempts if each.state not in OVER]
    if as_json:
        view.answer_json(
            {
                "runs": [_run(id, of) for id, of in _by(attempts, lambda a: a.run)],
                "open": [_open(each) for each in open_],
                "held_back": [each.name for each in held_back],
                "cost": {
                    "total_usd": money(total),
                    "held_usd": money(sum(each.held_micros for each in attempts)),
                    "elsewhere_usd": money(elsewhere),
                    "unaccounted_usd": money(missing),
                    **{name: _costs(attempts, key) for name, key in _KEYS.items()},
                },
                **({"attempts": [_attempt(each) for each in attempts]} if verbose else {}),
            }
        )
        return code
    if cost:
        view.answer("\n\n".join(_cost_table(attempts, name) for name in _KEYS))
    elif attempts:
        rows = [["run", "began", "made", "failed", "open", "spent", "held"]]
        rows += [_row(id, of) for id, of in _by(attempts, lambda a: a.run)]
        view.answer("\n".join(view.table(rows, right=frozenset({2, 3, 4, 5, 6}))))
        if verbose:
            view.answer("\n" + "\n".join(view.table([_line(each) for each in attempts])))
    elif not quiet:
        view.say("no runs yet")
    at_work = bool(open_) and is_at_work(state)
    for each in open_:
        unfinished.tell(each, film, at_work=at_work)
    for take in held_back:
        unfinished.tell_held_back(take, film)
    if lost:
        view.say(
            f"{len(lost)} takes for ${money(missing)} are in the store, and neither ledger nor lock"
            f" file tells of them: storyboard runs {film} --rebuild"
        )
    if not quiet and (attempts or total):
        others = f", ${money(elsewhere)} of it by others, as the lock file has it"
        view.say(f"${money(total)} spent or held in all{others if elsewhere else ''}")
    return code


def _unaccounted(
    film: Path, attempts: Sequence[Attempt], locked: Mapping[tuple[str, int], int]
) -> tuple[Record, ...]:
    from storyboard.errors import StoryboardError
    from storyboard.run.places import store_folder
    from storyboard.run.store import Store
    from storyboard.run.unaccounted import unaccounted

    folder = store_folder(film)
    if not folder.is_dir():
        return ()
    with suppress(StoryboardError), closing(Store(folder, notice=view.say)) as store:
        return unaccounted(store, film, attempts, locked)
    return ()


def _rebuilt(film: Path, selects: Selects, quiet: bool) -> int:
    """Builds the ledger again and says what of; 7 when there is something to decide."""
    from storyboard.errors import StoryboardError
    from storyboard.production import Flags, Production, examine
    from storyboard.run.places import state_folder, store_folder
    from storyboard.run.rebuild import rebuild
    from storyboard.run.store import Store

    steps: dict[str, Step] = {}
    with suppress(StoryboardError):  # a film that is gone or wrong tells no prices
        production = Production(examine(film, Flags()))
        steps |= production.graph.steps
        with closing(production):  # where the ledger is damaged there is no plan
            steps |= {node.digest: node.step for node in production.plan(lenient=True).nodes}
    store = Store(store_folder(film), notice=view.say)
    try:
        done = rebuild(state_folder(film), store, selects, film, steps)
    finally:
        store.close()
    if not quiet:
        if done.aside is not None:
            view.say(f"the damaged ledger is kept as {done.aside}")
        by = ", ".join(f"{n} by {what}" for what, n in done.by.items())
        view.say(
            f"{done.read} attempts read, {len(done.saved)} takes told by the store"
            f"{f' (of this film {by})' if by else ''},"
            f" {len(done.unknown)} that may have been bought"
        )
        if done.others:
            stake = money(sum(each.take.price_micros for each in done.others))
            view.say(
                f"{len(done.others)} takes for ${stake} stay out: several films of this store are"
                f" called {film.stem}, and neither lock file nor plan of this one names them"
            )
        if any(not each.reserved_micros for each in done.unknown):
            view.say("what has no price may have cost something: nobody knows how much")
    return 7 if done.unknown else 0


_KEYS: dict[str, Callable[[Attempt], str]] = {
    "shot": lambda attempt: attempt.shot or attempt.step,
    "model": lambda attempt: f"{attempt.model} at {attempt.provider}",
    "day": lambda attempt: _day(attempt.created_at),
}


def _by(
    attempts: Iterable[Attempt], key: Callable[[Attempt], str]
) -> list[tuple[str, list[Attempt]]]:
    """Attempts by a key, in the order in which each first came."""
    found: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(key(attempt), []).append(attempt)
    return list(found.items())


def _counts(attempts: Sequence[Attempt]) -> dict[str, int]:
    from storyboard.run.attempts import OVER, State

    lost = (State.FAILED, State.FILTERED, State.LOST)
    return {
        "made": sum(each.state is State.COMMITTED for each in attempts),
        "failed": sum(each.state in lost for each in attempts),
        "unknown": sum(each.state is State.UNKNOWN for each in attempts),
        "open": sum(each.state not in OVER for each in attempts),
    }


def _run(id: str, attempts: Sequence[Attempt]) -> dict[str, Any]:
    return {
        "run": id,
        "began": _time(min(each.created_at for each in attempts)),
        **_counts(attempts),
        "spent_usd": money(sum(each.settled_micros for each in attempts)),
        "held_usd": money(sum(each.held_micros for each in attempts)),
    }


def _row(id: str, attempts: Sequence[Attempt]) -> list[str]:
    told = _run(id, attempts)
    shown = {name: told[f"{name}_usd"] for name in ("spent", "held")}
    return [
        id,
        told["began"].replace("T", " ").removesuffix("Z"),
        *(str(told[name]) for name in ("made", "failed", "open")),
        *(f"${usd}" if usd != "0.00" else "-" for usd in shown.values()),
    ]


def _open(attempt: Attempt) -> dict[str, Any]:
    return {**_attempt(attempt), "held_usd": money(attempt.held_micros)}


def _attempt(attempt: Attempt) -> dict[str, Any]:
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
        "settled_usd": money(attempt.settled_micros),
        "at": _time(attempt.updated_at),
    }


def _line(attempt: Attempt) -> list[str]:
    price = attempt.settled_micros or attempt.held_micros
    return [
        f"#{attempt.id}",
        _time(attempt.created_at).replace("T", " ").removesuffix("Z"),
        attempt.name,
        attempt.state.value,
        attempt.provider,
        f"${money(price)}" if price else "-",
        attempt.message[:80],
    ]


def _costs(attempts: Sequence[Attempt], key: Callable[[Attempt], str]) -> dict[str, str]:
    paid = {
        name: sum(each.settled_micros + each.held_micros for each in of)
        for name, of in _by(attempts, key)
    }
    return {name: money(micros) for name, micros in paid.items() if micros}


def _cost_table(attempts: Sequence[Attempt], name: str) -> str:
    rows = [[name, "takes", "spent", "held", "failed"]]
    for key, of in _by(attempts, _KEYS[name]):
        spent = sum(each.settled_micros for each in of)
        held = sum(each.held_micros for each in of)
        if spent or held:
            told = _counts(of)
            rows.append(
                [key, str(told["made"]), f"${money(spent)}", f"${money(held)}" if held else "-",
                 str(told["failed"])]
            )  # fmt: skip
    return "\n".join(view.table(rows, right=frozenset({1, 2, 3, 4})))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
