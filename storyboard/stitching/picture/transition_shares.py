"""How far a transition is: the share of the incoming picture, or of the colour, in each frame."""

from __future__ import annotations

from fractions import Fraction

from storyboard.model.film import Align


def compute_incoming_share(transition_frame: int, transition_length: int) -> Fraction:
    """How much of the incoming picture `transition_frame` shows, of `transition_length` frames."""
    return Fraction(transition_frame + 1, transition_length + 1)


def compute_color_share(
    transition_frame: int, transition_length: int, align: Align = Align.CENTER
) -> Fraction:
    """How much of the colour a fade through it shows: all of it at the cut, where `align` says."""
    match align:
        case Align.START:
            return Fraction(transition_length - transition_frame, transition_length)
        case Align.END:
            return Fraction(transition_frame + 1, transition_length)
    return Fraction(
        min(transition_frame + 1, transition_length - transition_frame), -(-transition_length // 2)
    )
