"""Text -> diagnostics -> Film.

`load` reads a film and never raises for what a storyboard can have wrong; `format_diagnostics` and
`to_json_records` show what it found; `to_storyboard_data` gives the film with every default filled
in, and `to_storyboard_yaml` writes it.
"""

from storyboard.diagnostics.formatting import format_diagnostics, to_json_records
from storyboard.language.load import LoadResult, load
from storyboard.language.schema.definitions import load_schema
from storyboard.language.schema.editor_schema import to_editor_schema
from storyboard.language.show import to_storyboard_data, to_storyboard_yaml

__all__ = [
    "LoadResult",
    "format_diagnostics",
    "load",
    "load_schema",
    "to_editor_schema",
    "to_json_records",
    "to_storyboard_data",
    "to_storyboard_yaml",
]
