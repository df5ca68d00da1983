"""A stored take in words: what it is, where it belongs, what it cost and whether it plays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from storyboard.api.store import StoredTake
from storyboard.api.take_use import TakeUse
from storyboard.cli.terminal.palette import paint
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.money import format_decimal_usd
from storyboard.providers.base import Kind
from storyboard.run.store.take_record import TakeRecord

_COLUMNS = (Column(), Column(), Column(narrowing=Narrowing.WRAP))
_FILE_COLUMNS = (Column(), Column(), Column(narrowing=Narrowing.SHORTEN))
_NOUNS = {
    Kind.IMPORT: "footage from a file",
    Kind.STILL: "a picture",
    Kind.WRITE: "a text",
    Kind.SPEECH: "a spoken line",
    Kind.EFFECT: "a clip with effects",
    Kind.EXTEND: "a clip that goes on from another take",
    Kind.INTERPOLATE: "a clip between two pictures",
}
_VARIANT_PHRASES = {"": "", "previz": " with --previz", "proxy": " with --proxy"}


def describe_take(stored: StoredTake, uses: Sequence[TakeUse]) -> list[str]:
    """Its name, and a line for each thing to know of it."""
    record, take = stored.record, stored.record.take
    made_at = datetime.fromtimestamp(take.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    cost = f"${format_decimal_usd(take.price_micros)}" if take.price_micros else "nothing"
    maker = " ".join(filter(None, (take.provider, take.model)))
    rows = [
        ["", "what", _describe_medium(record)],
        ["", "for", f"shot {take.shot or '-'} of the film `{record.film or '?'}`"],
        ["", "made", f"{made_at} by {maker}"],
        ["", "cost", cost],
        ["", "plays", _describe_uses(uses)],
    ]
    where = str(stored.path) if stored.path else "missing in this store"
    return [
        paint(f"{record.step or take.shot} {take.name}", "heading"),
        *format_table(_COLUMNS, rows),
        *format_table(_FILE_COLUMNS, [["", "file ", where]]),
    ]


def describe_identity(record: TakeRecord) -> list[str]:
    """What decides whether a shot still wants the take: the parts that its digest is made of."""
    names = {"digest": record.take.digest, **record.parts, "sha256": record.take.sha256}
    return format_table((Column(), Column(), Column()), [["", *item] for item in names.items()])


def _describe_medium(record: TakeRecord) -> str:
    facts = record.take.facts
    phrases = [_NOUNS.get(Kind(record.kind), "a clip") if record.kind else "a file"]
    if facts.seconds:
        phrases.append(f"{float(facts.seconds):.4g} s")
    if facts.width:
        phrases.append(f"{facts.width}x{facts.height}")
    if facts.frames:
        phrases.append("with sound" if facts.has_audio else "silent")
    return ", ".join((*phrases, f"{record.size / 1e6:.1f} MB"))


def _describe_uses(uses: Sequence[TakeUse]) -> str:
    """Where it plays; where it plays nowhere, why not."""
    if playing := [use for use in uses if use.film_take and use.film_take.plays]:
        return "yes, in " + " and ".join(
            f"{use.film.name}{_VARIANT_PHRASES[use.variant]}"
            + (" (picked)" if use.film_take and use.film_take.is_picked else "")
            for use in playing
        )
    reasons = [reason for reason, _ in sorted(map(_explain_idle_use, uses), key=lambda r: r[1])]
    return "no, " + (reasons[0] if reasons else "no film here has it")


def _explain_idle_use(use: TakeUse) -> tuple[str, int]:
    """Why the film doesn't play it; the lowest number is what a person should know first."""
    film, film_take = f"{use.film.name}{_VARIANT_PHRASES[use.variant]}", use.film_take
    if film_take is None:
        return f"as far as can be told: {film} has errors", 0
    if film_take.is_rejected:
        return f"it is rejected in {film}", 1
    if film_take.is_current:
        return f"another take plays in {film}", 2
    return f"it was made from another version of the shot than {film} has now", 3
