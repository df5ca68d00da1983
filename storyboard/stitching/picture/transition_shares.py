"""How far a transition is: the share of the incoming picture, or of the colour, per frame."""

from __future__ import annotations

from fractions import Fraction

from storyboard.model.film import Align


def compute_incoming_share(transition_frame: int, transition_length: int) -> Fraction:
    """The share of the incoming picture in `transition_frame`, of `transition_length` frames."""
    # Never 0 or 1: a transition has no frame that looks like one side alone.
    return Fraction(transition_frame + 1, transition_length + 1)


def compute_color_share(
    transition_frame: int, transition_length: int, align: Align = Align.CENTER
) -> Fraction:
    """The share of the colour in a fade through it: all of it at the cut, whose place `align`
    gives.
    """
    match align:
        case Align.START:
            return Fraction(transition_length - transition_frame, transition_length)
        case Align.END:
            return Fraction(transition_frame + 1, transition_length)
    return Fraction(
        min(transition_frame + 1, transition_length - transition_frame), -(-transition_length // 2)
    )
