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


def die() -> None:
    """What a power cut does to a process."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def arm(point: str) -> None:
    """Lets this process die at `point`; empty lets it live."""
    kind, _, rest = point.partition("/")
    if kind in _STATES:
        state, _, shot = rest.partition("/")
        _ledger(state, shot, before=kind == "unwritten")
    elif kind in ("post", "answer"):
        _order(rest, before=kind == "post")
    elif kind in ("put", "bytes", "sidecar"):
        _shelf(kind, rest)
    elif kind in ("lock", "locked"):
        _renamed(".selects.yaml", before=kind == "lock")
    elif kind == "stitch":
        _stitch()
    elif kind == "cut":
        _renamed(".mp4", before=True)
    elif kind == "act":
        _acts(int(rest))
    elif point:
        raise ValueError(point)


def _ledger(state: str, shot: str, *, before: bool) -> None:
    from storyboard.run.ledger import Ledger

    begin, advance_all = Ledger.begin, Ledger.advance_all

    async def begun(self: Any, attempts: Any, **options: Any) -> Any:
        hit = state == "intent" and attempts[0].shot == shot
        if hit and before:
            die()
        entered = await begin(self, attempts, **options)
        if hit:
            die()
        return entered

    async def advanced(self: Any, attempts: Any, to: Any, **facts: Any) -> Any:
        hit = to == state and attempts[0].shot == shot
        if hit and before:
            die()
        moved = await advance_all(self, attempts, to, **facts)
        if hit:
            die()
        return moved

    Ledger.begin, Ledger.advance_all = begun, advanced  # type: ignore[method-assign]


def _order(shot: str, *, before: bool) -> None:
    from storyboard.providers.http import Wire

    order = Wire.order

    async def ordered(self: Any, path: str, **wishes: Any) -> Any:
        hit = shot in str(wishes["json"]["instances"][0]["prompt"])
        if hit and before:
            die()
        reply = await order(self, path, **wishes)
        if hit:
            die()
        return reply

    Wire.order = ordered  # type: ignore[method-assign]


def _shelf(kind: str, shot: str) -> None:
    from storyboard.run.shelving import Shelver
    from storyboard.run.store import Store

    add_all, keep = Store.add_all, Shelver._keep

    def added(self: Any, records: Any) -> None:
        hit = any(record.take.shot == shot for record in records)
        if hit and kind == "bytes":
            die()
        add_all(self, records)
        if hit and kind == "sidecar":
            die()

    def kept(self: Any, come: Any) -> Any:
        if kind == "put" and any(each.attempt.shot == shot for each in come):
            die()
        return keep(self, come)

    Store.add_all, Shelver._keep = added, kept  # type: ignore[method-assign]


def _renamed(ending: str, *, before: bool) -> None:
    replace = os.replace

    def replaced(source: Any, target: Any, **options: Any) -> None:
        hit = str(target).endswith(ending) and "/takes/" not in str(target)
        if hit and before:
            die()
        replace(source, target, **options)
        if hit:
            die()

    os.replace = replaced


def _stitch() -> None:
    from storyboard.stitching import film

    stitch = film.stitch_film

    def stitched(*given: Any, **options: Any) -> Any:
        return stitch(*given, **{**options, "on_progress": lambda done, total: die()})

    film.stitch_film = stitched


def _acts(last: int) -> None:
    from storyboard.providers.http import Wire
    from storyboard.run.writer import Writer

    left = last
    guard = threading.Lock()

    def act() -> None:
        nonlocal left
        with guard:
            left -= 1
            if not left:
                die()

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def called(*given: Any, **options: Any) -> Any:
            act()
            done = call(*given, **options)
            act()
            return done

        return called

    def asked(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def called(*given: Any, **options: Any) -> Any:
            act()
            done = await call(*given, **options)
            act()
            return done

        return called

    os.fsync = around(os.fsync)
    os.link = around(os.link)
    os.replace = around(os.replace)
    os.unlink = around(os.unlink)
    Writer._commit = around(Writer._commit)  # type: ignore[method-assign]
    Wire._sent = asked(Wire._sent)  # type: ignore[method-assign]
    Wire._free = asked(Wire._free)  # type: ignore[method-assign]
