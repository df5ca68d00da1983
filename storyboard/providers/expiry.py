"""Until when a signed address holds, where the address itself says so."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit


def expiry(url: str) -> float | None:
    """Seconds since the epoch; None for an address that does not say.

    Reads the query of Google's and Amazon's signatures: `X-Goog-Date` with `X-Goog-Expires`, the
    same with `X-Amz-`, and the older `Expires`.
    """
    told = {name.lower(): values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    for maker in ("x-goog-", "x-amz-"):
        begins, lasts = told.get(f"{maker}date", ""), told.get(f"{maker}expires", "")
        if begins and lasts.isdecimal():
            try:
                at = datetime.strptime(begins, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            except ValueError:
                return None
            return at.timestamp() + int(lasts)
    ends = told.get("expires", "")
    return float(ends) if ends.isdecimal() and len(ends) == 10 else None
