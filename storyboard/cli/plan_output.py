"""A plan as people and programs read it: table, JSON, Markdown, Mermaid, dot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from storyboard.cli.terminal.palette import paint
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.graph.steps import HELPER_KINDS
from storyboard.graph.timeline import ShotEvent
from storyboard.model.film import Film, Shot
from storyboard.money import format_decimal_usd
from storyboard.plan.forecast import forecast_render
from storyboard.plan.plan import (
    Action,
    Node,
    PendingTake,
    Plan,
    Reason,
    describe_expired_source,
    suggest_source_renewal,
)
from storyboard.printable import escape_graph_label, escape_markdown
from storyboard.providers.base import Kind
from storyboard.timecode import Rate, Timecode

if TYPE_CHECKING:
    from storyboard.pipeline.provider_comparison import ProviderOffer

_SYMBOL = {
    Action.CREATE: "+",
    Action.REDO: "~",
    Action.KEEP: " ",
    Action.IMPORT: "<",
    Action.BLOCKED: "!",
}
_PENDING_REASONS = (Reason.IN_FLIGHT, Reason.UNDECIDED, Reason.FILTERED)
_ROLE = {
    Action.CREATE: "new",
    Action.REDO: "changed",
    Action.IMPORT: "imported",
    Action.BLOCKED: "refused",
}
_COLUMNS = (
    Column(),
    Column("shot"),
    Column("step", drop_rank=3),
    Column("buys", drop_rank=2, is_right_aligned=True),
    Column("plays", drop_rank=1, is_right_aligned=True),
    Column("at", drop_rank=5),
    Column("model", drop_rank=4),
    Column("why", narrowing=Narrowing.WRAP),
    Column("price", is_right_aligned=True),
)
_OFFER_COLUMNS = (
    Column("provider"),
    Column("model", drop_rank=1),
    Column("steps", drop_rank=3, is_right_aligned=True),
    Column("buys", drop_rank=2, is_right_aligned=True),
    Column("price", is_right_aligned=True),
    Column("refused for", narrowing=Narrowing.WRAP),
)


def to_plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: nodes in running order with parents first, and totals."""
    rate = plan.timeline.rate
    nodes = [_to_node_record(plan, node) for node in plan.nodes] + _list_stepless_shot_records(plan)
    wanted_pending = _find_wanted_pending(plan)
    return {
        "film": plan.film.path.name,
        "title": plan.film.title,
        "nodes": nodes,
        "pending": [
            {
                "take": item.name,
                "held_usd": format_decimal_usd(item.held_micros),
                "unknown": item.unknown,
                "filtered": item.filtered,
                "wanted": item in wanted_pending,
            }
            for item in plan.pending
        ],
        "totals": {
            "cost_usd": format_decimal_usd(plan.cost_micros),
            "held_usd": format_decimal_usd(plan.held_micros),
            "seconds": float(rate.to_seconds(plan.timeline.length)),
            "frames": plan.timeline.length,
            **_to_forecast_totals(plan),
            **{
                action.value: sum(item["action"] == action.value for item in nodes)
                for action in Action
            },
        },
    }


def _to_forecast_totals(plan: Plan) -> dict[str, Any]:
    """How long the paid jobs may take, and what that was reckoned from."""
    prediction = forecast_render(plan)
    if prediction is None:
        return {}
    return {
        "predicted_s": round(prediction.seconds),
        "critical_path_s": round(prediction.critical_path_s),
        "jobs": prediction.operations,
        "predicted_from": prediction.basis,
    }


def _to_node_record(plan: Plan, node: Node) -> dict[str, Any]:
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
        "cost_usd": format_decimal_usd(node.cost_micros),
        "certain": node.certain,
        "buys_s": float(step.settings.duration_s),
        "plays_s": float(rate.to_seconds(node.plays_frames)),
        "record_in": node.record.start if node.record else None,
        "record_out": node.record.end if node.record else None,
        "take": node.select.name if node.select else None,
        "depends_on": list(step.parents),
        **({"instead": step.instead} if step.instead else {}),
    }


