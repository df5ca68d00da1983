"""Line ends of a text."""

from __future__ import annotations

import re

BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML accepts as the end of a line."""
