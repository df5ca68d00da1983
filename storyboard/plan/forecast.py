"""How long a render will take: the steps, their waits, and the platforms' quotas, played through.

The run and the forecast go by one rule: what soon expires first, then what the most hangs on.
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
    """What a render may take, in seconds, and why."""

    seconds: float
    critical_path_s: float
    """The longest chain of steps, if nobody had to wait for a quota."""
    operations: int
    """Paid jobs that are submitted."""
    limiting_models: tuple[str, ...]
    """Models whose quota makes others wait."""

    @property
    def basis(self) -> str:
        """In words, what the number was made of."""
        summary = (
            f"{self.operations} job{'s' if self.operations != 1 else ''}"
            if self.operations
            else "in flight"
        )
        if self.limiting_models:
            return f"{summary}; waits for the quota of {', '.join(self.limiting_models)}"
        return f"{summary}; the longest chain decides"


def rank_steps_by_urgency(nodes: Iterable[Node]) -> dict[str, tuple[int, float]]:
    """By step, what goes first: lower is sooner. Ties keep the order of the plan."""
    nodes_by_id = {node.step.id: node for node in nodes}
    after: dict[str, float] = {}
    graph = {
        id: [p for p in node.step.parents if p in nodes_by_id] for id, node in nodes_by_id.items()
    }
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
    """Plays the plan's paid work through; None where there is none, or nobody knows its pace."""
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
    """The work of a plan, from job to job."""

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
        """Seconds until the last job is done."""
        now = 0.0
        done: list[tuple[float, str]] = []
        while True:
            for lane in self.queues.values():
                for node in lane.start_ready_nodes(now):
                    heapq.heappush(done, (now + node.step.rate_limits.typical_s, node.step.id))
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
    """The jobs of one model: a minute's window, and so many open at a time."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._ready: list[tuple[tuple[int, float], int, Node]] = []
        self._start_times: deque[float] = deque(maxlen=limits.per_minute)
        self._count = 0
        self.open_count = 0
        self.has_delayed = False
        """Somebody had to wait."""

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    @property
    def next_at(self) -> float:
        """When the window lets the next job through."""
        full = (
            self._limits.per_minute is not None
            and len(self._start_times) == self._limits.per_minute
        )
        return self._start_times[0] + WINDOW_S if full else 0.0

    def add_node(self, node: Node, rank: tuple[int, float]) -> None:
        self._count += 1
        heapq.heappush(self._ready, (rank, self._count, node))

    def start_ready_nodes(self, now: float) -> Iterator[Node]:
        """What starts now, the most important first."""
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
    """Whether anything of it runs: what waits for a person does not."""
    return bool(
        node.new_take_count or any(not pending_take.needs_decision for pending_take in node.pending)
    )


def _estimate_node_seconds(node: Node) -> float:
    return node.step.rate_limits.typical_s if node.ordinals else 0.0


def _count_operations(node: Node) -> int:
    """Operations that a node still needs: several takes may be asked of one."""
    return -(-node.new_take_count // max(1, node.step.samples))
