"""When a signed address expires, if the address itself says so."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit


def parse_url_expiry(url: str) -> float | None:
    """Seconds since the epoch; None for an address that does not say.

    Reads the query of Google's and Amazon's signatures: `X-Goog-Date` with `X-Goog-Expires`, the
    same with `X-Amz-`, and the older `Expires`.
    """
    parameters = {
        name.lower(): values[-1] for name, values in parse_qs(urlsplit(url).query).items()
    }
    for prefix in ("x-goog-", "x-amz-"):
        start, duration = (
            parameters.get(f"{prefix}date", ""),
            parameters.get(f"{prefix}expires", ""),
        )
        if start and duration.isdecimal():
            try:
                signed_at = datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            except ValueError:
                return None
            return signed_at.timestamp() + int(duration)
    end = parameters.get("expires", "")
    return float(end) if end.isdecimal() and len(end) == 10 else None
