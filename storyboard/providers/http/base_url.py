"""The address of a service: its own, or the one that the environment names instead."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from storyboard.errors import EnvironmentProblem, ProviderError


def resolve_base_url(variable_name: str, default: str) -> str:
    """`scheme://host[:port]` of a service; the environment variable `variable_name` overrides it.

    Raises EnvironmentProblem if the variable is not an origin, and for plain http to a host that is
    not this machine: the key would be readable on the network.
    """
    configured = os.environ.get(variable_name, "").strip()
    if not configured:
        return default
    parts = urlsplit(configured)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise EnvironmentProblem(
            f"{variable_name} is not a valid address",
            hint="set it to an origin, such as http://127.0.0.1:8080",
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise EnvironmentProblem(
            f"{variable_name} contains more than an origin",
            hint=f"set it to {parts.scheme}://{parts.netloc}; paths are added automatically",
        )
    if parts.scheme == "http" and not is_loopback(configured):
        raise EnvironmentProblem(
            f"{variable_name} is an http address of another machine, so the key would be sent "
            "unencrypted",
            hint=f"https://{parts.netloc}",
        )
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is loopback."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def has_same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    return _split_origin(one) == _split_origin(other)


def check_download_url(url: str, service_base_url: str, provider: str) -> str:
    """The URL, if bytes may be fetched from it; raises ProviderError otherwise.

    Only https is believed. A service that itself is plain http on this machine may send its
    clients to other ports of this machine.
    """
    try:
        parts, _ = urlsplit(url), _split_origin(url)
    except ValueError:
        raise ProviderError(f"{provider} returned an invalid address", provider=provider) from None
    if parts.scheme == "https" and parts.hostname:
        return url
    is_local = service_base_url.startswith("http://") and is_loopback(service_base_url)
    if parts.scheme == "http" and is_local and is_loopback(url):
        return url
    raise ProviderError(
        f"{provider} redirects to an address that is not https",
        hint="render again later; the redirect was not followed and nothing is lost",
        provider=provider,
    )


def _split_origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port
