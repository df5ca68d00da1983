"""Which take plays: the one that `lock` names, else the pick, else the lowest not rejected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.errors import UsageError
from storyboard.graph.steps import Step
from storyboard.model.film import MediaFacts, Take
from storyboard.plan.take_chooser import TakeChooser, choose_take
from storyboard.plan.take_names import (
    find_takes_by_name,
    list_take_names,
    require_single_take,
)
from storyboard.providers.base import Kind, Settings
from tests.unit.films import make_shot

DIGEST = "ab" * 32
ORDINALS = st.integers(1, 6)


def make_takes(*ordinals: int) -> list[Take]:
    return [Take(DIGEST, n, f"{n:064x}", "paid", "paper-1", MediaFacts()) for n in ordinals]


def to_key(ordinal: int) -> str:
    """What the lock file calls a take of `make_takes`."""
    return f"{ordinal:064x}"


def choose(*ordinals: int, lock: str = "", pick: int | None = None, rejected: str = "") -> str:
    """The name of the take that plays; `rejected` are ordinals such as "12"."""
    take = choose_take(
        make_takes(*ordinals),
        lock=lock,
        pick=to_key(pick) if pick else None,
        rejected={to_key(int(n)) for n in rejected},
    )
    return take.name if take else ""


def test_the_lowest_take_plays_where_nobody_decided() -> None:
    assert choose(1, 2, 3) == "t01"
    assert choose(3, 2) == "t02", "in whatever order they are given"
    assert choose() == ""


def test_a_rejected_take_gives_way_to_the_next() -> None:
    assert choose(1, 2, 3, rejected="12") == "t03"
    assert choose(1, 2, rejected="12") == ""


def test_a_pick_plays_before_the_lowest_and_a_lock_before_a_pick() -> None:
    assert choose(1, 2, 3, pick=2) == "t02"
    assert choose(1, 2, 3, pick=2, lock="t03") == "t03"


def test_a_take_that_was_chosen_by_name_plays_though_it_was_rejected() -> None:
    assert choose(1, 2, lock="t01", rejected="1") == "t01"
    assert choose(1, 2, pick=1, rejected="1") == "t01"


def test_a_take_that_can_be_made_again_is_chosen_by_its_name() -> None:
    takes = make_takes(1, 2, 3)
    assert choose_take(takes, pick="t02") == takes[1]
    assert choose_take(takes, rejected={"t01"}) == takes[1]


def test_of_two_takes_with_one_number_the_older_is_the_lower() -> None:
    takes = [replace(take, ordinal=1, created_at=-take.ordinal) for take in make_takes(1, 2, 3)]
    assert choose_take(takes) == takes[2]
    assert choose_take(takes, rejected={takes[2].sha256}) == takes[1]
    assert choose_take(takes, pick=takes[0].sha256) == takes[0]
    same_time = [replace(take, created_at=0) for take in reversed(takes)]
    assert choose_take(same_time) == same_time[2], "then the hash decides, alike everywhere"


def test_the_names_of_takes_tell_equal_numbers_apart() -> None:
    takes = [
        Take(DIGEST, ordinal, sha256 * 16, "paid", "paper-1", MediaFacts(), created_at=created)
        for ordinal, sha256, created in (
            (1, "aaaa", 0),
            (2, "4f1c", 2),
            (2, "bbbb", 1),
            (2, "4f1d", 3),
        )
    ]
    assert list(list_take_names(takes).values()) == ["t01", "t02", "t02-4f1c", "t02-4f1d"]
    assert find_takes_by_name(takes, "t02-4f1c") == (takes[1],)
    assert find_takes_by_name(takes, "t02-bbbb") == (takes[2],), "the older has a long name too"
    assert len(find_takes_by_name(takes, "t02")) == 3
    with pytest.raises(UsageError, match="t02 is the name of 3 takes") as raised:
        require_single_take("SH010", "t02", takes)
    assert raised.value.hint == "say which: t02-bbbb, t02-4f1c, t02-4f1d"
    require_single_take("SH010", "t01", takes)


def test_a_name_has_as_much_of_the_hash_as_it_needs() -> None:
    takes = [
        Take(DIGEST, 1, f"4f1c{end}".ljust(64, "0"), "paid", "paper-1", MediaFacts())
        for end in ("01", "02")
    ]
    assert list(list_take_names(takes).values()) == ["t01", "t01-4f1c02"]


def test_a_choice_of_a_take_that_is_not_there_decides_nothing() -> None:
    assert choose(1, 2, lock="t07") == "t01"
    assert choose(1, 2, pick=7) == "t01"
    assert choose(1, 2, lock="t07", pick=2) == "t02"


@given(
    present=st.sets(ORDINALS),
    lock=st.none() | ORDINALS,
    pick=st.none() | ORDINALS,
    rejected=st.sets(ORDINALS),
    data=st.data(),
)
def test_it_is_one_sentence(
    present: set[int], lock: int | None, pick: int | None, rejected: set[int], data: st.DataObject
) -> None:
    takes = make_takes(*data.draw(st.permutations(sorted(present))))
    take = choose_take(
        takes,
        lock=f"t{lock:02d}" if lock else "",
        pick=to_key(pick) if pick else None,
        rejected=set(map(to_key, rejected)),
    )
    by_preference = [n for n in (lock, pick, *sorted(present - rejected)) if n in present]
    assert (take.ordinal if take else None) == next(iter(by_preference), None)


@dataclass
class DecisionsOnOneDigest:
    """A lock file that knows of one digest."""

    pick: str | None = None
    rejected: frozenset[str] = frozenset()

    def find_pick(self, digest: str) -> str | None:
        return self.pick if digest == DIGEST else None

    def find_rejected(self, digest: str) -> frozenset[str]:
        return self.rejected if digest == DIGEST else frozenset()


PICTURE = Step("SH010", Kind.GENERATE, "SH010", "paid", "paper-1", "paid", Settings())


def test_decisions_count_for_their_own_digest_only() -> None:
    chooser = TakeChooser(
        [make_shot("SH010")], DecisionsOnOneDigest(to_key(2), frozenset({to_key(1)}))
    )
    takes = make_takes(1, 2)
    assert chooser.choose_take(PICTURE, DIGEST, takes) == takes[1]
    assert chooser.choose_take(PICTURE, "cd" * 32, takes) == takes[0]


@pytest.mark.parametrize("kind", [Kind.STILL, Kind.WRITE, Kind.SPEECH, Kind.EFFECT])
def test_the_lock_of_a_shot_means_its_picture_and_no_helper(kind: Kind) -> None:
    shots = [make_shot("SH010", lock="t02"), make_shot("SH020")]
    chooser = TakeChooser(shots, DecisionsOnOneDigest())
    takes = make_takes(1, 2)
    assert chooser.choose_take(PICTURE, DIGEST, takes) == takes[1]
    assert chooser.choose_take(replace(PICTURE, shot="SH020"), DIGEST, takes) == takes[0]
    assert chooser.choose_take(replace(PICTURE, kind=kind), DIGEST, takes) == takes[0]
