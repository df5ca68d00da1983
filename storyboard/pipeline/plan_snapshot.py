"""The parts of a plan that a person reviews, so that a message can name what changed.

Short parts are kept as text, long ones as a digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from typing import Any

from storyboard.digest import digest_value
from storyboard.graph.timeline import ShotEvent
from storyboard.model.film import Film, MediaFile, Shot
from storyboard.model.shot_keys import FIELD_KEYS, Affects
from storyboard.model.take import Take, TakeKey, format_take_name
from storyboard.money import format_usd
from storyboard.pipeline.session import FilmSession
from storyboard.plan.plan import Action, Node, Plan
from storyboard.plan.take_chooser import has_key
from storyboard.plan.take_names import list_take_names
from storyboard.timecode import Rate
from storyboard.util.serialization import Serialized

Parts = Mapping[str, Any]
_ACTION_WORDS = {
    Action.CREATE: "to be made",
    Action.REDO: "to be made again",
    Action.KEEP: "kept",
    Action.IMPORT: "to be imported",
    Action.BLOCKED: "blocked",
}
_MAKING_ACTIONS = frozenset({Action.CREATE, Action.REDO, Action.IMPORT})


def build_snapshot(session: FilmSession, plan: Plan) -> dict[str, Any]:
    """Everything of the film, its shots and its steps that a saved plan must find unchanged."""
    events = {event.shot: event for event in plan.timeline.events}
    return {
        "film": _snapshot_film(session, plan.film),
        "shots": {
            shot.id: _snapshot_shot(session, plan, shot, events.get(shot.id))
            for shot in plan.film.cut
        },
        "steps": {node.step.id: _snapshot_step(session, node) for node in plan.nodes},
    }


def describe_snapshot_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs from the reviewed plan, a line each; new takes don't count."""
    added = now["shots"].keys() - before["shots"].keys()
    removed = before["shots"].keys() - now["shots"].keys()
    lines = list(_describe_film_changes(before["film"], now["film"]))
    lines += [f"a {now['shots'][id]['is']} was added: {id}" for id in now["shots"] if id in added]
    lines += [f"{id} was removed" for id in before["shots"] if id in removed]
    both = [id for id in before["shots"] if id in now["shots"]]
    if both != [id for id in now["shots"] if id in before["shots"]]:
        lines.append("the shots are in another order")
    for id in both:
        lines += _describe_shot_changes(id, before["shots"][id], now["shots"][id])
    steps = [
        (id, before["steps"].get(id), now["steps"].get(id))
        for id in dict.fromkeys((*before["steps"], *now["steps"]))
    ]
    if losing_steps := [id for id, was, is_ in steps if was and is_ and _has_lost_takes(was, is_)]:
        lines.append(f"the lock file no longer has takes of {', '.join(losing_steps)}")
    for id, was, is_ in steps:
        step = was or is_ or {}
        if was and is_:
            lines += _describe_step_changes(id, was, is_)
        elif step["shot"] not in added | removed:
            lines.append(f"{id} is {'no longer a step' if was else 'a new step'} of the plan")
    return lines


# what is kept --------------------------------------------------------------------------------


def _snapshot_film(session: FilmSession, film: Film) -> dict[str, Any]:
    width, height = film.delivery.size
    parts = {
        "music": film.music,
        "narration": film.narration,
        "titles": film.titles,
        **({"fonts": film.fonts} if film.fonts else {}),
        "loudness": film.loudness,
        "credits": (film.author, film.copyright, film.credits),
        "subtitles": film.subtitles,
        "policy": replace(film.policy, budget_usd=None),
        "settings of its providers": film.providers,
    }
    return {
        "title": film.title,
        "delivery": f"{width}x{height} at {film.delivery.rate} fps",
        **{name: _digest_value(session, value) for name, value in parts.items()},
    }


def _snapshot_shot(
    session: FilmSession, plan: Plan, shot: Shot, event: ShotEvent | None
) -> dict[str, Any]:
    parts: dict[str, list[Any]] = {}
    for key in FIELD_KEYS:
        value = key.read_value(shot)
        is_reviewed = key.reviewed_as is not None and key.affects & (Affects.CUT | Affects.PLAN)
        if is_reviewed and not (key.is_later and value == key.absent_value):
            parts.setdefault(key.reviewed_as or key.name, []).append(value)
    return {
        "is": "card" if shot.card else "colour" if shot.color else "shot",
        "plays": f"{float(plan.timeline.rate.to_seconds(event.record.length)):g} s"
        if event
        else "",
        "from": event.used_range.start if event else 0,
        **{
            name: _digest_value(session, values if len(values) > 1 else values[0])
            for name, values in parts.items()
        },
    }


