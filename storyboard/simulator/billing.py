"""The bill: what the simulated services would have charged."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from storyboard.printable import to_json_text


@dataclass(frozen=True, slots=True)
class Charge:
    """One sample, made or refused; refused ones are on the bill at no charge."""

    at: float
    provider: str
    model: str
    kind: str
    """What was made: `video`, `image`, `text`, `speech`."""
    seconds: float
    """Seconds of new material; 0 if it has no length."""
    usd: Decimal
    operation: str
    note: str = ""
    """Why it costs nothing: `filtered`, `failed`, `refunded`."""

    def to_record(self) -> dict[str, Any]:
        """The JSON record; `usd` is decimal text."""
        return {
            "at": self.at,
            "provider": self.provider,
            "model": self.model,
            "kind": self.kind,
            "seconds": self.seconds,
            "usd": f"{self.usd.normalize():f}",
            "operation": self.operation,
            "note": self.note,
        }


class Bill:
    """Every charge, in order; also written to `log_path` as JSON lines, if given.

    Raises OSError at once when that file can't be written.
    """

    def __init__(self, log_path: Path | None = None) -> None:
        self._path = log_path
        if log_path is not None:
            log_path.open("a", encoding="utf-8").close()
        self._charges: list[Charge] = []
        self._lock = threading.Lock()

    @property
    def charges(self) -> tuple[Charge, ...]:
        return tuple(self._charges)

    @property
    def total_usd(self) -> Decimal:
        return sum((charge.usd for charge in self._charges), Decimal(0))

    def add(self, charge: Charge) -> None:
        with self._lock:
            self._charges.append(charge)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(to_json_text(charge.to_record()) + "\n")

    def clear(self) -> None:
        """Forgets all charges; the file keeps its lines."""
        with self._lock:
            self._charges.clear()
