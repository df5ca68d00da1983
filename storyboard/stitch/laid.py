"""Everything that is laid over the picture: titles, and subtitles where the film burns them in."""

from __future__ import annotations

from storyboard.film import Anchor, Film, TitleCue
from storyboard.graph.timeline import Timeline
from storyboard.stitch.overlays import PlacedTitle, placed
from storyboard.stitch.subtitles import cues
from storyboard.stitch.titles import SUBTITLE, SUBTITLE_OFF


def laid(film: Film, timeline: Timeline) -> tuple[PlacedTitle, ...]:
    """What stands over the picture, in the order in which it comes.

    Raises StitchError for a title at a shot that is not in the cut.
    """
    found = [*placed(film.titles, timeline)]
    if film.subtitles == "burn":
        for cue in cues(film, timeline):
            title = TitleCue(
                at=Anchor("start", cue.span.start),
                length=cue.span.length,
                text="\n".join(cue.lines),
                style=SUBTITLE_OFF if cue.off else SUBTITLE,
            )
            found.append(PlacedTitle(title, cue.span))
    return tuple(sorted(found, key=lambda each: each.span.start))
