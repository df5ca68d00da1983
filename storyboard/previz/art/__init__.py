"""The property room: everything that a word can put into the picture."""

from __future__ import annotations

from storyboard.previz.art.prop import Prop

__all__ = ["Prop", "prop_of"]


def prop_of(name: str) -> Prop:
    """The prop of that name; a box for what nobody drew."""
    from storyboard.previz.art import animals, nature, smalls, vehicles

    for room in (smalls.PROPS, vehicles.PROPS, animals.PROPS, nature.PROPS):
        if name in room:
            return room[name]
    return smalls.PROPS["box"]
