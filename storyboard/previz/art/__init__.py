"""The property room: everything that a word can put into the picture."""

from __future__ import annotations

from storyboard.previz.art.prop import Prop

__all__ = ["Prop", "find_prop"]


def find_prop(name: str) -> Prop:
    """The prop of that name; a box for what nobody drew."""
    from storyboard.previz.art import animals, nature, smalls, vehicles

    for props in (smalls.PROPS, vehicles.PROPS, animals.PROPS, nature.PROPS):
        if name in props:
            return props[name]
    return smalls.PROPS["box"]
