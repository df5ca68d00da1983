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
    "SB001": Code("unreadable-file", "The storyboard is missing or can't be read."),
    "SB002": Code("not-text", "The file contains bytes that aren't UTF-8 text."),
    "SB003": Code("too-large", "The file is larger than a storyboard may be."),
    "SB004": Code("empty-file", "The file is empty or has only comments."),
    "SB005": Code("bad-yaml", "The text isn't valid YAML."),
    "SB006": Code("unquoted-colon", "An unquoted text contains a colon and a space."),
    "SB007": Code("tab-indent", "A tab is used for indentation."),
    "SB008": Code("unclosed", "A quote or a bracket is never closed."),
    "SB009": Code("duplicate-key", "A mapping has the same key twice."),
    "SB010": Code("bad-key", "A key isn't one word."),
    "SB011": Code("too-deep", "Lists or mappings are nested too deeply."),
    "SB012": Code("too-many-aliases", "Aliases expand to more values than a storyboard may have."),
    "SB013": Code("recursive-alias", "An alias is inside the value that it refers to."),
    "SB014": Code("unknown-alias", "An alias refers to an anchor that doesn't exist."),
    "SB015": Code("unknown-tag", "The language doesn't have this `!tag`."),
    "SB016": Code("several-documents", "The file contains a second YAML document."),
    "SB017": Code("bad-merge", "`<<` needs a mapping, or a list of mappings."),
    "SB018": Code("control-character", "A text contains a control character."),
    "SB020": Code("comment-in-text", "A ` #` starts a comment inside a text and cuts it off."),
    "SB021": Code("comma-in-text", "A comma inside brackets seems to split a text."),
    "SB022": Code("no-value", "A key has no value."),
    # the shape
    "SB101": Code("unknown-key", "The language doesn't have this key in this place."),
    "SB102": Code("missing-key", "A required key is missing."),
    "SB103": Code("wrong-type", "The value has the wrong type."),
    "SB104": Code("no-such-choice", "The value isn't one of the choices."),
    "SB105": Code("wrong-form", "The text doesn't have the format that the key needs."),
    "SB106": Code("out-of-range", "The number is too small or too large."),
    "SB107": Code("wrong-count", "The list has too few or too many items."),
    "SB108": Code("newer-version", "The storyboard was written for a newer version."),
    "SB109": Code("nothing-to-make", "The shot has no prompt and no other source."),
    "SB110": Code("two-sources", "Two keys that exclude each other are used together."),
    "SB111": Code("key-without-effect", "The key has no effect in this place."),
    "SB112": Code("last-frame-alone", "`last_frame` needs `first_frame` or `continue`."),
    "SB113": Code("secret", "A storyboard must not contain keys or tokens."),
    "SB114": Code("unknown-size", "The shot size is unknown."),
    "SB115": Code("unknown-angle", "The camera angle is unknown."),
    "SB116": Code("unknown-effect", "MoviePy has no such effect, or a film can't use it."),
    "SB117": Code("effect-argument", "The effect doesn't accept this argument or value."),
    "SB118": Code("unknown-place", "`where` has a word that is no place on the floor."),
    "SB190": Code("not-yet", "This version doesn't support this part of the language yet."),
    # references
    "SB201": Code("unresolved-reference", "A reference names a shot that doesn't exist."),
    "SB202": Code("unknown-cast", "A name isn't in the cast."),
    "SB203": Code("duplicate-id", "Two things have the same id."),
    "SB204": Code("name-clash", "A shot and a cast member have the same name."),
    "SB205": Code("omitted-reference", "A reference names a shot that is not in the film."),
    "SB206": Code("reference-cycle", "Shots depend on each other in a circle."),
    "SB207": Code("bad-frame", "A frame reference is not valid."),
    "SB208": Code("bad-anchor", "A point in the film is not valid."),
    "SB209": Code("unknown-profile", "The film has no profile with this name."),
    "SB210": Code("include-cycle", "Files include each other in a circle."),
    "SB211": Code("include-depth", "Includes are nested too deeply."),
    "SB212": Code("unknown-speaker", "The speaker of a line isn't in the cast."),
    "SB213": Code("wrong-cast-kind", "A cast member has the wrong kind for this place."),
    "SB214": Code("no-picture", "A cast member is used as an image but has none."),
    "SB215": Code("reserved-name", "The name is reserved."),
    "SB216": Code("unused-header", "A part of an included file is ignored."),
    "SB217": Code("no-take", "A reference names a shot that has no take."),
    "SB218": Code("unknown-style", "The film has no style with this name."),
    "SB219": Code("not-in-shot", "The blocking of a person who is not in the shot is not sent."),
    "SB220": Code("unknown-outfit", "The wardrobe of the person has no such outfit."),
    # time and cut
    "SB301": Code("off-grid", "A time is not a whole number of frames."),
    "SB302": Code("duration-too-short", "`duration` is shorter than `length`."),
    "SB303": Code("trim-inverted", "A trim leaves no frames."),
    "SB304": Code("trim-too-short", "A trim leaves less than `length`."),
    "SB305": Code("beats-out-of-order", "A beat doesn't start after the beat before it."),
    "SB306": Code("beat-outside", "A beat is outside the shot."),
    "SB307": Code("first-beat-late", "The time before the first beat has no description."),
    "SB308": Code("fast-dialogue", "The line has too many words to be spoken well in its time."),
    "SB309": Code("unspeakable-dialogue", "The line has too many words to be spoken in its time."),
    "SB310": Code("line-outside", "A line starts after the end of the take."),
    "SB311": Code("lines-out-of-order", "A line starts before the line above it."),
    "SB312": Code("end-transition-inside", "`transition_out` is on a shot that isn't the last."),
    "SB313": Code("before-the-start", "A point is before the start of the film."),
    "SB314": Code("no-tempo", "A time is in beats or bars, and no `tempo` applies to it."),
    "SB315": Code("tempo-order", "The parts of a `tempo` don't fit together."),
    "SB316": Code("until", "The distance from the start of the shot to `until` can't be used."),
    "SB351": Code("handle-too-short", "A transition needs more spare frames than the take has."),
    "SB352": Code("transition-too-long", "A transition is too long for the shot."),
    "SB353": Code("dissolve-in-chain", "A dissolve is between a take and its own extension."),
    "SB354": Code("jump-at-seam", "An extension continues from frames that the film doesn't show."),
    "SB355": Code("overlap", "A transition uses frames of both shots, so the film gets shorter."),
    "SB356": Code("film-length", "The film is longer or shorter than its `length`."),
    "SB357": Code(
        "nothing-before", "The first shot can't have a transition from a shot before it."
    ),
    "SB358": Code("take-too-short", "The shot needs more frames than the take has."),
    "SB359": Code(
        "missing-handles", "The model's takes have fewer spare frames than `handles` asks for."
    ),
    "SB360": Code(
        "beat-inside-hop", "A beat starts inside a generated part and goes into its prompt."
    ),
    "SB361": Code("no-frame", "A reference needs a frame of something that has none."),
    "SB362": Code(
        "cue-outside", "A title, music or narration is outside the film, or ends before it starts."
    ),
    "SB363": Code("frames-from", "The note says which frames a transition uses."),
    "SB364": Code("narration-overlap", "Two lines of narration overlap."),
    "SB365": Code("speech-moved", "An effect changes the speed of speech."),
    "SB366": Code(
        "line-cut-away", "A line, or a part of it, is outside the used range of the take."
    ),
    "SB367": Code("trim-misfit", "A trim in the lock file doesn't fit its take or its shot."),
    "SB368": Code("sound-after-picture", "The sound of footage is longer than its picture."),
    "SB369": Code("no-audio-track", "The clip doesn't have this audio track."),
    "SB370": Code("crossed-line", "The camera crosses the line between two people at a cut."),
    "SB371": Code("jump-cut", "Two shots in a row show the same people from the same view."),
    "SB372": Code("line-twice", "A line is heard twice, because a take is used again."),
    # what a model can do
    "SB401": Code("unknown-provider", "There is no provider with this name."),
    "SB402": Code("unknown-model", "The provider has no such model."),
    "SB403": Code("retired-model", "The provider has switched the model off."),
    "SB404": Code("unverified-model", "The model is not confirmed to work."),
    "SB405": Code("retires-soon", "The platform is about to switch the model off."),
    "SB406": Code("old-facts", "What is known of a model was last checked long ago."),
    "SB410": Code("illegal-duration", "The model can't make a take of this length."),
    "SB411": Code("illegal-resolution", "The model doesn't have this resolution here."),
    "SB412": Code("illegal-aspect", "The model doesn't have this aspect ratio."),
    "SB413": Code("no-first-frame", "The model doesn't accept a first frame."),
    "SB414": Code("no-last-frame", "The model doesn't accept a last frame."),
    "SB415": Code("no-extension", "The model or the provider can't extend takes."),
    "SB416": Code("chain-too-long", "The chain is longer than the provider allows."),
    "SB417": Code("illegal-references", "The model doesn't accept these references here."),
    "SB418": Code("sound-always-on", "The model always generates sound."),
    "SB419": Code("unknown-setting", "The model doesn't have this setting."),
    "SB420": Code("setting-dropped", "A default is not sent, because the model doesn't have it."),
    "SB421": Code("foreign-extension", "The provider extends only its own takes."),
    "SB422": Code("length-too-long", "One take can't be this long."),
    "SB423": Code("reference-left-out", "A reference image is not sent."),
    "SB424": Code("reanchored", "A chain starts again from its last frame, as the film allows."),
    "SB425": Code("beats-with-link", "A long take in beats starts from text only."),
    "SB426": Code("no-image-model", "The provider can't make stills."),
    "SB427": Code("previz-tells", "Previz writes or speaks the narration."),
    "SB428": Code("illegal-option", "The model doesn't accept this option or value here."),
    "SB429": Code("storage-needed", "The option needs a storage bucket."),
    "SB430": Code("words-needed", "The model needs a prompt."),
    "SB431": Code("picture-too-large", "The image is too large for the provider."),
    "SB432": Code("source-aspect", "An extension must have the aspect ratio of its source."),
    "SB433": Code("other-shape", "A picture that is sent is of another shape than the shot."),
    "SB434": Code("misspelt-voice", "A voice is nearly the name of one that the model has."),
    "SB435": Code("nearest-frame", "The nearest frame that the model makes is requested."),
    # files
    "SB501": Code("missing-file", "A file doesn't exist."),
    "SB502": Code("not-a-file", "A path is a folder or a device, not a file."),
    "SB503": Code("outside-root", "A file is outside the film's root folder."),
    "SB504": Code("unreadable-media", "A file can't be read."),
    "SB505": Code("wrong-medium", "A file has the wrong kind."),
    "SB506": Code("bad-root", "`root` isn't a folder that the film may use."),
    "SB507": Code("damaged-input", "A file is damaged, cut off, or not checked yet."),
    # type
    "SB601": Code("missing-letter", "The font doesn't have a letter that the film shows."),
    "SB602": Code("too-much-text", "A card or a title has too much text for one picture."),
    "SB603": Code("machine-font", "A letter comes from a font of this machine, not of the film."),
}
"""Every code; numbers are stable and never used again."""


def find_diagnostic_name(code: str) -> str:
    """The short name; empty for a code that isn't in the table."""
    entry = CODES.get(code)
    return entry.name if entry else ""
