"""A plan as people and programs read it: table, JSON, Markdown, Mermaid, dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import click

from storyboard.cli.view import table
from storyboard.film import Shot
from storyboard.graph.forecast import forecast
from storyboard.graph.plan import Action, Node, Pending, Plan, Reason, expired_source, renewal
from storyboard.graph.steps import BESIDE
from storyboard.providers.base import Kind
from storyboard.timecode import Timecode

_SYMBOL = {
    Action.CREATE: "+",
    Action.REDO: "~",
    Action.KEEP: " ",
    Action.IMPORT: "<",
    Action.BLOCKED: "!",
}
_ASKED = (Reason.IN_FLIGHT, Reason.UNDECIDED, Reason.FILTERED)
_COLOR = {
    Action.CREATE: "green",
    Action.REDO: "yellow",
    Action.IMPORT: "cyan",
    Action.BLOCKED: "red",
}


def document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: nodes in running order with parents first, and totals."""
    rate = plan.timeline.rate
    nodes = [_record(plan, node) for node in plan.nodes] + _plain_records(plan)
    return {
        "film": plan.film.path.name,
        "title": plan.film.title,
        "nodes": nodes,
        "pending": [
            {
                "take": each.name,
                "held_usd": money(each.held_micros),
                "unknown": each.unknown,
                "filtered": each.filtered,
                "wanted": each in _wanted(plan),
            }
            for each in plan.pending
        ],
        "totals": {
            "cost_usd": money(plan.cost_micros),
            "held_usd": money(plan.held_micros),
            "seconds": float(rate.seconds(plan.timeline.length)),
            "frames": plan.timeline.length,
            **_predicted(plan),
            **{
                action.value: sum(each["action"] == action.value for each in nodes)
                for action in Action
            },
        },
    }


def _predicted(plan: Plan) -> dict[str, Any]:
    """How long the paid jobs may take, and what that was reckoned from."""
    told = forecast(plan)
    if told is None:
        return {}
    return {
        "predicted_s": round(told.seconds),
        "critical_path_s": round(told.critical_s),
        "jobs": told.jobs,
        "predicted_from": told.basis,
    }


def money(micros: int) -> str:
    """Dollars as a decimal: `3.20`, with more digits only where they matter."""
    value = Decimal(micros) / 1_000_000
    return str(value.quantize(Decimal("0.01")) if micros % 10_000 == 0 else value.normalize())


def _record(plan: Plan, node: Node) -> dict[str, Any]:
    step, rate = node.step, plan.timeline.rate
    return {
        "id": step.id,
        "shot": step.shot or None,
        "step": step.kind.value,
        "action": node.action.value,
        "reasons": [reason.value for reason in node.reasons],
        "provider": step.provider,
        "model": step.model,
        "target": step.target,
        "cost_usd": money(node.cost_micros),
        "certain": node.certain,
        "buys_s": float(step.settings.duration_s),
        "plays_s": float(rate.seconds(node.plays_frames)),
        "record_in": node.record.start if node.record else None,
        "record_out": node.record.end if node.record else None,
        "take": node.select.name if node.select else None,
        "depends_on": list(step.parents),
        **({"instead": step.instead} if step.instead else {}),
    }


def _plain_records(plan: Plan) -> list[dict[str, Any]]:
    """Shots that need no step of their own: colours, cards and takes used again."""
    made = {node.step.shot for node in plan.nodes if node.step.kind not in BESIDE}
    rate = plan.timeline.rate
    steps = plan.graph.steps
    found = []
    for event in plan.timeline.events:
        if event.shot in made or any(step.shot == event.shot for step in _of(plan, event.shot)):
            continue
        again = plan.graph.materials[event.shot].pieces
        found.append(
            {
                "id": event.shot,
                "shot": event.shot,
                "step": (Kind.CONFORM if again else Kind.TITLE).value,
                "action": Action.KEEP.value,
                "reasons": ["shared"] if again else [],
                "provider": None,
                "model": None,
                "target": None,
                "cost_usd": "0.00",
                "certain": True,
                "buys_s": 0.0,
                "plays_s": float(rate.seconds(event.record.length)),
                "record_in": event.record.start,
                "record_out": event.record.end,
                "take": None,
                "depends_on": [p.step for p in again if p.step in steps],
            }
        )
    return found


def _of(plan: Plan, shot: str) -> list[Any]:
    """The steps that make the picture of a shot."""
    steps = plan.graph.steps.values()
    return [step for step in steps if step.shot == shot and step.kind not in BESIDE]


