"""The store: bytes by content, takes by digest, and nothing that a crash or a hand can lose."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from storyboard.errors import EnvironmentProblem, StoreError
from storyboard.model.film import MediaFacts, Take
from storyboard.run.maintenance.store_maintenance import collect_garbage, verify_store
from storyboard.run.store.store import Store
from storyboard.util.file_lock import FileLock
from tests.fakes.child import CONTEXT, start_process

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "take.schema.json").read_text())
DIGEST = "d" * 64


def write_file(folder: Path, content: str, name: str = "clip.mp4") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    return path


def add_take(
    store: Store, work: Path, content: str, *, digest: str = DIGEST, ordinal: int = 1
) -> Take:
    """Puts a medium with its state and makes the take known."""
    sha256 = store.put_file(write_file(work, content))
    state = store.put_file(write_file(work, f"state of {content}", "state.json"))
    take = Take(
        digest=digest,
        ordinal=ordinal,
        sha256=sha256,
        provider="vertex",
        model="veo-3.1",
        facts=MediaFacts(1280, 720, 192),
        seed=0,
        price_micros=3_200_001,
        operation="operations/7",
        uri="gs://bucket/7.mp4",
        expires_at=1_795_410_025.5,
        attachments={"state.json": state},
        created_at=1_795_400_000.123,
        shot="SH010",
    )
    store.add_take(take, {"prompt": "abc"}, kind="generate", step="SH010.2", film="letter")
    return take


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_take_that_was_added_is_found_again_by_another_process(
    store: Store, tmp_path: Path
) -> None:
    take = add_take(store, tmp_path / "work", "a kitchen")
    other = Store(store.root)
    assert other.find_takes(DIGEST) == (take,)
    assert other.has_complete_file(take.sha256)
    assert other.require_file(take.sha256).read_text() == "a kitchen"
    assert other.find_records(DIGEST)[0].parts == {"prompt": "abc"}


def test_only_unknown_paid_takes_are_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ordinal in (1, 2):
        add_take(store, tmp_path / "work", f"a kitchen, {ordinal}", ordinal=ordinal)
    late = add_take(store, tmp_path / "work", "a hall", digest="e" * 64)
    store.add_take(
        replace(late, digest="f" * 64, price_micros=0), {}, kind="generate", film="letter"
    )
    store.add_take(replace(late, digest="a" * 64), {}, kind="generate", film="storm")
    first, second = (take.key for take in store.find_takes(DIGEST))
    paid_names = [each.take.name for each in store.find_paid_records("letter", {late.key})]
    assert paid_names == ["t01", "t02"]
    (remaining,) = store.find_paid_records("letter", {first, (DIGEST, 2, "")})
    assert remaining.take == late
    monkeypatch.setattr("storyboard.run.store.index.parse_record", pytest.fail)
    assert store.find_paid_records("letter", {first, second, late.key}) == []


def test_a_file_that_is_put_is_moved_made_read_only_and_kept_once(
    store: Store, tmp_path: Path
) -> None:
    first, second = (
        store.put_file(write_file(tmp_path / name, "the same", f"{name}.mp4"))
        for name in ("one", "two")
    )
    assert first == second
    assert len(list(store.list_files())) == 1
    assert not (tmp_path / "one" / "one.mp4").exists()
    assert not store.require_file(first).stat().st_mode & 0o222


def test_a_copied_file_stays_where_it_was(store: Store, tmp_path: Path) -> None:
    path = write_file(tmp_path, "footage", "dawn.mov")
    sha256 = store.put_file(path, move=False)
    assert path.read_text() == "footage"
    assert store.require_file(sha256).suffix == ".mov"


def test_the_sidecar_follows_its_schema_and_has_no_local_path(store: Store, tmp_path: Path) -> None:
    add_take(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    text = json.loads(sidecar.read_text())
    jsonschema.validate(text, SCHEMA)
    assert text["seed"] == 0, "a seed of nought is a seed"
    assert str(tmp_path) not in sidecar.read_text()


def test_a_deleted_index_is_built_again_from_the_sidecars(store: Store, tmp_path: Path) -> None:
    takes = [add_take(store, tmp_path / "work", f"take {n}", ordinal=n) for n in (1, 2)]
    store.close()
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    notices: list[str] = []
    again = Store(store.root, on_notice=notices.append)
    assert again.find_takes(DIGEST) == tuple(takes)
    assert [digest for _, digest in again.find_first_take_dates("SH010.2", "vertex", "letter")] == [
        DIGEST
    ]
    assert again.find_first_take_dates("SH010.2", "", "another film") == []
    assert "rebuilt from 2 takes" in notices[0]


def test_a_damaged_index_is_built_again_too(store: Store, tmp_path: Path) -> None:
    take = add_take(store, tmp_path / "work", "a kitchen")
    store.close()
    (store.root / "index.sqlite").write_bytes(b"no database" * 1000)
    notices: list[str] = []
    assert Store(store.root, on_notice=notices.append).find_takes(DIGEST) == (take,)
    assert "damaged" in notices[0]


def test_an_index_that_vanishes_under_a_running_film_costs_nothing(
    store: Store, tmp_path: Path
) -> None:
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    other = Store(store.root)
    take = add_take(store, tmp_path / "work", "written into the lost index")
    assert other.find_takes(DIGEST, fresh=True) == (take,)


def test_an_index_of_a_newer_storyboard_says_upgrade(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.root / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        EnvironmentProblem, match="written by a newer version of storyboard"
    ) as raised:
        Store(store.root)
    assert raised.value.hint == "upgrade storyboard"


def _open_store(root: Path, gate: object, opened: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    store = Store(root)
    opened.wait()  # type: ignore[attr-defined]
    add_take(store, root.parent / str(os.getpid()), str(os.getpid()), digest=f"{os.getpid():064x}")
    store.close()


def test_films_that_open_a_new_store_at_once_share_one_index(tmp_path: Path) -> None:
    gate, opened = CONTEXT.Barrier(3), CONTEXT.Barrier(3)
    root = tmp_path / "store"
    root.mkdir()
    opening = [start_process(_open_store, root, gate, opened) for _ in range(3)]
    for each in opening:
        each.join()
    assert len(Store(root).list_records()) == 3


def test_bytes_that_were_cut_short_are_not_present(store: Store, tmp_path: Path) -> None:
    take = add_take(store, tmp_path / "work", "a kitchen")
    path = store.require_file(take.sha256)
    path.chmod(0o644)
    path.write_text("a kit")
    assert not Store(store.root).has_complete_file(take.sha256)


def test_bytes_that_are_not_there_are_named_in_an_error(store: Store) -> None:
    assert not store.has_complete_file("e" * 64)
    with pytest.raises(StoreError, match="eeee"):
        store.require_file("e" * 64)


def test_verify_finds_what_changed_and_what_is_missing(store: Store, tmp_path: Path) -> None:
    changed = add_take(store, tmp_path / "work", "first", ordinal=1)
    missing = add_take(store, tmp_path / "work", "second", ordinal=2)
    sound = add_take(store, tmp_path / "work", "third", ordinal=3)
    path = store.require_file(changed.sha256)
    path.chmod(0o644)
    path.write_text("fIrst")
    store.require_file(missing.sha256).unlink()
    defects = {damage.sha256: damage.problem for damage in verify_store(store)}
    assert defects == {changed.sha256: "changed", missing.sha256: "missing"}
    assert sound.sha256 not in defects


def test_repair_quarantines_corrupt_takes_to_be_made_again(store: Store, tmp_path: Path) -> None:
    take = add_take(store, tmp_path / "work", "first")
    path = store.require_file(take.sha256)
    path.chmod(0o644)
    path.write_text("fIrst")
    (store.root / "takes" / "dd" / DIGEST / "t02.json").write_text("{torn")
    assert [damage.can_quarantine for damage in verify_store(store, repair=True)] == [True, True]
    assert len(list((store.root / "damaged").iterdir())) == 2
    assert not store.has_complete_file(take.sha256)
    assert store.find_takes(DIGEST) == (take,), "the take is still known"
    assert {damage.problem for damage in verify_store(store)} == {"missing"}


@pytest.mark.parametrize("harm", [b"", b"x", b"[]", b'{"format": 1, "facts": 3}', None])
def test_a_lost_sidecar_is_written_again_from_the_index(
    store: Store, tmp_path: Path, harm: bytes | None
) -> None:
    take = add_take(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    before = sidecar.read_bytes()
    sidecar.unlink() if harm is None else sidecar.write_bytes(harm)
    (damage,) = verify_store(store, repair=True)
    assert (damage.takes[0].take, damage.can_quarantine) == (take, False)
    assert sidecar.read_bytes() == before
    assert store.find_takes(DIGEST) == (take,)
    assert verify_store(store) == []


def test_a_take_of_a_newer_storyboard_is_not_mistaken_for_damage(
    store: Store, tmp_path: Path
) -> None:
    add_take(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    sidecar.write_text(sidecar.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(StoreError, match="newer"):
        verify_store(store, repair=True)
    assert sidecar.exists()


def test_gc_keeps_what_films_name_and_what_is_being_made(store: Store, tmp_path: Path) -> None:
    keep = add_take(store, tmp_path / "work", "kept", digest="a" * 64)
    drop = add_take(store, tmp_path / "work", "dropped", digest="b" * 64)
    busy = add_take(store, tmp_path / "work", "busy", digest="c" * 64)
    claim = store.claims.acquire("c" * 64, "/films/letter")
    assert claim is not None
    dry = collect_garbage(store, {keep.sha256}, dry_run=True)
    assert store.has_complete_file(drop.sha256)
    assert collect_garbage(store, {keep.sha256}) == dry
    assert (dry.takes, dry.files) == (1, 2)
    assert store.has_complete_file(keep.sha256)
    assert store.has_complete_file(busy.sha256)
    assert not store.has_complete_file(drop.sha256)
    assert store.find_takes("b" * 64) == ()
    claim.release()


def test_gc_keeps_bytes_that_no_take_names_and_lists_them(store: Store, tmp_path: Path) -> None:
    sha256 = store.put_file(write_file(tmp_path / "work", "a kitchen"))
    path = store.require_file(sha256)
    assert collect_garbage(store, set()).unnamed_files == (), "a take may be about to name them"
    os.utime(path, (0, 0))
    assert collect_garbage(store, {sha256}).unnamed_files == (), "a film names them"
    assert collect_garbage(store, set()).unnamed_files == (path,)
    assert store.has_complete_file(sha256)


def test_a_take_never_takes_the_place_of_another_with_its_ordinal(
    store: Store, tmp_path: Path
) -> None:
    """As it is once two clones have each made one more take and one fetches the other's."""
    one = add_take(store, tmp_path / "work", "mine")
    other = add_take(store, tmp_path / "work", "a colleague's")
    both = {one.sha256, other.sha256}
    assert list_contents(store) == list_contents(Store(store.root)) == both
    store.rebuild_index()
    assert list_contents(store) == both
    store.add_take(replace(other, uri="moved"), {}, kind="generate", film="letter")
    uris = {take.sha256: take.uri for take in Store(store.root).find_takes(DIGEST)}
    assert uris == {one.sha256: one.uri, other.sha256: "moved"}
    (record,) = (each for each in store.list_records() if each.take.sha256 == one.sha256)
    store.forget_take(record)
    assert list_contents(store) == list_contents(Store(store.root)) == {other.sha256}


