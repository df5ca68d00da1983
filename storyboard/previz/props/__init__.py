"""The props: everything that a word can put into the picture."""

from __future__ import annotations

from storyboard.previz.props.prop import Prop

__all__ = ["Prop", "find_prop"]


def find_prop(name: str) -> Prop:
    """The prop of that name; a box for an unknown name."""
    from storyboard.previz.props import animals, nature, small_objects, vehicles

    for props in (small_objects.PROPS, vehicles.PROPS, animals.PROPS, nature.PROPS):
        if name in props:
            return props[name]
    return small_objects.PROPS["box"]
