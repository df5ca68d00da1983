"""Where a line of a text ends."""

from __future__ import annotations

import re

BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""
