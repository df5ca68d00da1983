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
from storyboard.film import MediaFacts, Take
from storyboard.run.filelock import FileLock
from storyboard.run.store import Store
from storyboard.run.upkeep import sweep, verify
from tests.fakes.child import CONTEXT, child

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "take.schema.json").read_text())
DIGEST = "d" * 64


def file(folder: Path, content: str, name: str = "clip.mp4") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    return path


def add(store: Store, work: Path, content: str, *, digest: str = DIGEST, ordinal: int = 1) -> Take:
    """Puts a medium with its state and makes the take known."""
    sha256 = store.put(file(work, content))
    state = store.put(file(work, f"state of {content}", "state.json"))
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
    store.add(take, {"prompt": "abc"}, kind="generate", step="SH010.2", film="letter")
    return take


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_take_that_was_added_is_found_again_by_another_process(
    store: Store, tmp_path: Path
) -> None:
    take = add(store, tmp_path / "work", "a kitchen")
    other = Store(store.root)
    assert other.takes(DIGEST) == (take,)
    assert other.present(take.sha256)
    assert other.path(take.sha256).read_text() == "a kitchen"
    assert other.records(DIGEST)[0].parts == {"prompt": "abc"}


def test_of_what_was_paid_only_what_is_not_known_is_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ordinal in (1, 2):
        add(store, tmp_path / "work", f"a kitchen, {ordinal}", ordinal=ordinal)
    late = add(store, tmp_path / "work", "a hall", digest="e" * 64)
    store.add(replace(late, digest="f" * 64, price_micros=0), {}, kind="generate", film="letter")
    store.add(replace(late, digest="a" * 64), {}, kind="generate", film="storm")
    found = [each.take.name for each in store.paid("letter", {("e" * 64, 1)})]
    assert found == ["t01", "t02"]
    (left,) = store.paid("letter", {(DIGEST, 1), (DIGEST, 2)})
    assert left.take == late
    monkeypatch.setattr("storyboard.run.index.from_json", pytest.fail)
    assert store.paid("letter", {(DIGEST, 1), (DIGEST, 2), ("e" * 64, 1)}) == []


def test_a_file_that_is_put_is_moved_made_read_only_and_kept_once(
    store: Store, tmp_path: Path
) -> None:
    first, second = (
        store.put(file(tmp_path / name, "the same", f"{name}.mp4")) for name in ("one", "two")
    )
    assert first == second
    assert len(list(store.files())) == 1
    assert not (tmp_path / "one" / "one.mp4").exists()
    assert not store.path(first).stat().st_mode & 0o222


def test_a_copied_file_stays_where_it_was(store: Store, tmp_path: Path) -> None:
    path = file(tmp_path, "footage", "dawn.mov")
    sha256 = store.put(path, move=False)
    assert path.read_text() == "footage"
    assert store.path(sha256).suffix == ".mov"


