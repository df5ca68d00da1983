"""Text -> diagnostics -> Film.

`load` reads a film and never raises for what a storyboard can have wrong; `draw` and `to_json_records`
show what it found; `resolved` is the film with every default filled in.
"""

from storyboard.language.codes import CODES, Code
from storyboard.language.draw import format_diagnostics, to_json_records
from storyboard.language.load import LoadResult, load
from storyboard.language.schema import load_schema
from storyboard.language.show import to_storyboard_data, to_storyboard_yaml

__all__ = [
    "CODES",
    "Code",
    "LoadResult",
    "format_diagnostics",
    "load",
    "load_schema",
    "to_json_records",
    "to_storyboard_data",
    "to_storyboard_yaml",
]