def _list_stepless_shot_records(plan: Plan) -> list[dict[str, Any]]:
    """Shots that need no step of their own: colours, cards and takes used again."""
    made_shots = _find_made_shots(plan)
    rate = plan.timeline.rate
    steps = plan.graph.steps
    records = []
    for event in plan.timeline.events:
        if event.shot in made_shots:
            continue
        segments = plan.graph.materials[event.shot].segments
        records.append(
            {
                "id": event.shot,
                "shot": event.shot,
                "step": (Kind.CONFORM if segments else Kind.TITLE).value,
                "action": Action.KEEP.value,
                "reasons": ["shared"] if segments else [],
                "provider": None,
                "model": None,
                "target": None,
                "cost_usd": "0.00",
                "certain": True,
                "buys_s": 0.0,
                "plays_s": float(rate.to_seconds(event.record.length)),
                "record_in": event.record.start,
                "record_out": event.record.end,
                "take": None,
                "depends_on": [p.step for p in segments if p.step in steps],
            }
        )
    return records


def _find_made_shots(plan: Plan) -> set[str]:
    """The shots whose picture has steps of its own, in this plan or not."""
    steps = plan.graph.steps.values()
    return {step.shot for step in steps if step.kind not in HELPER_KINDS}


def format_plan_table(plan: Plan, *, on_stderr: bool = False) -> list[str]:
    """The plan as a table, with a line of sums."""
    film, rate = plan.film, plan.timeline.rate
    width, height = film.delivery.size
    seconds = float(rate.to_seconds(plan.timeline.length))
    name = film.title or film.stem
    rows: list[list[str]] = []
    roles: list[str] = []
    nodes_by_shot: dict[str, list[Node]] = {}
    for node in plan.nodes:
        nodes_by_shot.setdefault(node.step.shot, []).append(node)
    film_nodes = nodes_by_shot.get("", [])
    events = {event.shot: event for event in plan.timeline.events}
    made_shots = _find_made_shots(plan)

    def add_nodes(nodes: Iterable[Node]) -> None:
        for node in nodes:
            rows.append(_format_node_row(plan, node))
            roles.append(_ROLE.get(node.action, ""))

    add_nodes(node for node in film_nodes if node.record is None)
    for shot in film.shots:
        if shot.id in events and shot.id not in made_shots:
            rows.append(_format_stepless_shot_row(shot, events[shot.id], rate))
            roles.append("")
        add_nodes(nodes_by_shot.get(shot.id, []))
    add_nodes(node for node in film_nodes if node.record is not None)
    return [
        f"{name} · {rate} fps · {width}x{height}{_describe_requested_frames(film)} · {seconds:g} s",
        "",
        *format_table(_COLUMNS, rows, roles, on_stderr=on_stderr),
        "",
        _format_totals(plan),
        *_format_hints(plan),
    ]


def _describe_requested_frames(film: Film) -> str:
    """The frames that are requested from models, if the film is delivered in another one."""
    made = (shot for shot in film.cut if not (shot.color or shot.card or shot.clip))
    ratios = list(dict.fromkeys(shot.aspect_ratio for shot in made))
    return "" if ratios in ([], [film.delivery.aspect_ratio]) else f" from {', '.join(ratios)}"


def _format_node_row(plan: Plan, node: Node) -> list[str]:
    step, rate = node.step, plan.timeline.rate
    model = step.model
    if step.provider == "previz":
        model = f"previz as {step.target}" if step.target else "previz"
    start = str(Timecode(node.record.start, rate)) if node.record else ""
    return [
        _choose_action_symbol(node),
        step.id,
        step.kind.value,
        f"{step.settings.duration_s} s" if step.settings.duration_s else "",
        f"{float(rate.to_seconds(node.plays_frames)):g} s" if node.plays_frames else "",
        start,
        model,
        _explain_action(node),
        f"${format_decimal_usd(node.cost_micros)}" if node.cost_micros else "-",
    ]


def _explain_action(node: Node) -> str:
    """Why a step is made or kept, and what earlier runs have asked for."""
    reasons = ", ".join(reason.value.replace("_", " ") for reason in node.reasons)
    if node.action is Action.KEEP and node.select:
        reasons = ", ".join(phrase for phrase in (f"take {node.select.name}", reasons) if phrase)
    if node.pending:
        new_reasons = (
            [reason for reason in node.reasons if reason not in _PENDING_REASONS]
            if node.new_take_count
            else []
        )
        reasons = ", ".join([reason.value.replace("_", " ") for reason in new_reasons])
    if not node.certain:
        reasons += ", may change"
    if node.new_take_count > 1:
        reasons += f" x{node.new_take_count}"
    return "; ".join(phrase for phrase in (*_describe_pending(node.pending), reasons) if phrase)


