"""What helps where a service refuses for a reason of the account's, which waiting does not mend."""

from __future__ import annotations

import re
from collections.abc import Sequence

from storyboard.providers.http.error_body import ApiError

_NO_QUOTA = (
    "the project has no quota for this model at all: enable billing for the project, or ask for "
    "quota there; waiting does not help"
)
_NO_MONEY = "the account there has no money left: top it up; waiting does not help"
_SPENT = re.compile(
    r"insufficient[\W_]+(user[\W_]+)?(balance|credits?|funds|quota)|credits? (are|is|have been) "
    r"(depleted|exhausted|used up)|out of credits?|spend(ing)? (cap|limit)|balance is too low",
    re.IGNORECASE,
)
_ACCESS_CURES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(words, re.IGNORECASE), cure)
    for words, cure in (
        (
            r"billing[^.]{0,40}(enable|disabled|required)|enable billing|requires? billing",
            "enable billing for the project, and wait some minutes",
        ),
        (
            r"has not been used in project|it is disabled|service_disabled|api is not enabled",
            "enable the API for the project in the console of Google Cloud, and wait some minutes",
        ),
        (
            r"location is not supported|not available in your (country|region|location)",
            "the service is not offered where you are; another may be: `storyboard models`",
        ),
        (
            r"permission\W.{0,120}\bdenied|(does not have|lacks?) .{0,80}\bpermission",
            "the key is known: give its account the permission that the message names",
        ),
    )
)


def suggest_payment_cure(api_error: ApiError) -> str:
    """What helps if there is no quota or no money; empty for a quota that time restores."""
    if api_error.is_quota_zero:
        return _NO_QUOTA
    words = f"{api_error.code} {api_error.message}"
    return _NO_MONEY if api_error.status == 402 or _SPENT.search(words) else ""


def suggest_access_cure(message: str) -> str:
    """What helps where the account may not do that yet; empty where the message does not say."""
    return next((cure for words, cure in _ACCESS_CURES if words.search(message)), "")
