"""Long takes: how a length is made of legal hops.

A hop is a new take from words or a first frame, or an extension of what runs. The search counts
in whole seconds of purchase and in frames of picture, since a take that starts again from the
last frame repeats that frame, which is cut.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from storyboard.providers.catalog import Model
from storyboard.timecode import Rate


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    """One purchase of a long take."""

    seconds: int
    extends: bool
    """False starts a run: from words for the first, from the last frame for a later one."""
    start: int
    """First frame of the shot that it brings."""
    frames: int
    """New frames that it brings."""
    skip: int = 0
    """Frames at its head that repeat the picture before."""
    depth_s: int = 0
    """Seconds from the root of its run to its end."""


def plan_hops(
    model: Model,
    wanted_frames: int,
    rate: Rate,
    beat_frames: Sequence[int],
    *,
    resolution: str,
    reanchor: bool,
    references: bool = False,
) -> tuple[Hop, ...] | None:
    """The hops of a take of at least `wanted_frames` frames, or None where none are legal.

    Fewest new starts first, then most beats (frames) on seams, then the least bought, then the
    fewest hops, then the longest hops first.
    """
    operation = "references" if references else "text"
    first = model.list_legal_durations(resolution, references=references, operation=operation)
    anchored = model.list_legal_durations(resolution, operation="image")
    later = anchored if reanchor and model.first_frame else ()
    growth = _RunGrowth(model, rate)
    runs = _count_fewest_runs(
        wanted_frames, max(map(growth.count_longest_run_frames, first), default=0), growth, later
    )
    if runs is None:
        return None
    seams = frozenset(beat_frames)
    restart = max((growth.count_longest_run_frames(seconds) - 1 for seconds in later), default=0)
    open_paths: dict[tuple[int, int, int, int], _Path] = {}
    queue: list[tuple[int, int, int, int]] = []
    best: _Path | None = None

    def offer_path(path: _Path, state: tuple[int, int, int, int]) -> None:
        nonlocal best
        done, starts, run_s, hops = state
        if done >= wanted_frames:
            if best is None or path < best:
                best = path
            return
        spare = growth.count_addable_frames(run_s, hops) + (runs - starts) * restart
        if starts > runs or done + spare < wanted_frames:
            return
        if state not in open_paths:
            heapq.heappush(queue, state)
        if state not in open_paths or path < open_paths[state]:
            open_paths[state] = path

    for seconds in first:
        hop = Hop(seconds, False, 0, rate.to_frames(seconds), depth_s=seconds)
        offer_path(((0, seconds, 1, -seconds), (hop,)), (hop.frames, 1, seconds, 0))
    while queue:
        done, starts, run_s, hops = state = heapq.heappop(queue)
        cost, path = open_paths.pop(state)
        on_seam = -1 if done in seams else 0
        for seconds in find_legal_extension_seconds(model, run_s, hops):
            hop = Hop(seconds, True, done, rate.to_frames(seconds), depth_s=run_s + seconds)
            offer_path(
                (_add_hop_cost(cost, on_seam, seconds), (*path, hop)),
                (
                    done + hop.frames,
                    starts,
                    hop.depth_s,
                    hops + 1 if has_hop_limit(model) else 0,
                ),
            )
        for seconds in later:
            hop = Hop(seconds, False, done, rate.to_frames(seconds) - 1, skip=1, depth_s=seconds)
            offer_path(
                (_add_hop_cost(cost, on_seam, seconds), (*path, hop)),
                (done + hop.frames, starts + 1, seconds, 0),
            )
    return best[1] if best else None


def offset_hops(hops: Sequence[Hop], start_frame: int) -> tuple[Hop, ...]:
    """Hops of a take of its own as those of a longer one, from frame `start_frame` on.

    The first repeats the picture before, so a frame of it is cut.
    """
    first, *others = hops
    shifted = [replace(hop, start=hop.start + start_frame - 1) for hop in others]
    return (replace(first, start=start_frame, frames=first.frames - 1, skip=1), *shifted)


_Path: TypeAlias = tuple[tuple[int, int, int, int], tuple[Hop, ...]]


def _add_hop_cost(
    cost: tuple[int, int, int, int], seam_cost: int, seconds: int
) -> tuple[int, int, int, int]:
    return (cost[0] + seam_cost, cost[1] + seconds, cost[2] + 1, cost[3] - seconds)


def has_hop_limit(model: Model) -> bool:
    """Whether the number of hops matters to the model, not only their seconds."""
    return model.extend is not None and model.extend.max_hops is not None


class _RunGrowth:
    """How many frames a run can still grow, remembered."""

    def __init__(self, model: Model, rate: Rate) -> None:
        self._model, self._rate = model, rate
        self._cache: dict[tuple[int, int], int] = {}

    def count_addable_frames(self, run_s: int, hop_count: int) -> int:
        key = (run_s, hop_count)
        if key not in self._cache:
            self._cache[key] = max(
                (
                    self._rate.to_frames(hop)
                    + self.count_addable_frames(
                        run_s + hop, hop_count + 1 if has_hop_limit(self._model) else 0
                    )
                    for hop in find_legal_extension_seconds(self._model, run_s, hop_count)
                ),
                default=0,
            )
        return self._cache[key]

    def count_longest_run_frames(self, first_take_s: int) -> int:
        """Frames of the longest run that starts with a take of `first_take_s` seconds."""
        return self._rate.to_frames(first_take_s) + self.count_addable_frames(first_take_s, 0)


def _count_fewest_runs(
    wanted_frames: int, first_run_frames: int, growth: _RunGrowth, restart_durations: Sequence[int]
) -> int | None:
    """Runs that `wanted_frames` frames need at least; None where no number of them is enough."""
    if first_run_frames >= wanted_frames:
        return 1
    restart = max(
        (growth.count_longest_run_frames(seconds) - 1 for seconds in restart_durations), default=0
    )
    if not first_run_frames or restart <= 0:
        return None
    return 1 - (first_run_frames - wanted_frames) // restart


def find_legal_extension_seconds(model: Model, run_s: int, run_hops: int) -> tuple[int, ...]:
    """Seconds an extension may add to a run of `run_s` seconds that has `run_hops` already."""
    rule = model.extend
    if rule is None:
        return ()
    if rule.max_input_s is not None and run_s > rule.max_input_s:
        return ()
    if rule.max_hops is not None and run_hops >= rule.max_hops:
        return ()
    cap = rule.max_total_s
    return tuple(hop for hop in rule.hops if cap is None or run_s + hop <= cap)


def find_longest_run_s(model: Model, resolution: str) -> int:
    """Seconds of the longest run that starts with a new take."""
    best = 0
    for first in model.list_legal_durations(resolution):
        run_s, hops = first, 0
        while options := find_legal_extension_seconds(model, run_s, hops):
            run_s, hops = run_s + max(options), hops + 1
        best = max(best, run_s)
    return best