def human(plan: Plan) -> list[str]:
    """The plan as a table for a terminal, with a line of sums."""
    film, rate = plan.film, plan.timeline.rate
    width, height = film.delivery.size
    seconds = float(rate.seconds(plan.timeline.length))
    name = film.title or film.stem
    lines = [f"{name} · {rate} fps · {width}x{height} · {seconds:g} s", ""]
    rows: list[list[str]] = []
    colors: list[str | None] = []
    by_shot: dict[str, list[Node]] = {}
    for node in plan.nodes:
        by_shot.setdefault(node.step.shot, []).append(node)
    whole = by_shot.get("", [])
    first = [node for node in whole if node.record is None]

    def add(nodes: Sequence[Node]) -> None:
        rows.extend(_row(plan, node) for node in nodes)
        colors.extend(_COLOR.get(node.action) for node in nodes)

    add(first)
    for shot in film.shots:
        if plain := _plain_row(plan, shot):
            rows.append(plain)
            colors.append(None)
        add(by_shot.get(shot.id, []))
    add([node for node in whole if node not in first])
    for line, color in zip(table(rows, right=frozenset({7})), colors, strict=True):
        lines.append("  " + (click.style(line, fg=color) if color else line))
    return [*lines, "", _sum(plan), *_hints(plan)]


def _row(plan: Plan, node: Node) -> list[str]:
    step, rate = node.step, plan.timeline.rate
    buys = f"buys {step.settings.duration_s} s" if step.settings.duration_s else ""
    plays = f"plays {float(rate.seconds(node.plays_frames)):g} s" if node.plays_frames else ""
    model = step.model
    if step.provider == "previz":
        model = f"previz as {step.target}" if step.target else "previz"
    reasons = ", ".join(reason.value.replace("_", " ") for reason in node.reasons)
    if node.action is Action.KEEP and node.select:
        reasons = ", ".join(part for part in (f"take {node.select.name}", reasons) if part)
    if node.pending:
        words = [reason for reason in node.reasons if reason not in _ASKED] if node.fresh else []
        reasons = ", ".join([reason.value.replace("_", " ") for reason in words])
    if not node.certain:
        reasons += ", perhaps"
    if node.fresh > 1:
        reasons += f" x{node.fresh}"
    reasons = "; ".join(part for part in (*_asked(node.pending), reasons) if part)
    cost = f"${money(node.cost_micros)}" if node.cost_micros else "-"
    start = str(Timecode(node.record.start, rate)) if node.record else ""
    return [
        _symbol(node),
        step.id,
        step.kind.value,
        buys,
        plays,
        start,
        f"{model}  {reasons}".strip(),
        cost,
    ]


def _symbol(node: Node) -> str:
    if node.pending and not node.fresh:
        return "?" if any(each.waits for each in node.pending) else ">"
    return _SYMBOL[node.action]


def _asked(pending: Sequence[Pending]) -> list[str]:
    """What earlier runs have asked for, with the money that is held for it."""
    told = []
    for unknown, words in ((False, "in flight"), (True, "waits for a person")):
        some = [each for each in pending if each.unknown is unknown and not each.filtered]
        if some:
            takes = " ".join(f"t{each.ordinal:02d}" for each in some)
            told.append(f"{takes} {words}, ${money(sum(e.held_micros for e in some))} held")
    if filtered := " ".join(f"t{each.ordinal:02d}" for each in pending if each.filtered):
        told.append(f"{filtered} filtered and held back")
    return told


def _wanted(plan: Plan) -> set[Pending]:
    """What is pending and still wanted by a step of the plan."""
    return {each for node in plan.nodes for each in node.pending}


def _plain_row(plan: Plan, shot: Shot) -> list[str] | None:
    event = next((each for each in plan.timeline.events if each.shot == shot.id), None)
    if event is None or _of(plan, shot.id):
        return None
    what = f"again {shot.clip.shot}" if shot.clip else ("card" if shot.card else shot.color)
    plays = f"plays {float(plan.timeline.rate.seconds(event.record.length)):g} s"
    start = str(Timecode(event.record.start, plan.timeline.rate))
    return [" ", shot.id, "-", "", plays, start, what, "-"]


