"""Extensions hang on what a platform keeps of their source, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from storyboard.graph.compiler import Graph, compile_film
from storyboard.model.film import Beat, Footage, MediaFacts, Policy, Shot, Take
from storyboard.plan.plan import Action, Node, Plan, Reason
from storyboard.plan.planner import plan_film
from storyboard.providers import registry
from storyboard.providers.base import Kind
from tests.unit.films import RATE, make_film, make_footage_facts, make_shot

NOW = 1_800_000_000.0
HOUR = 3600.0


@dataclass
class FakeTakeLibrary:
    """A shelf that has the first take of some steps, each with where the platform keeps it."""

    uris: Mapping[str, tuple[str, float | None]]
    known: dict[str, Take] = field(default_factory=dict)

    def add_takes(self, node: Node) -> None:
        if node.step.id in self.uris and node.digest:
            uri, expires = self.uris[node.step.id]
            facts = MediaFacts(1280, 720, 192, RATE, Fraction(8), True)
            sha = node.step.id.lower().ljust(64, "0")
            self.known[node.digest] = Take(
                node.digest, 1, sha, "gemini", "m", facts, uri=uri, expires_at=expires
            )

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        return (self.known[digest],) if digest in self.known else ()

    def has_file(self, sha256: str) -> bool:
        return True

    def is_corrupt(self, sha256: str) -> bool:
        return False

    def find_pick(self, digest: str) -> str | None:
        return None

    def find_rejected(self, digest: str) -> frozenset[str]:
        return frozenset()

    def find_past_digests(self, step: str, provider: str) -> tuple[str, ...]:
        return ()

    def find_parts(self, digest: str) -> Mapping[str, str]:
        return {}


def plan_with_takes(graph: Graph, **uris: tuple[str, float | None]) -> Plan:
    """The plan once those steps have takes, learnt one after the other."""
    shelf = FakeTakeLibrary(
        {id.replace("_", "."): uri_and_expiry for id, uri_and_expiry in uris.items()}
    )
    for _ in range(len(graph.steps) + 1):
        plan = plan_film(
            graph,
            shelf,
            traits_of=registry.read_provider_traits,
            hashes=lambda _: "0" * 64,
            now=NOW,
        )
        for node in plan.nodes:
            shelf.add_takes(node)
    return plan


def compile_for_gemini(
    *shots: Shot, expired: frozenset[str] = frozenset(), **values: object
) -> Graph:
    """Compiled for the platform that extends only what it still keeps."""
    gemini_shots = [replace(each, provider="gemini", model="veo-3.1") for each in shots]
    return compile_film(
        make_film(*gemini_shots, **values),  # type: ignore[arg-type]
        read_footage=lambda _: Footage(make_footage_facts()),
        allow_retired=True,
        expired=expired,
    )


def find_node(plan: Plan, id: str) -> Node:
    return next(each for each in plan.nodes if each.step.id == id)


CHAIN = (
    make_shot("SH010"),
    make_shot("SH020", extends="SH010"),
    make_shot("SH030", extends="SH020"),
)


def test_a_source_that_is_kept_for_long_is_no_matter() -> None:
    plan = plan_with_takes(compile_for_gemini(*CHAIN), SH010=("files/a", NOW + 40 * HOUR))
    assert find_node(plan, "SH020").reasons == (Reason.NEW_SHOT,)


def test_one_that_soon_expires_is_shown() -> None:
    plan = plan_with_takes(compile_for_gemini(*CHAIN), SH010=("files/a", NOW + 2 * HOUR))
    assert find_node(plan, "SH020").reasons == (Reason.NEW_SHOT, Reason.URI_EXPIRING)
    assert find_node(plan, "SH020").action is Action.CREATE


def test_an_expired_one_blocks_what_extends_it_and_costs_nothing() -> None:
    plan = plan_with_takes(compile_for_gemini(*CHAIN), SH010=("files/a", NOW - 1))
    assert find_node(plan, "SH020").action is Action.BLOCKED
    assert find_node(plan, "SH020").reasons == (Reason.NEW_SHOT, Reason.URI_EXPIRED)
    assert find_node(plan, "SH030").action is Action.BLOCKED
    assert Reason.URI_EXPIRED not in find_node(plan, "SH030").reasons, (
        "its own source is to be made"
    )
    assert plan.cost_micros == 0


def test_a_source_without_an_address_counts_as_expired() -> None:
    plan = plan_with_takes(compile_for_gemini(*CHAIN), SH010=("", None))
    assert Reason.URI_EXPIRED in find_node(plan, "SH020").reasons


def test_what_is_made_already_needs_its_source_no_more() -> None:
    gone = ("files/a", NOW - 1)
    plan = plan_with_takes(compile_for_gemini(*CHAIN), SH010=gone, SH020=gone, SH030=gone)
    assert {each.action for each in plan.nodes} == {Action.KEEP}


def test_vertex_keeps_what_lies_in_the_bucket_of_the_film() -> None:
    asked = [replace(each, provider="vertex") for each in CHAIN]
    graph = compile_film(make_film(*asked), read_footage=lambda _: Footage(make_footage_facts()))
    plan = plan_with_takes(graph, SH010=("", None))
    assert find_node(plan, "SH020").action is Action.CREATE


def test_with_reanchor_an_expired_extension_starts_from_the_last_frame() -> None:
    graph = compile_for_gemini(
        *CHAIN, expired=frozenset({"SH020"}), policy=Policy(on_expired="reanchor")
    )
    anew = graph.steps["SH020"]
    assert anew.kind is Kind.GENERATE
    assert "SH010 has expired" in anew.instead
    assert graph.steps["SH030"].kind is Kind.EXTEND
    assert graph.materials["SH020"].segments[0].skip == 1, "the frame that both have is cut"


def test_a_reanchored_long_take_keeps_its_length() -> None:
    beats = (Beat(0, "up the hill"), Beat(192, "past the market"), Beat(360, "to the harbour"))
    take = make_shot("SH010", length=22 * 24, beats=beats)
    whole = compile_for_gemini(take)
    anew = compile_for_gemini(take, expired=frozenset({"SH010.2"}))
    assert [step.kind for step in whole.steps.values()] == [Kind.GENERATE, Kind.EXTEND, Kind.EXTEND]
    second = anew.steps["SH010.2"]
    assert second.kind is Kind.GENERATE
    assert "has expired" in second.instead
    assert anew.materials["SH010"].frames >= 22 * 24
    starts = [piece.start for piece in anew.materials["SH010"].segments]
    lengths = [piece.frames for piece in anew.materials["SH010"].segments]
    assert starts == [sum(lengths[:n]) for n in range(len(lengths))]
    assert anew.timeline.length == whole.timeline.length == 22 * 24
