"""Expands names from the command line: `SH010`, `SH010..SH040`, `SH020+`, `+SH020`, `seq:SQ01`.

A step is named by its id: `SH060.first_frame`, `cast.ben`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storyboard.diagnostics.suggestions import suggest_or_list_names
from storyboard.errors import UsageError
from storyboard.graph.compiler import Graph
from storyboard.model.film import Film


def select_shots(film: Film, words: Sequence[str], graph: Graph | None = None) -> frozenset[str]:
    """The ids of shots and steps that `words` name; `+` and step ids need the graph.

    Raises UsageError for a name that the film does not have.
    """
    selected: set[str] = set()
    for word in words:
        selected.update(_expand_selection_word(film, word, graph))
    return frozenset(selected)


def _expand_selection_word(film: Film, word: str, graph: Graph | None) -> Iterable[str]:
    ids = [shot.id for shot in film.shots]
    if word.startswith("seq:"):
        name = word.removeprefix("seq:")
        members = [shot.id for shot in film.shots if name in shot.sequences]
        if not members:
            sequence_names = dict.fromkeys(
                candidate for shot in film.shots for candidate in shot.sequences
            )
            raise _build_unknown_name_error(f"sequence `{name}`", name, list(sequence_names))
        return members
    if ".." in word:
        first, _, last = word.partition("..")
        start, end = (ids.index(_require_known_id(candidate, ids)) for candidate in (first, last))
        if end < start:
            raise UsageError(f"{last} comes before {first}", hint=f"type {last}..{first}")
        return ids[start : end + 1]
    steps = list(graph.steps) if graph else []
    all_names = [*ids, *(id for id in steps if id not in ids)]
    if word.startswith("+"):
        return _find_connected_shots(_require_known_id(word[1:], all_names), graph, up=True)
    if word.endswith("+"):
        return _find_connected_shots(_require_known_id(word[:-1], all_names), graph, up=False)
    return [_require_known_id(word, all_names)]


def _find_connected_shots(name: str, graph: Graph | None, *, up: bool) -> set[str]:
    """The shot or step, and the shots that it depends on (`up`) or that depend on it."""
    steps = graph.steps if graph else {}
    reached = {id for id, step in steps.items() if step.is_selected_by({name})}
    # Steps are in dependency order, so one pass in the right direction reaches all of them.
    for step in reversed(list(steps.values())) if up else steps.values():
        if up and step.id in reached:
            reached.update(step.parents)
        elif not up and reached.intersection(step.parents):
            reached.add(step.id)
    return {name} | {steps[id].shot for id in reached if steps[id].shot}


def _require_known_id(id: str, known_ids: list[str]) -> str:
    if id not in known_ids:
        raise _build_unknown_name_error(f"shot `{id}`", id, known_ids)
    return id


def _build_unknown_name_error(subject: str, name: str, known: list[str]) -> UsageError:
    hint = suggest_or_list_names(name, known, max_listed=12)
    return UsageError(f"the film has no {subject}", hint=hint)
