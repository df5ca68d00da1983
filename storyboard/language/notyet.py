"""What the language has and this version doesn't do yet: refused by name, never ignored.

Building one of these means deleting its line here.
"""

from __future__ import annotations

NOT_YET: dict[str, str] = {
}
"""`place.key`, or `place.key=value`, and what works today."""
