"""The codes of what the graph reports: a model's limits and the cut's arithmetic.

Numbers are stable and never used again; the language's own codes stand in language/codes.py.
"""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, tuple[str, str]] = {
    "SB351": ("handle-too-short", "a transition wants frames that the take does not hold"),
    "SB352": ("transition-too-long", "a transition is longer than the shot has room for"),
    "SB353": ("dissolve-in-chain", "a dissolve between a take and its own continuation"),
    "SB354": ("jump-at-seam", "an extension starts at its source's tail, which was trimmed away"),
    "SB355": ("overlap", "a transition takes its frames from the shots, so the film is shorter"),
    "SB356": ("film-length", "the film is longer or shorter than wished"),
    "SB357": ("nothing-before", "a transition into the first shot has nothing to come from"),
    "SB358": ("take-too-short", "the used range needs more than the take holds"),
    "SB359": ("missing-handles", "the model's takes leave less spare than wished"),
    "SB360": ("beat-inside-hop", "a beat falls inside a hop and goes into its prompt"),
    "SB361": ("no-frame", "a frame of something that has none"),
    "SB362": ("cue-outside", "a title or music stands outside the film, or ends before it begins"),
    "SB363": ("frames-from", "where a transition takes its frames from"),
    "SB364": ("narration-overlap", "two lines of narration are heard at once"),
    "SB365": ("speech-moved", "an effect changes the pace of what is said"),
    "SB366": ("line-cut-away", "a line, or part of it, is outside what the film plays of the take"),
    "SB367": ("trim-misfit", "a trim in the lock file does not fit its take, or its shot"),
    "SB401": ("unknown-provider", "no provider has this name"),
    "SB402": ("unknown-model", "the provider has no such model"),
    "SB403": ("retired-model", "the platform has switched the model off"),
    "SB404": ("unverified-model", "nobody confirmed lately that the model still answers"),
    "SB410": ("illegal-duration", "the model makes no take of that length"),
    "SB411": ("illegal-resolution", "the model has no such resolution here"),
    "SB412": ("illegal-aspect", "the model has no such aspect ratio"),
    "SB413": ("no-first-frame", "the model takes no first frame"),
    "SB414": ("no-last-frame", "the model takes no last frame"),
    "SB415": ("no-extension", "the model or platform extends no takes"),
    "SB416": ("chain-too-long", "the chain is longer than the platform allows"),
    "SB417": ("illegal-references", "the model takes no such references here"),
    "SB418": ("sound-always-on", "the model can't leave the sound out"),
    "SB419": ("unknown-setting", "the model has no such setting"),
    "SB420": ("setting-dropped", "a default that this model lacks is not sent"),
    "SB421": ("foreign-extension", "only the platform's own takes can be extended"),
    "SB422": ("length-too-long", "one take can't be that long"),
    "SB423": ("reference-left-out", "a reference image is not sent"),
    "SB425": ("beats-with-link", "a long take in beats begins from words alone"),
    "SB426": ("no-image-model", "the platform makes no stills"),
    "SB427": ("previz-tells", "previz writes or speaks the narration"),
    "SB428": ("illegal-option", "the model does not take that option here, or not that value"),
    "SB429": ("storage-needed", "the option needs a place in the cloud to write to"),
    "SB430": ("words-needed", "the model makes nothing without words"),
    "SB431": ("picture-too-large", "the platform takes no picture of that size"),
    "SB432": ("source-aspect", "an extension has the aspect ratio of its source"),
    "SB424": ("reanchored", "a chain starts again from its last frame, as the film allows"),
}