def _choose_action_symbol(node: Node) -> str:
    if node.pending and not node.new_take_count:
        return "?" if any(item.needs_decision for item in node.pending) else ">"
    return _SYMBOL[node.action]


def _describe_pending(pending: Sequence[PendingTake]) -> list[str]:
    """What earlier runs have asked for, with the money that is held for it."""
    phrases = []
    for unknown, label in ((False, "in flight"), (True, "waits for a person")):
        matches = [item for item in pending if item.unknown is unknown and not item.filtered]
        if matches:
            takes = " ".join(f"t{item.ordinal:02d}" for item in matches)
            phrases.append(
                f"{takes} {label}, ${format_decimal_usd(sum(e.held_micros for e in matches))} held"
            )
    if filtered := " ".join(f"t{item.ordinal:02d}" for item in pending if item.filtered):
        phrases.append(f"{filtered} filtered and held back")
    return phrases


def _find_wanted_pending(plan: Plan) -> set[PendingTake]:
    """What is pending and still wanted by a step of the plan."""
    return {pending for node in plan.nodes for pending in node.pending}


def _format_stepless_shot_row(shot: Shot, event: ShotEvent, rate: Rate) -> list[str]:
    description = f"{shot.clip.shot} again" if shot.clip else ("card" if shot.card else shot.color)
    plays = f"{float(rate.to_seconds(event.record.length)):g} s"
    start = str(Timecode(event.record.start, rate))
    return [" ", shot.id, "-", "", plays, start, "", description, "-"]


def _format_totals(plan: Plan) -> str:
    counts = []
    for action, phrase in (
        (Action.CREATE, "to create"),
        (Action.REDO, "to redo"),
        (Action.IMPORT, "to import"),
        (Action.BLOCKED, "blocked"),
        (Action.KEEP, "kept"),
    ):
        waiting = sum(
            n.action is action and bool(n.pending) and not n.new_take_count for n in plan.nodes
        )
        if number := plan.count_nodes(action) - waiting:
            counts.append(f"{number} {phrase}")
    for waits, phrase in ((False, "in flight"), (True, "for a person to decide")):
        if number := sum(item.needs_decision is waits for item in plan.pending):
            counts.append(f"{number} {phrase}")
    bought = sum(n.step.settings.duration_s * n.new_take_count for n in plan.nodes)
    text = "plan: " + (", ".join(counts) or "nothing")
    if bought or plan.cost_micros:
        duration = f"{bought} s to make, " if bought else ""
        text += f"; {duration}${format_decimal_usd(plan.cost_micros)}"
    if plan.held_micros:
        text += f"; ${format_decimal_usd(plan.held_micros)} is held already"
    if prediction := forecast_render(plan):
        text += f"; about {_format_duration(prediction.seconds)} ({prediction.basis})"
    return text


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _format_hints(plan: Plan) -> list[str]:
    hint = paint("hint", "hint")
    lines = [f"{hint}: {n.step.id} {n.step.instead}" for n in plan.nodes if n.step.instead]
    wanted_pending = _find_wanted_pending(plan)
    for item in plan.pending:
        if item.unknown:
            lines.append(
                f"{hint}: {item.name}: submission outcome unknown: look for the job at the "
                f"provider, then run `storyboard resolve FILM {item.name}`"
            )
        elif item.filtered:
            lines.append(
                f"{hint}: {item.name} was blocked by a safety filter: change the wording, or "
                f"submit it again unchanged: `storyboard render FILM --force {item.step}`"
            )
        elif item not in wanted_pending:
            stake = f"${format_decimal_usd(item.held_micros)} held"
            lines.append(
                f"{hint}: {item.name} was submitted earlier, {stake}; the next render downloads it"
            )
    blocked = [node for node in plan.nodes if node.action is Action.BLOCKED]
    expired = [node.step for node in blocked if Reason.URI_EXPIRED in node.reasons]
    blocked_ids = {node.step.id for node in blocked}
    first_blocked = [
        n for n in blocked if n.step not in expired and not blocked_ids & set(n.step.parents)
    ]
    absent = [node.step for node in first_blocked if node.select is not None]
    charged = [node.step for node in first_blocked if node.select is None]
    for step in expired:
        lines.append(
            f"{hint}: {step.id} {describe_expired_source(step)}; {suggest_source_renewal(step)}"
        )
    if absent:
        shots = " ".join(dict.fromkeys(step.shot or step.id for step in absent))
        lines += [
            f"{hint}: {shots}: the files of these paid takes are missing or damaged in this store",
            f"{hint}: set STORYBOARD_STORE to the store that has them, or run `storyboard "
            "store fetch`, or buy them again with --rebuy SHOT",
        ]
    if charged:
        shots = " ".join(dict.fromkeys(step.shot or step.id for step in charged))
        lines += [
            f"{hint}: {shots}: charged, but no take was delivered",
            f"{hint}: use `storyboard resolve FILM SHOT --adopt OP` to download it if the "
            "provider still has it, or --rebuy SHOT to buy it again",
        ]
    return lines