def _snapshot_step(session: FilmSession, node: Node) -> dict[str, Any]:
    selects = session.selects
    takes = selects.find_takes(node.digest)
    known = {take.key: take for take in (*takes, *((node.select,) if node.select else ()))}
    numbers = _number_takes(known.values())
    pick, rejected = selects.find_pick(node.digest), selects.find_rejected(node.digest)
    picked = [numbers[take.key] for take in takes if pick and has_key(take, (pick,))]
    return {
        "shot": node.step.shot,
        "action": node.action.value,
        "reasons": [reason.value for reason in node.reasons],
        "digest": node.digest,
        "parts": dict(node.parts or {}),
        "takes": node.step.takes,
        "ordinals": list(node.ordinals),
        "price_micros": node.step.price_micros,
        "cost_micros": node.cost_micros,
        "plays": numbers[node.select.key] if node.select else 0,
        "pick": picked[0] if picked else 0,
        "rejected": [numbers[take.key] for take in takes if has_key(take, rejected)],
        "locked": [numbers[take.key] for take in takes],
    }


def _number_takes(takes: Iterable[Take]) -> dict[TakeKey, int | str]:
    """2 of `t02`; a take that shares its number keeps its whole name."""
    names = list_take_names(takes)
    return {key: name if "-" in name else key[1] for key, name in names.items()}


def _digest_value(session: FilmSession, value: object) -> str:
    return digest_value("reviewed", _to_json_value(session, value))


def _to_json_value(session: FilmSession, value: Any) -> Any:
    """Values as JSON has them: no places in texts, and of a file its name and content."""
    if isinstance(value, MediaFile):
        return [value.name, value.uri, "" if value.uri else session.hashes(value.path)]
    if isinstance(value, (Fraction, Rate)):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Serialized):
        return {name: _to_json_value(session, item) for name, item in value.to_fields().items()}
    if isinstance(value, Mapping):
        return {str(key): _to_json_value(session, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json_value(session, item) for item in value]
    return value


# what moved ----------------------------------------------------------------------------------


def _describe_film_changes(was: Parts, now: Parts) -> Iterator[str]:
    for name in was:
        if was[name] == now[name]:
            continue
        if name == "title":
            yield f"the title is `{now[name]}`, was `{was[name]}`"
        elif name == "delivery":
            yield f"the film is {now[name]}, was {was[name]}"
        else:
            yield f"the film's {name} changed"


def _describe_shot_changes(id: str, was: Parts, now: Parts) -> Iterator[str]:
    for name in was:
        if was[name] == now[name]:
            continue
        if name == "plays":
            yield f"{id}: length is {now[name]}, was {was[name]}"
        elif name == "from":
            yield f"{id}: a different part of its take is used"
        elif name == "is":
            yield f"{id}: is a {now[name]}, was a {was[name]}"
        else:
            yield f"{id}: its {name} changed"


def _has_lost_takes(was: Parts, now: Parts) -> bool:
    return was["digest"] == now["digest"] and not set(was["locked"]) <= set(now["locked"])


def _describe_step_changes(id: str, was: Parts, now: Parts) -> Iterator[str]:
    """A plan is an upper bound: a take that came since, or an equal result, is as planned."""
    if was["takes"] != now["takes"]:
        yield f"{id}: {_format_take_count(now['takes'])}, was {_format_take_count(was['takes'])}"
        return
    if was["digest"] and was["digest"] != now["digest"]:
        parts = [p for p in was["parts"] if now["parts"] and was["parts"][p] != now["parts"].get(p)]
        yield f"{id}: its {' and '.join(parts) or 'inputs'} changed"
        return
    if now["ordinals"] and now["price_micros"] != was["price_micros"]:
        price, old_price = format_usd(now["price_micros"]), format_usd(was["price_micros"])
        yield f"{id}: {price} a take, was {old_price}"
    was_made = was["action"] in _MAKING_ACTIONS and now["action"] == Action.KEEP
    more = sorted(set(now["ordinals"]) - set(was["ordinals"]))
    if was["action"] != now["action"] and not was_made:
        why = ", ".join(now["reasons"]).replace("_", " ")
        why = f" ({why})" if why else ""
        yield f"{id}: {_ACTION_WORDS[now['action']]}{why}, was {_ACTION_WORDS[was['action']]}"
    elif more and was["ordinals"]:
        yield f"{id}: next take is t{more[0]:02d}, was t{was['ordinals'][-1]:02d}"
    elif more:
        yield f"{id}: next take is t{more[0]:02d}, was none"
    if not was["digest"]:
        return
    if was["plays"] and now["plays"] and was["plays"] != now["plays"]:
        yield f"{id}: uses {_format_take(now['plays'])}, was {_format_take(was['plays'])}"
    elif was["pick"] != now["pick"] and now["pick"] not in was["ordinals"]:
        picked = f"{_format_take(now['pick'])} is" if now["pick"] else "no take is"
        yield f"{id}: {picked} picked now"
    if was["rejected"] != now["rejected"]:
        yield f"{id}: other takes are rejected"


def _format_take(number: int | str) -> str:
    return number if isinstance(number, str) else format_take_name(number)


def _format_take_count(number: int) -> str:
    return f"{number} take{'s' if number != 1 else ''}"
