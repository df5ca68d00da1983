"""The codes of every diagnostic: a closed table whose numbers are never used again.

SB0xx the text, SB1xx the shape, SB2xx references, SB3xx time and cut, SB4xx what a model can do
(owned by the graph), SB5xx files, SB6xx type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    name: str
    """Short, for people: `unknown-key`."""
    meaning: str
    """One sentence."""


LANGUAGE_CODES: Mapping[str, Code] = {
    # the text
    "SB001": Code("unreadable-file", "The storyboard is missing, or can't be read."),
    "SB002": Code("not-text", "The file holds bytes that are no UTF-8 text."),
    "SB003": Code("too-large", "The file is larger than a storyboard can be."),
    "SB004": Code("empty-file", "The file holds nothing but comments."),
    "SB005": Code("bad-yaml", "The text is no YAML."),
    "SB006": Code("unquoted-colon", "A colon and a space inside a text that isn't quoted."),
    "SB007": Code("tab-indent", "A tab stands where YAML wants spaces."),
    "SB008": Code("unclosed", "A quote or a bracket is opened and never closed."),
    "SB009": Code("duplicate-key", "A key stands twice in one mapping."),
    "SB010": Code("bad-key", "A key is no plain word."),
    "SB011": Code("too-deep", "Lists or mappings are nested too deeply."),
    "SB012": Code("too-many-aliases", "Aliases expand to more than a storyboard can hold."),
    "SB013": Code("recursive-alias", "An alias stands inside the value that it names."),
    "SB014": Code("unknown-alias", "An alias names an anchor that doesn't exist."),
    "SB015": Code("unknown-tag", "A `!tag` that the language doesn't have."),
    "SB016": Code("several-documents", "A second document begins in the file."),
    "SB017": Code("bad-merge", "`<<` wants a mapping, or a list of mappings."),
    "SB020": Code("comment-in-text", "A ` #` began a comment inside a text and cut it off."),
    "SB021": Code("comma-in-text", "A comma inside brackets seems to split a text."),
    "SB022": Code("no-value", "A key has no value."),
    # the shape
    "SB101": Code("unknown-key", "The language has no such key at this place."),
    "SB102": Code("missing-key", "A key that is needed is missing."),
    "SB103": Code("wrong-type", "The value is of the wrong type."),
    "SB104": Code("no-such-choice", "The value is none of the choices."),
    "SB105": Code("wrong-form", "The text doesn't have the form that the key wants."),
    "SB106": Code("out-of-range", "The number is too small or too large."),
    "SB107": Code("wrong-count", "There are too few or too many items."),
    "SB108": Code("newer-version", "The storyboard was written for a newer version."),
    "SB109": Code("nothing-to-make", "Nothing says what the shot shows."),
    "SB110": Code("two-sources", "More than one key says what makes the shot."),
    "SB111": Code("key-without-effect", "The key has no effect at this place."),
    "SB112": Code("last-frame-alone", "`last_frame` wants `first_frame` or `continue` beside it."),
    "SB113": Code("secret", "Keys and tokens never stand in a storyboard."),
    "SB114": Code("unknown-size", "The size of the shot is none that is known."),
    "SB115": Code("unknown-angle", "The angle is none that is known."),
    "SB116": Code("unknown-effect", "MoviePy has no effect of that name that a film can ask for."),
    "SB117": Code("effect-argument", "An effect takes no such argument, or not that value."),
    "SB190": Code("not-yet", "The language has it, this version doesn't do it yet."),
    # references
    "SB201": Code("unresolved-reference", "A shot is named that doesn't exist."),
    "SB202": Code("unknown-cast", "A cast name that isn't in the cast."),
    "SB203": Code("duplicate-id", "Two things have one id."),
    "SB204": Code("name-clash", "A shot and a cast member have one name."),
    "SB205": Code("omitted-reference", "A shot is named that is not in the film."),
    "SB206": Code("reference-cycle", "Shots depend on each other in a circle."),
    "SB207": Code("bad-frame", "A frame reference that can't be read."),
    "SB208": Code("bad-anchor", "A point of the film that can't be read."),
    "SB209": Code("unknown-profile", "There is no profile of that name."),
    "SB210": Code("include-cycle", "Files include each other in a circle."),
    "SB211": Code("include-depth", "Files include each other too deeply."),
    "SB212": Code("unknown-speaker", "A line is spoken by no one of the cast."),
    "SB213": Code("wrong-cast-kind", "A cast member is of the wrong kind for this place."),
    "SB214": Code("no-picture", "A cast member is used as a picture and has none."),
    "SB215": Code("reserved-name", "The name has a meaning of its own."),
    "SB216": Code("unused-header", "A part of an included file that the film doesn't take over."),
    "SB217": Code("no-take", "The shot that is named has no take to use."),
    # time and cut
    "SB301": Code("off-grid", "A time lies between two frames."),
    "SB302": Code("duration-too-short", "`duration` is shorter than `length`."),
    "SB303": Code("trim-inverted", "A trim leaves nothing."),
    "SB304": Code("trim-too-short", "A trim leaves less than `length`."),
    "SB305": Code("beats-out-of-order", "A beat doesn't come after the one before it."),
    "SB306": Code("beat-outside", "A beat lies outside the shot."),
    "SB307": Code("first-beat-late", "Nothing says what happens before the first beat."),
    "SB308": Code("fast-dialogue", "More words than can be spoken well in the time."),
    "SB309": Code("unspeakable-dialogue", "More words than can be spoken in the time."),
    "SB310": Code("line-outside", "A line begins after the end of the take."),
    "SB311": Code("lines-out-of-order", "A line begins before the one above it."),
    "SB312": Code("end-transition-inside", "`transition_out` on a shot that isn't the last."),
    "SB313": Code("before-the-start", "A point that lies before the film."),
    # files
    "SB501": Code("missing-file", "A file is named that doesn't exist."),
    "SB502": Code("not-a-file", "A folder or a device is named where a file is wanted."),
    "SB503": Code("outside-root", "A file lies outside the film's root."),
    "SB504": Code("unreadable-media", "A file can't be read."),
    "SB505": Code("wrong-medium", "A file isn't of the kind that is wanted."),
    "SB506": Code("bad-root", "`root` names no folder that the film may use."),
    # type
    "SB601": Code("missing-letter", "The font lacks a letter that the picture is to show."),
    "SB602": Code("too-much-text", "A card or a title is too much to be read in one picture."),
}
"""By code. The graph adds its SB4xx here."""

GRAPH_CODES: Mapping[str, Code] = {
    "SB351": Code("handle-too-short", "a transition wants frames that the take does not hold"),
    "SB352": Code("transition-too-long", "a transition is longer than the shot has room for"),
    "SB353": Code("dissolve-in-chain", "a dissolve between a take and its own continuation"),
    "SB354": Code(
        "jump-at-seam", "an extension starts at its source's tail, which was trimmed away"
    ),
    "SB355": Code(
        "overlap", "a transition takes its frames from the shots, so the film is shorter"
    ),
    "SB356": Code("film-length", "the film is longer or shorter than wished"),
    "SB357": Code("nothing-before", "a transition into the first shot has nothing to come from"),
    "SB358": Code("take-too-short", "the used range needs more than the take holds"),
    "SB359": Code("missing-handles", "the model's takes leave less spare than wished"),
    "SB360": Code("beat-inside-hop", "a beat falls inside a hop and goes into its prompt"),
    "SB361": Code("no-frame", "a frame of something that has none"),
    "SB362": Code(
        "cue-outside", "a title or music stands outside the film, or ends before it begins"
    ),
    "SB363": Code("frames-from", "where a transition takes its frames from"),
    "SB364": Code("narration-overlap", "two lines of narration are heard at once"),
    "SB365": Code("speech-moved", "an effect changes the pace of what is said"),
    "SB366": Code(
        "line-cut-away", "a line, or part of it, is outside what the film plays of the take"
    ),
    "SB367": Code("trim-misfit", "a trim in the lock file does not fit its take, or its shot"),
    "SB401": Code("unknown-provider", "no provider has this name"),
    "SB402": Code("unknown-model", "the provider has no such model"),
    "SB403": Code("retired-model", "the platform has switched the model off"),
    "SB404": Code("unverified-model", "nobody confirmed lately that the model still answers"),
    "SB410": Code("illegal-duration", "the model makes no take of that length"),
    "SB411": Code("illegal-resolution", "the model has no such resolution here"),
    "SB412": Code("illegal-aspect", "the model has no such aspect ratio"),
    "SB413": Code("no-first-frame", "the model takes no first frame"),
    "SB414": Code("no-last-frame", "the model takes no last frame"),
    "SB415": Code("no-extension", "the model or platform extends no takes"),
    "SB416": Code("chain-too-long", "the chain is longer than the platform allows"),
    "SB417": Code("illegal-references", "the model takes no such references here"),
    "SB418": Code("sound-always-on", "the model can't leave the sound out"),
    "SB419": Code("unknown-setting", "the model has no such setting"),
    "SB420": Code("setting-dropped", "a default that this model lacks is not sent"),
    "SB421": Code("foreign-extension", "only the platform's own takes can be extended"),
    "SB422": Code("length-too-long", "one take can't be that long"),
    "SB423": Code("reference-left-out", "a reference image is not sent"),
    "SB424": Code("reanchored", "a chain starts again from its last frame, as the film allows"),
    "SB425": Code("beats-with-link", "a long take in beats begins from words alone"),
    "SB426": Code("no-image-model", "the platform makes no stills"),
    "SB427": Code("previz-tells", "previz writes or speaks the narration"),
    "SB428": Code("illegal-option", "the model does not take that option here, or not that value"),
    "SB429": Code("storage-needed", "the option needs a place in the cloud to write to"),
    "SB430": Code("words-needed", "the model makes nothing without words"),
    "SB431": Code("picture-too-large", "the platform takes no picture of that size"),
    "SB432": Code("source-aspect", "an extension has the aspect ratio of its source"),
}
"""A model's limits and the arithmetic of the cut."""

CODES: Mapping[str, Code] = {**LANGUAGE_CODES, **GRAPH_CODES}
"""Every code; numbers are stable and never used again."""


def find_diagnostic_name(code: str) -> str:
    """The short name; empty for a code that isn't in the table."""
    entry = CODES.get(code)
    return entry.name if entry else ""
