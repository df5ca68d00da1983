"""Extensions hang on what a platform keeps of their source, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from storyboard.film import Beat, MediaFacts, Policy, Shot, Take
from storyboard.graph.compile import Graph, compile_film
from storyboard.graph.decide import plan_film
from storyboard.graph.plan import Action, Node, Plan, Reason
from storyboard.providers import registry
from storyboard.providers.base import Kind
from tests.unit.films import RATE, film, footage, shot

NOW = 1_800_000_000.0
HOUR = 3600.0


@dataclass
class Kept:
    """A shelf that has the first take of some steps, each with where the platform keeps it."""

    uris: Mapping[str, tuple[str, float | None]]
    known: dict[str, Take] = field(default_factory=dict)

    def learn(self, node: Node) -> None:
        if node.step.id in self.uris and node.digest:
            uri, expires = self.uris[node.step.id]
            facts = MediaFacts(1280, 720, 192, RATE, Fraction(8), True)
            sha = node.step.id.lower().ljust(64, "0")
            self.known[node.digest] = Take(
                node.digest, 1, sha, "gemini", "m", facts, uri=uri, expires_at=expires
            )

    def takes(self, digest: str) -> tuple[Take, ...]:
        return (self.known[digest],) if digest in self.known else ()

    def present(self, sha256: str) -> bool:
        return True

    def damaged(self, sha256: str) -> bool:
        return False

    def pick(self, digest: str) -> int | None:
        return None

    def rejected(self, digest: str) -> frozenset[int]:
        return frozenset()

    def history(self, step: str, provider: str) -> tuple[str, ...]:
        return ()

    def parts(self, digest: str) -> Mapping[str, str]:
        return {}


def planned(graph: Graph, **uris: tuple[str, float | None]) -> Plan:
    """The plan once those steps have takes, learnt one after the other."""
    shelf = Kept({id.replace("_", "."): told for id, told in uris.items()})
    for _ in range(len(graph.steps) + 1):
        plan = plan_film(graph, shelf, makers=registry.makers, hashes=lambda _: "0" * 64, now=NOW)
        for node in plan.nodes:
            shelf.learn(node)
    return plan


def of_gemini(*shots: Shot, expired: frozenset[str] = frozenset(), **values: object) -> Graph:
    """Compiled for the platform that extends only what it still keeps."""
    asked = [replace(each, provider="gemini", model="veo-3.1") for each in shots]
    return compile_film(
        film(*asked, **values),  # type: ignore[arg-type]
        probe=lambda _: footage(),
        allow_retired=True,
        expired=expired,
    )


def node(plan: Plan, id: str) -> Node:
    return next(each for each in plan.nodes if each.step.id == id)


CHAIN = (shot("SH010"), shot("SH020", extends="SH010"), shot("SH030", extends="SH020"))


def test_a_source_that_is_kept_for_long_is_no_matter() -> None:
    plan = planned(of_gemini(*CHAIN), SH010=("files/a", NOW + 40 * HOUR))
    assert node(plan, "SH020").reasons == (Reason.NEW_SHOT,)


def test_one_that_soon_expires_is_shown() -> None:
    plan = planned(of_gemini(*CHAIN), SH010=("files/a", NOW + 2 * HOUR))
    assert node(plan, "SH020").reasons == (Reason.NEW_SHOT, Reason.URI_EXPIRING)
    assert node(plan, "SH020").action is Action.CREATE


def test_an_expired_one_blocks_what_extends_it_and_costs_nothing() -> None:
    plan = planned(of_gemini(*CHAIN), SH010=("files/a", NOW - 1))
    assert node(plan, "SH020").action is Action.BLOCKED
    assert node(plan, "SH020").reasons == (Reason.NEW_SHOT, Reason.URI_EXPIRED)
    assert node(plan, "SH030").action is Action.BLOCKED
    assert Reason.URI_EXPIRED not in node(plan, "SH030").reasons, "its own source is to be made"
    assert plan.cost_micros == 0


def test_one_whose_place_nobody_knows_is_as_good_as_expired() -> None:
    plan = planned(of_gemini(*CHAIN), SH010=("", None))
    assert Reason.URI_EXPIRED in node(plan, "SH020").reasons


def test_what_is_made_already_needs_its_source_no_more() -> None:
    gone = ("files/a", NOW - 1)
    plan = planned(of_gemini(*CHAIN), SH010=gone, SH020=gone, SH030=gone)
    assert {each.action for each in plan.nodes} == {Action.KEEP}


def test_vertex_keeps_what_lies_in_the_bucket_of_the_film() -> None:
    asked = [replace(each, provider="vertex") for each in CHAIN]
    graph = compile_film(film(*asked), probe=lambda _: footage())
    plan = planned(graph, SH010=("", None))
    assert node(plan, "SH020").action is Action.CREATE


def test_where_the_film_allows_it_an_extension_begins_anew_from_the_last_frame() -> None:
    graph = of_gemini(*CHAIN, expired=frozenset({"SH020"}), policy=Policy(on_expired="reanchor"))
    anew = graph.steps["SH020"]
    assert anew.kind is Kind.GENERATE
    assert "SH010 has expired" in anew.instead
    assert graph.steps["SH030"].kind is Kind.EXTEND
    assert graph.materials["SH020"].pieces[0].skip == 1, "the frame that both have is cut"


def test_a_long_take_goes_on_anew_from_where_it_stopped_and_keeps_its_length() -> None:
    beats = (Beat(0, "up the hill"), Beat(192, "past the market"), Beat(360, "to the harbour"))
    take = shot("SH010", length=22 * 24, beats=beats)
    whole = of_gemini(take)
    anew = of_gemini(take, expired=frozenset({"SH010.2"}))
    assert [step.kind for step in whole.steps.values()] == [Kind.GENERATE, Kind.EXTEND, Kind.EXTEND]
    second = anew.steps["SH010.2"]
    assert second.kind is Kind.GENERATE
    assert "has expired" in second.instead
    assert anew.materials["SH010"].frames >= 22 * 24
    starts = [piece.start for piece in anew.materials["SH010"].pieces]
    lengths = [piece.frames for piece in anew.materials["SH010"].pieces]
    assert starts == [sum(lengths[:n]) for n in range(len(lengths))]
    assert anew.timeline.length == whole.timeline.length == 22 * 24
