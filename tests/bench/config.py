"""Where things lie, and how often they are measured."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STORYBOARD = str(Path(sys.executable).parent / "storyboard")
PEERS = ROOT / ".venv" / "bench" / "bin"
ROUNDS = 5
