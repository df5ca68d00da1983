"""Forecasts how long a render takes, by simulating its steps, waits and quotas.

Run and forecast use one order: sources that expire soon first, then steps with the longest work
after them.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from storyboard.graph.rate_limits import WINDOW_S, RateLimits
from storyboard.plan.plan import Node, Plan, Reason


@dataclass(frozen=True, slots=True)
class Forecast:
    """The expected duration of a render, and what limits it."""

    seconds: float
    critical_path_s: float
    """Seconds of the longest chain of steps, without waits for a quota."""
    operations: int
    """Paid operations to submit."""
    limiting_models: tuple[str, ...]
    """Models whose quota delays operations."""

    @property
    def basis(self) -> str:
        """What the number is based on, in words."""
        summary = (
            f"{self.operations} job{'s' if self.operations != 1 else ''}"
            if self.operations
            else "in flight"
        )
        if self.limiting_models:
            return f"{summary}; limited by the quota of {', '.join(self.limiting_models)}"
        return f"{summary}; limited by the longest chain"


def rank_steps_by_urgency(nodes: Iterable[Node]) -> dict[str, tuple[int, float]]:
    """The rank of each step: lower goes first. Ties keep the order of the plan."""
    nodes_by_id = {node.step.id: node for node in nodes}
    after: dict[str, float] = {}
    graph = {
        id: [p for p in node.step.parents if p in nodes_by_id] for id, node in nodes_by_id.items()
    }
    # From the last step back: `after` is the longest work that waits for a step.
    for id in reversed(tuple(TopologicalSorter(graph).static_order())):
        after.setdefault(id, 0.0)
        mine = after[id] + _estimate_node_seconds(nodes_by_id[id])
        for parent in graph[id]:
            after[parent] = max(after.get(parent, 0.0), mine)
    return {
        id: (
            0 if Reason.URI_EXPIRING in node.reasons else 1,
            -(after[id] + _estimate_node_seconds(node)),
        )
        for id, node in nodes_by_id.items()
    }


def forecast_render(plan: Plan) -> Forecast | None:
    """Simulates the plan's paid work; None if there is none, or its typical duration is unknown."""
    work = [
        node for node in plan.nodes if node.step.rate_limits.typical_s and _has_runnable_work(node)
    ]
    if not work:
        return None
    ranks = rank_steps_by_urgency(plan.nodes)
    simulation = _Simulation(work, ranks)
    end = simulation.run_to_end()
    critical = max(-ranks[node.step.id][1] for node in work)
    limiting_models = tuple(name for name, lane in simulation.queues.items() if lane.has_delayed)
    return Forecast(end, critical, sum(map(_count_operations, work)), limiting_models)


class _Simulation:
    """The work of a plan as a simulation, from one operation to the next."""

    def __init__(self, work: Sequence[Node], ranks: Mapping[str, tuple[int, float]]) -> None:
        self.queues: dict[str, _Queue] = {}
        self._first = ranks
        self._queue_of: dict[str, _Queue] = {}
        self._missing_parents: dict[str, int] = {}
        self._children: dict[str, list[Node]] = defaultdict(list)
        step_ids = {node.step.id for node in work}
        for node in work:
            name = f"{node.step.model} at {node.step.provider}"
            self._queue_of[node.step.id] = self.queues.setdefault(
                name, _Queue(node.step.rate_limits)
            )
            parents = [parent for parent in node.step.parents if parent in step_ids]
            self._missing_parents[node.step.id] = len(parents)
            for parent in parents:
                self._children[parent].append(node)
        for node in work:
            if not self._missing_parents[node.step.id]:
                self._queue_step(node)

    def run_to_end(self) -> float:
        """Seconds until the last operation is done."""
        now = 0.0
        done: list[tuple[float, str]] = []
        while True:
            for lane in self.queues.values():
                for node in lane.start_ready_nodes(now):
                    heapq.heappush(done, (now + node.step.rate_limits.typical_s, node.step.id))
            # Time moves to the next event: a quota window opens, or an operation ends. If neither
            # comes, all is done.
            coming = [lane.next_at for lane in self.queues.values() if lane.has_ready]
            coming = [at for at in coming if at > now] + [at for at, _ in done[:1]]
            if not coming:
                return now
            now = min(coming)
            while done and done[0][0] <= now:
                self._finish_step(heapq.heappop(done)[1])

    def _finish_step(self, id: str) -> None:
        self._queue_of[id].open_count -= 1
        for child in self._children[id]:
            self._missing_parents[child.step.id] -= 1
            if not self._missing_parents[child.step.id]:
                self._queue_step(child)

    def _queue_step(self, node: Node) -> None:
        self._queue_of[node.step.id].add_node(node, self._first[node.step.id])


class _Queue:
    """The operations of one model: so many per minute, and so many at once."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._ready: list[tuple[tuple[int, float], int, Node]] = []
        self._start_times: deque[float] = deque(maxlen=limits.per_minute)
        self._count = 0
        self.open_count = 0
        self.has_delayed = False
        """Whether any operation had to wait."""

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    @property
    def next_at(self) -> float:
        """When the window allows the next operation."""
        full = (
            self._limits.per_minute is not None
            and len(self._start_times) == self._limits.per_minute
        )
        return self._start_times[0] + WINDOW_S if full else 0.0

    def add_node(self, node: Node, rank: tuple[int, float]) -> None:
        self._count += 1
        heapq.heappush(self._ready, (rank, self._count, node))

    def start_ready_nodes(self, now: float) -> Iterator[Node]:
        """The operations that start now, in order of rank."""
        while self._ready:
            most = self._limits.at_once
            if self.next_at > now or (most is not None and self.open_count >= most):
                self.has_delayed = True
                return
            node = heapq.heappop(self._ready)[2]
            self._start_times.extend([now] * _count_operations(node))
            self.open_count += 1
            yield node


def _has_runnable_work(node: Node) -> bool:
    """Whether any of it runs; takes that wait for a person don't."""
    return bool(
        node.new_take_count or any(not pending_take.needs_decision for pending_take in node.pending)
    )


def _estimate_node_seconds(node: Node) -> float:
    return node.step.rate_limits.typical_s if node.ordinals else 0.0


def _count_operations(node: Node) -> int:
    """Operations that a node still needs: one operation may make several takes."""
    return -(-node.new_take_count // max(1, node.step.samples))
