"""How long a render will take: the steps, their waits, and the platforms' quotas, played through.

The run and the forecast go by one rule: what soon expires first, then what the most hangs on.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from storyboard.graph.pace import WINDOW_S, Pace
from storyboard.graph.plan import Node, Plan, Reason


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a render may take, in seconds, and why."""

    seconds: float
    critical_s: float
    """The longest chain of steps, if nobody had to wait for a quota."""
    jobs: int
    """Paid jobs that are submitted."""
    lanes: tuple[str, ...]
    """Models whose quota makes others wait."""

    @property
    def basis(self) -> str:
        """In words, what the number was made of."""
        told = f"{self.jobs} job{'s' if self.jobs != 1 else ''}" if self.jobs else "in flight"
        if self.lanes:
            return f"{told}; waits for the quota of {', '.join(self.lanes)}"
        return f"{told}; the longest chain decides"


def importance(nodes: Iterable[Node]) -> dict[str, tuple[int, float]]:
    """By step, what goes first: lower is sooner. Ties keep the order of the plan."""
    known = {node.step.id: node for node in nodes}
    after: dict[str, float] = {}
    graph = {id: [p for p in node.step.parents if p in known] for id, node in known.items()}
    for id in reversed(tuple(TopologicalSorter(graph).static_order())):
        after.setdefault(id, 0.0)
        mine = after[id] + _makes(known[id])
        for parent in graph[id]:
            after[parent] = max(after.get(parent, 0.0), mine)
    return {
        id: (0 if Reason.URI_EXPIRING in node.reasons else 1, -(after[id] + _makes(node)))
        for id, node in known.items()
    }


def forecast(plan: Plan) -> Forecast | None:
    """Plays the plan's paid work through; None where there is none, or nobody knows its pace."""
    work = [node for node in plan.nodes if node.step.pace.typical_s and _runs(node)]
    if not work:
        return None
    first = importance(plan.nodes)
    played = _Played(work, first)
    end = played.end()
    critical = max(-first[node.step.id][1] for node in work)
    held = tuple(name for name, lane in played.lanes.items() if lane.held)
    return Forecast(end, critical, sum(map(_jobs, work)), held)


class _Played:
    """The work of a plan, from job to job."""

    def __init__(self, work: Sequence[Node], first: Mapping[str, tuple[int, float]]) -> None:
        self.lanes: dict[str, _Lane] = {}
        self._first = first
        self._of: dict[str, _Lane] = {}
        self._waits: dict[str, int] = {}
        self._children: dict[str, list[Node]] = defaultdict(list)
        made = {node.step.id for node in work}
        for node in work:
            name = f"{node.step.model} at {node.step.provider}"
            self._of[node.step.id] = self.lanes.setdefault(name, _Lane(node.step.pace))
            parents = [parent for parent in node.step.parents if parent in made]
            self._waits[node.step.id] = len(parents)
            for parent in parents:
                self._children[parent].append(node)
        for node in work:
            if not self._waits[node.step.id]:
                self._queue(node)

    def end(self) -> float:
        """Seconds until the last job is done."""
        now = 0.0
        done: list[tuple[float, str]] = []
        while True:
            for lane in self.lanes.values():
                for node in lane.begun(now):
                    heapq.heappush(done, (now + node.step.pace.typical_s, node.step.id))
            coming = [lane.next_at for lane in self.lanes.values() if lane.waits]
            coming = [at for at in coming if at > now] + [at for at, _ in done[:1]]
            if not coming:
                return now
            now = min(coming)
            while done and done[0][0] <= now:
                self._finish(heapq.heappop(done)[1])

    def _finish(self, id: str) -> None:
        self._of[id].open -= 1
        for child in self._children[id]:
            self._waits[child.step.id] -= 1
            if not self._waits[child.step.id]:
                self._queue(child)

    def _queue(self, node: Node) -> None:
        self._of[node.step.id].queue(node, self._first[node.step.id])


class _Lane:
    """The jobs of one model: a minute's window, and so many open at a time."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._ready: list[tuple[tuple[int, float], int, Node]] = []
        self._sent: deque[float] = deque(maxlen=pace.per_minute)
        self._count = 0
        self.open = 0
        self.held = False
        """Somebody had to wait."""

    @property
    def waits(self) -> bool:
        return bool(self._ready)

    @property
    def next_at(self) -> float:
        """When the window lets the next job through."""
        full = self._pace.per_minute is not None and len(self._sent) == self._pace.per_minute
        return self._sent[0] + WINDOW_S if full else 0.0

    def queue(self, node: Node, first: tuple[int, float]) -> None:
        self._count += 1
        heapq.heappush(self._ready, (first, self._count, node))

    def begun(self, now: float) -> Iterator[Node]:
        """What starts now, the most important first."""
        while self._ready:
            most = self._pace.at_once
            if self.next_at > now or (most is not None and self.open >= most):
                self.held = True
                return
            node = heapq.heappop(self._ready)[2]
            self._sent.extend([now] * _jobs(node))
            self.open += 1
            yield node


def _runs(node: Node) -> bool:
    """Whether anything of it runs: what waits for a person does not."""
    return bool(node.fresh or any(not each.waits for each in node.pending))


def _makes(node: Node) -> float:
    return node.step.pace.typical_s if node.ordinals else 0.0


def _jobs(node: Node) -> int:
    """Operations that a node still needs: several takes may be asked of one."""
    return -(-node.fresh // max(1, node.step.samples))