def list_contents(store: Store) -> set[str]:
    return {take.sha256 for take in store.find_takes(DIGEST)}


def test_a_take_that_was_made_again_replaces_the_one_of_its_ordinal(
    store: Store, tmp_path: Path
) -> None:
    add_take(store, tmp_path / "work", "drawn")
    (record,) = store.list_records()
    sha256 = store.put_file(write_file(tmp_path / "work", "drawn otherwise"))
    again = replace(record, take=replace(record.take, sha256=sha256), size=len("drawn otherwise"))
    store.add_records([again], repeatable_digests={DIGEST})
    for each in (store, Store(store.root)):
        assert [take.sha256 for take in each.find_takes(DIGEST)] == [sha256]


def test_why_finds_takes_by_shot_digest_and_content(store: Store, tmp_path: Path) -> None:
    take = add_take(store, tmp_path / "work", "a kitchen")
    for name in ("SH010", DIGEST[:8], take.sha256[:8]):
        assert [record.take for record in store.find_records_by_name(name)] == [take]
    assert store.find_records_by_name("SH999") == []


def test_many_digests_are_looked_up_at_once(store: Store, tmp_path: Path) -> None:
    digests = [f"{n:064x}" for n in range(1200)]
    takes = {d: add_take(store, tmp_path / "work", d, digest=d) for d in digests[::400]}
    store.preload(digests)
    found = {digest: store.find_takes(digest) for digest in digests}
    assert {d: t for d, (t, *_) in ((d, t) for d, t in found.items() if t)} == takes


