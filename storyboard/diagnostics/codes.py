"""The codes of every diagnostic: a closed table whose numbers are never used again.

SB0xx the text, SB1xx the shape, SB2xx references, SB3xx time and cut, SB4xx what a model can do,
SB5xx files, SB6xx type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    name: str
    """Short, for people: `unknown-key`."""
    meaning: str
    """One sentence, with a capital and a full stop."""


CODES: Mapping[str, Code] = {
    # the text
    "SB001": Code("unreadable-file", "The storyboard is missing, or can't be read."),
    "SB002": Code("not-text", "The file holds bytes that aren't UTF-8 text."),
    "SB003": Code("too-large", "The file is larger than a storyboard can be."),
    "SB004": Code("empty-file", "The file holds nothing but comments."),
    "SB005": Code("bad-yaml", "The text isn't valid YAML."),
    "SB006": Code("unquoted-colon", "A text that isn't quoted holds a colon and a space."),
    "SB007": Code("tab-indent", "A tab stands where YAML wants spaces."),
    "SB008": Code("unclosed", "A quote or a bracket is opened and never closed."),
    "SB009": Code("duplicate-key", "A key stands twice in one mapping."),
    "SB010": Code("bad-key", "A key isn't a plain word."),
    "SB011": Code("too-deep", "Lists or mappings are nested too deeply."),
    "SB012": Code("too-many-aliases", "Aliases expand to more than a storyboard can hold."),
    "SB013": Code("recursive-alias", "An alias stands inside the value that it names."),
    "SB014": Code("unknown-alias", "An alias names an anchor that doesn't exist."),
    "SB015": Code("unknown-tag", "The language doesn't have the `!tag`."),
    "SB016": Code("several-documents", "A second document begins in the file."),
    "SB017": Code("bad-merge", "`<<` wants a mapping, or a list of mappings."),
    "SB018": Code("control-character", "A text holds a character that controls a device."),
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
    "SB112": Code("last-frame-alone", "`last_frame` needs `first_frame` or `continue` beside it."),
    "SB113": Code("secret", "Keys and tokens never stand in a storyboard."),
    "SB114": Code("unknown-size", "The language doesn't know the size of the shot."),
    "SB115": Code("unknown-angle", "The language doesn't know the camera angle."),
    "SB116": Code("unknown-effect", "MoviePy has no effect of that name that a film can ask for."),
    "SB117": Code("effect-argument", "An effect takes no such argument, or not that value."),
    "SB190": Code("not-yet", "The language has it, but this version doesn't do it yet."),
    # references
    "SB201": Code("unresolved-reference", "A reference names a shot that doesn't exist."),
    "SB202": Code("unknown-cast", "A name isn't in the cast."),
    "SB203": Code("duplicate-id", "Two things have one id."),
    "SB204": Code("name-clash", "A shot and a cast member have one name."),
    "SB205": Code("omitted-reference", "A reference names a shot that is not in the film."),
    "SB206": Code("reference-cycle", "Shots depend on each other in a circle."),
    "SB207": Code("bad-frame", "A frame reference can't be read."),
    "SB208": Code("bad-anchor", "A point of the film can't be read."),
    "SB209": Code("unknown-profile", "There is no profile of that name."),
    "SB210": Code("include-cycle", "Files include each other in a circle."),
    "SB211": Code("include-depth", "Files include each other too deeply."),
    "SB212": Code("unknown-speaker", "Nobody of the cast speaks the line."),
    "SB213": Code("wrong-cast-kind", "A cast member is of the wrong kind for this place."),
    "SB214": Code("no-picture", "A cast member is used as a picture and has none."),
    "SB215": Code("reserved-name", "The name has a meaning of its own."),
    "SB216": Code("unused-header", "The film doesn't take over a part of an included file."),
    "SB217": Code("no-take", "A reference names a shot that has no take to use."),
    # time and cut
    "SB301": Code("off-grid", "A time lies between two frames."),
    "SB302": Code("duration-too-short", "`duration` is shorter than `length`."),
    "SB303": Code("trim-inverted", "A trim leaves nothing."),
    "SB304": Code("trim-too-short", "A trim leaves less than `length`."),
    "SB305": Code("beats-out-of-order", "A beat doesn't come after the one before it."),
    "SB306": Code("beat-outside", "A beat lies outside the shot."),
    "SB307": Code("first-beat-late", "Nothing says what happens before the first beat."),
    "SB308": Code("fast-dialogue", "The line has more words than can be spoken well in its time."),
    "SB309": Code(
        "unspeakable-dialogue", "The line has more words than can be spoken in its time."
    ),
    "SB310": Code("line-outside", "A line begins after the end of the take."),
    "SB311": Code("lines-out-of-order", "A line begins before the one above it."),
    "SB312": Code(
        "end-transition-inside", "`transition_out` stands on a shot that isn't the last."
    ),
    "SB313": Code("before-the-start", "A point lies before the start of the film."),
    "SB351": Code("handle-too-short", "A transition needs frames that the take doesn't hold."),
    "SB352": Code("transition-too-long", "A transition is longer than the shot has room for."),
    "SB353": Code(
        "dissolve-in-chain", "A dissolve stands between a take and its own continuation."
    ),
    "SB354": Code(
        "jump-at-seam", "An extension starts at its source's tail, which was trimmed away."
    ),
    "SB355": Code(
        "overlap", "A transition takes its frames from the shots, so the film is shorter."
    ),
    "SB356": Code("film-length", "The film is longer or shorter than wished."),
    "SB357": Code("nothing-before", "A transition into the first shot has nothing to come from."),
    "SB358": Code("take-too-short", "The used range needs more than the take holds."),
    "SB359": Code("missing-handles", "The model's takes leave less spare than wished."),
    "SB360": Code("beat-inside-hop", "A beat falls inside a hop and goes into its prompt."),
    "SB361": Code("no-frame", "A reference asks for a frame of something that has none."),
    "SB362": Code(
        "cue-outside", "A title or music lies outside the film, or ends before it begins."
    ),
    "SB363": Code("frames-from", "The note says where a transition takes its frames from."),
    "SB364": Code("narration-overlap", "Two lines of narration are heard at once."),
    "SB365": Code("speech-moved", "An effect changes the pace of what is said."),
    "SB366": Code(
        "line-cut-away", "A line, or part of it, is outside what the film plays of the take."
    ),
    "SB367": Code("trim-misfit", "A trim in the lock file doesn't fit its take, or its shot."),
    "SB368": Code("sound-after-picture", "The sound of footage goes on where its picture ends."),
    "SB369": Code("no-audio-track", "The clip has no such sound track."),
    # what a model can do
    "SB401": Code("unknown-provider", "No provider has this name."),
    "SB402": Code("unknown-model", "The provider has no such model."),
    "SB403": Code("retired-model", "The platform has switched the model off."),
    "SB404": Code("unverified-model", "Nobody confirmed lately that the model still answers."),
    "SB405": Code("retires-soon", "The platform is about to switch the model off."),
    "SB406": Code("old-facts", "What is known of a model was last checked long ago."),
    "SB410": Code("illegal-duration", "The model makes no take of that length."),
    "SB411": Code("illegal-resolution", "The model has no such resolution here."),
    "SB412": Code("illegal-aspect", "The model has no such aspect ratio."),
    "SB413": Code("no-first-frame", "The model takes no first frame."),
    "SB414": Code("no-last-frame", "The model takes no last frame."),
    "SB415": Code("no-extension", "The model or the platform extends no takes."),
    "SB416": Code("chain-too-long", "The chain is longer than the platform allows."),
    "SB417": Code("illegal-references", "The model takes no such references here."),
    "SB418": Code("sound-always-on", "The model can't leave the sound out."),
    "SB419": Code("unknown-setting", "The model has no such setting."),
    "SB420": Code("setting-dropped", "A default that this model lacks is not sent."),
    "SB421": Code("foreign-extension", "The platform extends only its own takes."),
    "SB422": Code("length-too-long", "One take can't be that long."),
    "SB423": Code("reference-left-out", "A reference image is not sent."),
    "SB424": Code("reanchored", "A chain starts again from its last frame, as the film allows."),
    "SB425": Code("beats-with-link", "A long take in beats begins from words alone."),
    "SB426": Code("no-image-model", "The platform makes no stills."),
    "SB427": Code("previz-tells", "Previz writes or speaks the narration."),
    "SB428": Code("illegal-option", "The model doesn't take that option here, or not that value."),
    "SB429": Code("storage-needed", "The option needs a place in the cloud to write to."),
    "SB430": Code("words-needed", "The model makes nothing without words."),
    "SB431": Code("picture-too-large", "The platform takes no picture of that size."),
    "SB432": Code("source-aspect", "An extension has the aspect ratio of its source."),
    "SB433": Code("other-shape", "A picture that is sent is of another shape than the shot."),
    # files
    "SB501": Code("missing-file", "A file is named that doesn't exist."),
    "SB502": Code("not-a-file", "A folder or a device is named where a file is wanted."),
    "SB503": Code("outside-root", "A file lies outside the film's root."),
    "SB504": Code("unreadable-media", "A file can't be read."),
    "SB505": Code("wrong-medium", "A file isn't of the kind that is wanted."),
    "SB506": Code("bad-root", "`root` isn't a folder that the film may use."),
    # type
    "SB601": Code("missing-letter", "The font lacks a letter that the picture is to show."),
    "SB602": Code("too-much-text", "A card or a title is too much to be read in one picture."),
}
"""Every code; numbers are stable and never used again."""


def find_diagnostic_name(code: str) -> str:
    """The short name; empty for a code that isn't in the table."""
    entry = CODES.get(code)
    return entry.name if entry else ""
