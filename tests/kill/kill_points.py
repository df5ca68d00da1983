"""The points at which a render may be made to die. Nothing else about it is changed.

ledger/STATE/SHOT     that state of the shot has just become durable
unwritten/STATE/SHOT  it is about to be written
post/SHOT  answer/SHOT   before its order leaves; the answer is here and nobody knows yet
put/SHOT  bytes/SHOT  sidecar/SHOT   its bytes, its sidecar: before, between, after
lock  locked          the lock file is written beside; it has just taken its place
stitch  cut           the film is being cut; it is about to take its place
act/N                 the Nth act of any of these kinds: commits, flushes, claims, renames, requests
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

_STATES = ("ledger", "unwritten")


def kill_process() -> None:
    """What a power cut does to a process."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def set_kill_point(point: str) -> None:
    """Lets this process die at `point`; empty lets it live."""
    kind, _, rest = point.partition("/")
    if kind in _STATES:
        state, _, shot = rest.partition("/")
        _die_at_transition(state, shot, before=kind == "unwritten")
    elif kind in ("post", "answer"):
        _die_at_submission(rest, before=kind == "post")
    elif kind in ("put", "bytes", "sidecar"):
        _die_at_store(kind, rest)
    elif kind in ("lock", "locked"):
        _die_at_rename(".selects.yaml", before=kind == "lock")
    elif kind == "stitch":
        _die_while_stitching()
    elif kind == "cut":
        _die_at_rename(".mp4", before=True)
    elif kind == "act":
        _die_at_act(int(rest))
    elif point:
        raise ValueError(point)


def _die_at_transition(state: str, shot: str, *, before: bool) -> None:
    from storyboard.run.ledger.ledger import Ledger

    begin, advance_all = Ledger.reserve_attempts, Ledger.transition_together

    async def reserve_or_die(self: Any, attempts: Any, **options: Any) -> Any:
        is_target = state == "intent" and attempts[0].shot == shot
        if is_target and before:
            kill_process()
        reserved = await begin(self, attempts, **options)
        if is_target:
            kill_process()
        return reserved

    async def transition_or_die(self: Any, attempts: Any, to: Any, **facts: Any) -> Any:
        is_target = to == state and attempts[0].shot == shot
        if is_target and before:
            kill_process()
        moved = await advance_all(self, attempts, to, **facts)
        if is_target:
            kill_process()
        return moved

    Ledger.reserve_attempts, Ledger.transition_together = reserve_or_die, transition_or_die  # type: ignore[method-assign]


def _die_at_submission(shot: str, *, before: bool) -> None:
    from storyboard.providers.http.service import ServiceClient

    post = ServiceClient.post_once

    async def post_or_die(self: Any, path: str, **options: Any) -> Any:
        is_target = shot in str(options["json"]["instances"][0]["prompt"])
        if is_target and before:
            kill_process()
        reply = await post(self, path, **options)
        if is_target:
            kill_process()
        return reply

    ServiceClient.post_once = post_or_die  # type: ignore[method-assign]


def _die_at_store(kind: str, shot: str) -> None:
    from storyboard.run.executor.ingest import TakeIngest
    from storyboard.run.store.store import Store

    add_all, keep = Store.add_records, TakeIngest._inspect_and_store

    def add_or_die(self: Any, records: Any, **options: Any) -> None:
        is_target = any(record.take.shot == shot for record in records)
        if is_target and kind == "bytes":
            kill_process()
        add_all(self, records, **options)
        if is_target and kind == "sidecar":
            kill_process()

    def keep_or_die(self: Any, deliveries: Any) -> Any:
        if kind == "put" and any(delivery.attempt.shot == shot for delivery in deliveries):
            kill_process()
        return keep(self, deliveries)

    Store.add_records, TakeIngest._inspect_and_store = add_or_die, keep_or_die  # type: ignore[method-assign]


def _die_at_rename(ending: str, *, before: bool) -> None:
    replace = os.replace

    def replace_or_die(source: Any, target: Any, **options: Any) -> None:
        is_target = str(target).endswith(ending) and "/takes/" not in str(target)
        if is_target and before:
            kill_process()
        replace(source, target, **options)
        if is_target:
            kill_process()

    os.replace = replace_or_die


def _die_while_stitching() -> None:
    from storyboard.stitching import stitch as film

    stitch = film.stitch_film

    def stitch_and_die(*arguments: Any, **options: Any) -> Any:
        return stitch(*arguments, **{**options, "on_progress": lambda done, total: kill_process()})

    film.stitch_film = stitch_and_die


def _die_at_act(last: int) -> None:
    from storyboard.providers.http.service import ServiceClient
    from storyboard.run.ledger.writer import GroupCommitWriter

    left = last
    guard = threading.Lock()

    def count_act() -> None:
        nonlocal left
        with guard:
            left -= 1
            if not left:
                kill_process()

    def count_around(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def call_and_count(*arguments: Any, **options: Any) -> Any:
            count_act()
            result = call(*arguments, **options)
            count_act()
            return result

        return call_and_count

    def count_around_async(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def call_and_count(*arguments: Any, **options: Any) -> Any:
            count_act()
            result = await call(*arguments, **options)
            count_act()
            return result

        return call_and_count

    os.fsync = count_around(os.fsync)
    os.link = count_around(os.link)
    os.replace = count_around(os.replace)
    os.unlink = count_around(os.unlink)
    GroupCommitWriter._commit_statements = count_around(GroupCommitWriter._commit_statements)  # type: ignore[method-assign]
    ServiceClient._send_billable_post = count_around_async(ServiceClient._send_billable_post)  # type: ignore[method-assign]
    ServiceClient._send_repeatable = count_around_async(ServiceClient._send_repeatable)  # type: ignore[method-assign]