def test_the_sidecar_follows_its_schema_and_names_no_place_on_this_machine(
    store: Store, tmp_path: Path
) -> None:
    add(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    told = json.loads(sidecar.read_text())
    jsonschema.validate(told, SCHEMA)
    assert told["seed"] == 0, "a seed of nought is a seed"
    assert str(tmp_path) not in sidecar.read_text()


def test_a_deleted_index_is_built_again_from_the_sidecars(store: Store, tmp_path: Path) -> None:
    takes = [add(store, tmp_path / "work", f"take {n}", ordinal=n) for n in (1, 2)]
    store.close()
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    notices: list[str] = []
    again = Store(store.root, notice=notices.append)
    assert again.takes(DIGEST) == tuple(takes)
    assert [digest for _, digest in again.dated("SH010.2", "vertex", "letter")] == [DIGEST]
    assert again.dated("SH010.2", "", "another film") == []
    assert "rebuilt from 2 takes" in notices[0]


def test_a_damaged_index_is_built_again_too(store: Store, tmp_path: Path) -> None:
    take = add(store, tmp_path / "work", "a kitchen")
    store.close()
    (store.root / "index.sqlite").write_bytes(b"no database" * 1000)
    notices: list[str] = []
    assert Store(store.root, notice=notices.append).takes(DIGEST) == (take,)
    assert "damaged" in notices[0]


def test_an_index_that_vanishes_under_a_running_film_costs_nothing(
    store: Store, tmp_path: Path
) -> None:
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    other = Store(store.root)
    take = add(store, tmp_path / "work", "written into the lost index")
    assert other.takes(DIGEST, fresh=True) == (take,)


def test_an_index_of_a_newer_storyboard_says_upgrade(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.root / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(EnvironmentProblem, match="a newer storyboard wrote the store's") as raised:
        Store(store.root)
    assert raised.value.hint == "upgrade storyboard"


def _open_store(root: Path, gate: object, opened: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    store = Store(root)
    opened.wait()  # type: ignore[attr-defined]
    add(store, root.parent / str(os.getpid()), str(os.getpid()), digest=f"{os.getpid():064x}")
    store.close()


def test_films_that_open_a_new_store_at_once_share_one_index(tmp_path: Path) -> None:
    gate, opened = CONTEXT.Barrier(3), CONTEXT.Barrier(3)
    root = tmp_path / "store"
    root.mkdir()
    opening = [child(_open_store, root, gate, opened) for _ in range(3)]
    for each in opening:
        each.join()
    assert len(Store(root).ls()) == 3


def test_bytes_that_were_cut_short_are_not_present(store: Store, tmp_path: Path) -> None:
    take = add(store, tmp_path / "work", "a kitchen")
    path = store.path(take.sha256)
    path.chmod(0o644)
    path.write_text("a kit")
    assert not Store(store.root).present(take.sha256)


def test_bytes_that_are_not_there_are_named_in_an_error(store: Store) -> None:
    assert not store.present("e" * 64)
    with pytest.raises(StoreError, match="eeee"):
        store.path("e" * 64)


def test_verify_finds_what_changed_and_what_is_missing(store: Store, tmp_path: Path) -> None:
    changed = add(store, tmp_path / "work", "first", ordinal=1)
    missing = add(store, tmp_path / "work", "second", ordinal=2)
    sound = add(store, tmp_path / "work", "third", ordinal=3)
    path = store.path(changed.sha256)
    path.chmod(0o644)
    path.write_text("fIrst")
    store.path(missing.sha256).unlink()
    found = {damage.sha256: damage.what for damage in verify(store)}
    assert found == {changed.sha256: "changed", missing.sha256: "missing"}
    assert sound.sha256 not in found


def test_repair_sets_damage_aside_so_that_it_is_made_again(store: Store, tmp_path: Path) -> None:
    take = add(store, tmp_path / "work", "first")
    path = store.path(take.sha256)
    path.chmod(0o644)
    path.write_text("fIrst")
    (store.root / "takes" / "dd" / DIGEST / "t02.json").write_text("{torn")
    assert [damage.set_aside for damage in verify(store, repair=True)] == [True, True]
    assert len(list((store.root / "damaged").iterdir())) == 2
    assert not store.present(take.sha256)
    assert store.takes(DIGEST) == (take,), "the take is still known"
    assert {damage.what for damage in verify(store)} == {"missing"}


@pytest.mark.parametrize("harm", [b"", b"x", b"[]", b'{"format": 1, "facts": 3}', None])
def test_a_lost_sidecar_is_written_again_from_the_index(
    store: Store, tmp_path: Path, harm: bytes | None
) -> None:
    take = add(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    before = sidecar.read_bytes()
    sidecar.unlink() if harm is None else sidecar.write_bytes(harm)
    (damage,) = verify(store, repair=True)
    assert (damage.takes[0].take, damage.set_aside) == (take, False)
    assert sidecar.read_bytes() == before
    assert store.takes(DIGEST) == (take,)
    assert verify(store) == []


def test_a_take_of_a_newer_storyboard_is_not_mistaken_for_damage(
    store: Store, tmp_path: Path
) -> None:
    add(store, tmp_path / "work", "a kitchen")
    (sidecar,) = (store.root / "takes").glob("??/*/t01.json")
    sidecar.write_text(sidecar.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(StoreError, match="newer"):
        verify(store, repair=True)
    assert sidecar.exists()


def test_sweeping_keeps_what_films_name_and_what_is_being_made(
    store: Store, tmp_path: Path
) -> None:
    keep = add(store, tmp_path / "work", "kept", digest="a" * 64)
    drop = add(store, tmp_path / "work", "dropped", digest="b" * 64)
    busy = add(store, tmp_path / "work", "busy", digest="c" * 64)
    claim = store.claims.take("c" * 64, "/films/letter")
    assert claim is not None
    dry = sweep(store, {keep.sha256}, dry_run=True)
    assert store.present(drop.sha256)
    assert sweep(store, {keep.sha256}) == dry
    assert (dry.takes, dry.files) == (1, 2)
    assert store.present(keep.sha256)
    assert store.present(busy.sha256)
    assert not store.present(drop.sha256)
    assert store.takes("b" * 64) == ()
    claim.release()


def test_sweeping_keeps_bytes_that_a_film_names_though_nothing_else_is_known_of_them(
    store: Store, tmp_path: Path
) -> None:
    sha256 = store.put(file(tmp_path / "work", "a kitchen"))
    os.utime(store.path(sha256), (0, 0))
    assert sweep(store, {sha256}).files == 0
    assert store.present(sha256)
    assert sweep(store, set()).files == 1


def test_why_finds_takes_by_shot_digest_and_content(store: Store, tmp_path: Path) -> None:
    take = add(store, tmp_path / "work", "a kitchen")
    for name in ("SH010", DIGEST[:8], take.sha256[:8]):
        assert [record.take for record in store.why(name)] == [take]
    assert store.why("SH999") == []


def test_many_digests_are_looked_up_at_once(store: Store, tmp_path: Path) -> None:
    digests = [f"{n:064x}" for n in range(1200)]
    takes = {d: add(store, tmp_path / "work", d, digest=d) for d in digests[::400]}
    store.preload(digests)
    found = {digest: store.takes(digest) for digest in digests}
    assert {d: t for d, (t, *_) in ((d, t) for d, t in found.items() if t)} == takes


def test_a_claim_is_for_one_and_names_who_has_it(store: Store) -> None:
    mine = store.claims.take(DIGEST, "/films/letter")
    assert mine is not None
    mine.hold()
    assert store.claims.take(DIGEST, "/films/letter") is None
    assert store.claims.holder(DIGEST).pid == os.getpid()
    mine.release()
    again = store.claims.take(DIGEST, "/films/letter")
    assert again is not None
    assert again.left_by == ""
    again.release()


def _claim_and_die(root: Path) -> None:
    claim = Store(root).claims.take(DIGEST, "/films/letter")
    assert claim is not None
    claim.hold()
    os.kill(os.getpid(), 9)


def test_a_claim_dies_with_its_process_and_leaves_its_name(store: Store) -> None:
    child(_claim_and_die, store.root).join()
    claim = store.claims.take(DIGEST, "/films/letter")
    assert claim is not None
    assert claim.left_by == "/films/letter"
    claim.release()
    assert store.claims.known() == frozenset()


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_what_is_owed_can_be_taken_at_once_and_names_its_film(
    store: Store, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:  # as on a FAT disk
        monkeypatch.setattr(os, "link", refuse)
    mine = store.claims.take(DIGEST, "/films/letter")
    assert mine is not None
    mine.hold()
    assert store.claims.take(DIGEST, "/films/letter") is None
    mine.release(owing=True)
    other = Store(store.root)
    for owing in (True, False):
        claim = other.claims.take(DIGEST, "/films/storm")
        assert claim is not None
        assert claim.left_by == "/films/letter"
        claim.release(owing=owing)
    assert other.claims.known() == frozenset()
    store.close()
    other.close()
    assert list((store.root / "claims").iterdir()) == []


def test_what_a_film_left_becomes_another_ones_own(store: Store) -> None:
    left = store.claims.take(DIGEST, "/films/letter")
    assert left is not None
    left.release(owing=True)
    mine = store.claims.take(DIGEST, "/films/storm")
    assert mine is not None
    mine.hold()
    assert store.claims.take(DIGEST, "/films/letter") is None
    assert store.claims.holder(DIGEST).about == "/films/storm"
    mine.release()
    assert store.claims.known() == frozenset()


def test_a_lock_file_removed_by_its_last_holder_is_never_locked_twice(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.take()
    assert not second.take()
    first.release(remove=True)
    assert second.take()
    assert not FileLock(tmp_path / "lock").take()
    second.release()