def test_a_claim_is_for_one_and_names_who_has_it(store: Store) -> None:
    mine = store.claims.acquire(DIGEST, "/films/letter")
    assert mine is not None
    mine.replace_previous_claim()
    assert store.claims.acquire(DIGEST, "/films/letter") is None
    assert store.claims.read_owner(DIGEST).pid == os.getpid()
    mine.release()
    again = store.claims.acquire(DIGEST, "/films/letter")
    assert again is not None
    assert again.previous_film == ""
    again.release()


def _claim_and_die(root: Path) -> None:
    claim = Store(root).claims.acquire(DIGEST, "/films/letter")
    assert claim is not None
    claim.replace_previous_claim()
    os.kill(os.getpid(), 9)


def test_a_claim_dies_with_its_process_and_leaves_its_name(store: Store) -> None:
    start_process(_claim_and_die, store.root).join()
    claim = store.claims.acquire(DIGEST, "/films/letter")
    assert claim is not None
    assert claim.previous_film == "/films/letter"
    claim.release()
    assert store.claims.list_claimed_digests() == frozenset()


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_pending_claim_can_be_acquired_at_once_and_names_its_film(
    store: Store, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse_link(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:  # as on a FAT disk
        monkeypatch.setattr(os, "link", refuse_link)
    mine = store.claims.acquire(DIGEST, "/films/letter")
    assert mine is not None
    mine.replace_previous_claim()
    assert store.claims.acquire(DIGEST, "/films/letter") is None
    mine.release(keep_name=True)
    other = Store(store.root)
    for owing in (True, False):
        claim = other.claims.acquire(DIGEST, "/films/storm")
        assert claim is not None
        assert claim.previous_film == "/films/letter"
        claim.release(keep_name=owing)
    assert other.claims.list_claimed_digests() == frozenset()
    store.close()
    other.close()
    assert list((store.root / "claims").iterdir()) == []


def test_another_film_can_adopt_an_abandoned_claim(store: Store) -> None:
    abandoned = store.claims.acquire(DIGEST, "/films/letter")
    assert abandoned is not None
    abandoned.release(keep_name=True)
    mine = store.claims.acquire(DIGEST, "/films/storm")
    assert mine is not None
    mine.replace_previous_claim()
    assert store.claims.acquire(DIGEST, "/films/letter") is None
    assert store.claims.read_owner(DIGEST).about == "/films/storm"
    mine.release()
    assert store.claims.list_claimed_digests() == frozenset()


def test_a_lock_file_removed_by_its_last_holder_is_never_locked_twice(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release(remove=True)
    assert second.try_acquire()
    assert not FileLock(tmp_path / "lock").try_acquire()
    second.release()