def _sum(plan: Plan) -> str:
    words = []
    for action, phrase in (
        (Action.CREATE, "to create"),
        (Action.REDO, "to redo"),
        (Action.IMPORT, "to import"),
        (Action.BLOCKED, "blocked"),
        (Action.KEEP, "kept"),
    ):
        asked = sum(n.action is action and bool(n.pending) and not n.fresh for n in plan.nodes)
        if number := plan.count(action) - asked:
            words.append(f"{number} {phrase}")
    for waits, phrase in ((False, "in flight"), (True, "for a person to decide")):
        if number := sum(each.waits is waits for each in plan.pending):
            words.append(f"{number} {phrase}")
    bought = sum(n.step.settings.duration_s * n.fresh for n in plan.nodes)
    text = "plan: " + (", ".join(words) or "nothing")
    if bought or plan.cost_micros:
        made = f"{bought} s to make, " if bought else ""
        text += f"; {made}${money(plan.cost_micros)}"
    if plan.held_micros:
        text += f"; ${money(plan.held_micros)} is held already"
    if told := forecast(plan):
        text += f"; about {_minutes(told.seconds)} ({told.basis})"
    return text


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _hints(plan: Plan) -> list[str]:
    hint = click.style("hint", fg="cyan")
    lines = [f"{hint}: {n.step.id} {n.step.instead}" for n in plan.nodes if n.step.instead]
    wanted = _wanted(plan)
    for each in plan.pending:
        if each.unknown:
            lines.append(
                f"{hint}: {each.name} may have been bought: look for the job with the provider, "
                f"then `storyboard resolve FILM {each.name}`"
            )
        elif each.filtered:
            lines.append(
                f"{hint}: {each.name} was filtered: change its words, or ask once more: "
                f"`storyboard render FILM --force {each.step}`"
            )
        elif each not in wanted:
            stake = f"${money(each.held_micros)} held"
            lines.append(f"{hint}: {each.name} was asked for earlier, {stake}; a render fetches it")
    blocked = [node for node in plan.nodes if node.action is Action.BLOCKED]
    expired = [node.step for node in blocked if Reason.URI_EXPIRED in node.reasons]
    held = {node.step.id for node in blocked}
    first = [n for n in blocked if n.step not in expired and not held & set(n.step.parents)]
    absent = [node.step for node in first if node.select is not None]
    charged = [node.step for node in first if node.select is None]
    for step in expired:
        lines.append(f"{hint}: {step.id} {expired_source(step)}; {renewal(step)}")
    if absent:
        shots = " ".join(dict.fromkeys(step.shot or step.id for step in absent))
        lines += [
            f"{hint}: {shots}: paid takes whose files are missing or damaged in this store",
            f"{hint}: point STORYBOARD_STORE at the store that has them, or "
            "`storyboard store fetch`, or buy them again with --rebuy SHOT",
        ]
    if charged:
        shots = " ".join(dict.fromkeys(step.shot or step.id for step in charged))
        lines += [
            f"{hint}: {shots}: charged by the service, and no take came",
            f"{hint}: `storyboard resolve FILM SHOT --adopt OP` fetches it if the service has it"
            " after all; --rebuy SHOT buys it again",
        ]
    return lines


def markdown(plan: Plan) -> list[str]:
    """The plan as a Markdown table, for a pull request."""
    rate = plan.timeline.rate
    lines = [
        f"**{plan.film.title or plan.film.stem}** · {float(rate.seconds(plan.timeline.length)):g} s"
        f" · ${money(plan.cost_micros)}",
        "",
        "| | shot | step | buys | plays | at | why | price |",
        "|---|---|---|---|---|---|---|---:|",
    ]
    for node in plan.nodes:
        cells = _row(plan, node)
        cells[0] = node.action.value
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, "", _sum(plan)]


def mermaid(plan: Plan) -> str:
    """The steps as a Mermaid flow chart; edges say what they carry."""
    lines = ["flowchart LR"]
    names = {node.step.id: f"n{number}" for number, node in enumerate(plan.nodes)}
    for node in plan.nodes:
        label = f"{node.step.id}<br/>{node.step.kind} {node.action}"
        lines.append(f'  {names[node.step.id]}["{label}"]')
    for node in plan.nodes:
        for link in node.step.links:
            if link.step in names:
                lines.append(f"  {names[link.step]} -->|{link.role}| {names[node.step.id]}")
    return "\n".join(lines)


def dot(plan: Plan) -> str:
    """The steps for Graphviz."""
    lines = ["digraph film {", "  rankdir=LR;", "  node [shape=box];"]
    for node in plan.nodes:
        lines.append(
            f'  "{node.step.id}" [label="{node.step.id}\\n{node.step.kind} {node.action}"];'
        )
        lines += [
            f'  "{link.step}" -> "{node.step.id}" [label="{link.role}"];'
            for link in node.step.links
            if link.step
        ]
    return "\n".join([*lines, "}"])


def compared(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Providers side by side."""
    cells = [["provider", "model", "steps", "buys", "price", ""]]
    for row in rows:
        cells.append(
            [
                row["provider"],
                row["model"],
                str(row["steps"]),
                f"{row['seconds']:g} s",
                f"${row['cost_usd']}" if row["legal"] else "-",
                "" if row["legal"] else "; ".join(row["errors"][:2]),
            ]
        )
    return table(cells)
