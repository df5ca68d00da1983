"""Text -> diagnostics -> Film.

`load` reads a film and never raises for what a storyboard can have wrong; `draw` and `as_json`
show what it found; `resolved` is the film with every default filled in.
"""

from storyboard.language.codes import CODES, Code
from storyboard.language.draw import as_json, draw
from storyboard.language.load import Loaded, load
from storyboard.language.schema import schema
from storyboard.language.show import resolved, resolved_yaml

__all__ = [
    "CODES",
    "Code",
    "Loaded",
    "as_json",
    "draw",
    "load",
    "resolved",
    "resolved_yaml",
    "schema",
]
