"""Determines the room type."""

from __future__ import annotations

from storyboard.previz.sets.stage import Stage


def find_room_type(stage: Stage) -> str:
    """The room type, from the words."""
    for kind, words in (
        ("train", ("train", "compartment", "carriage")),
        ("hall", ("hallway", "corridor", "lobby", "church", "theatre", "theater")),
        (
            "kitchen",
            ("kitchen", "stove", "kitchen-table", "fridge", "refrigerator", "dining", "counter"),
        ),
        ("bar", ("bar", "pub", "cafe", "café", "restaurant", "diner", "tavern")),
        ("library", ("library", "bookshelf", "study", "archive")),
        ("bedroom", ("bedroom", "bed", "hotel", "ward", "hospital", "attic")),
        ("office", ("office", "desk", "laboratory", "lab", "classroom", "workshop", "garage")),
    ):
        if stage.has_dressing(*words):
            return kind
    return stage.seed_random("kind").choice(("kitchen", "bedroom", "library", "hall"))