def format_plan_markdown(plan: Plan) -> list[str]:
    """The plan as a Markdown table, for a pull request."""
    rate = plan.timeline.rate
    lines = [
        f"**{escape_markdown(plan.film.title or plan.film.stem)}**"
        f" · {float(rate.to_seconds(plan.timeline.length)):g} s"
        f" · ${format_decimal_usd(plan.cost_micros)}",
        "",
        "| | shot | step | buys | plays | at | model | why | price |",
        "|---|---|---|---:|---:|---|---|---|---:|",
    ]
    for node in plan.nodes:
        cells = _format_node_row(plan, node)
        cells[0] = node.action.value
        lines.append("| " + " | ".join(escape_markdown(cell) for cell in cells) + " |")
    return [*lines, "", _format_totals(plan)]


def format_mermaid_graph(plan: Plan) -> str:
    """The steps as a Mermaid flow chart; edges say what they carry."""
    lines = ["flowchart LR"]
    names = {node.step.id: f"n{number}" for number, node in enumerate(plan.nodes)}
    for node in plan.nodes:
        label = f"{escape_graph_label(node.step.id)}<br/>{node.step.kind} {node.action}"
        lines.append(f'  {names[node.step.id]}["{label}"]')
    for node in plan.nodes:
        for link in node.step.links:
            if link.step in names:
                lines.append(f"  {names[link.step]} -->|{link.role}| {names[node.step.id]}")
    return "\n".join(lines)


def format_dot_graph(plan: Plan) -> str:
    """The steps for Graphviz."""
    lines = ["digraph film {", "  rankdir=LR;", "  node [shape=box];"]
    for node in plan.nodes:
        name = escape_graph_label(node.step.id)
        lines.append(f'  "{name}" [label="{name}\\n{node.step.kind} {node.action}"];')
        lines += [
            f'  "{escape_graph_label(link.step)}" -> "{name}" [label="{link.role}"];'
            for link in node.step.links
            if link.step
        ]
    return "\n".join([*lines, "}"])


def to_offer_record(offer: ProviderOffer) -> dict[str, Any]:
    """What a provider would buy, as `plan --compare --json` has it."""
    return {
        "provider": offer.provider,
        "model": ", ".join(offer.models) or "-",
        "legal": offer.is_legal,
        "steps": offer.steps,
        "seconds": offer.seconds,
        "cost_usd": format_decimal_usd(offer.cost_micros),
        "errors": list(offer.errors),
    }


def format_provider_comparison(offers: Sequence[ProviderOffer]) -> list[str]:
    """Providers side by side."""
    rows = [
        [
            offer.provider,
            ", ".join(offer.models) or "-",
            str(offer.steps),
            f"{offer.seconds:g} s",
            f"${format_decimal_usd(offer.cost_micros)}" if offer.is_legal else "-",
            "" if offer.is_legal else "; ".join(offer.errors[:2]),
        ]
        for offer in offers
    ]
    return format_table(_OFFER_COLUMNS, rows)
