"""HTTP clients with this machine's settings: its proxies and its trusted certificates.

It checks these settings before anything is sent, and an error names the variable to correct.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from storyboard.errors import EnvironmentProblem

if TYPE_CHECKING:
    import ssl

    import httpx

_CONNECT_S = 15.0
_UNSENT_HINT = "nothing was sent"
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def create_client(read_timeout_s: float) -> httpx.AsyncClient:
    """A new client; `read_timeout_s` is the longest silence of an answer, seconds.

    Raises EnvironmentProblem where the environment names a proxy or certificates of no use.
    """
    import httpx

    with convert_proxy_errors():
        return httpx.AsyncClient(timeout=build_timeouts(read_timeout_s), verify=load_tls_context())


def build_timeouts(read_timeout_s: float) -> httpx.Timeout:
    """Limits for every phase of an exchange, seconds."""
    import httpx

    return httpx.Timeout(read_timeout_s, connect=_CONNECT_S)


@lru_cache(maxsize=1)
def load_tls_context() -> ssl.SSLContext:
    """The certificates that TLS trusts; read once, since that takes longer than many requests.

    Raises EnvironmentProblem for certificates that can't be read.
    """
    import httpx

    try:
        return httpx.create_ssl_context()
    except OSError as error:
        variable = next((name for name in _CERTIFICATES if os.environ.get(name)), "")
        reason = error.strerror or type(error).__name__
        raise EnvironmentProblem(
            f"{variable or 'the file of the package certifi'} has no valid certificates: {reason}",
            hint=f"unset it, or set it to an existing PEM file; {_UNSENT_HINT}"
            if variable
            else f"install certifi again; {_UNSENT_HINT}",
        ) from error


@contextmanager
def convert_proxy_errors() -> Iterator[None]:
    """Says of a proxy that no client can be made for which variable names it."""
    import httpx

    try:
        yield
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        variable, cause = _find_bad_proxy_variable() or (
            "NO_PROXY or the system proxy",
            error,
        )
        if isinstance(cause, ImportError):
            raise EnvironmentProblem(
                f"{variable} names a SOCKS proxy, which needs another package",
                hint=f"pip install 'httpx[socks]', or set an http proxy; {_UNSENT_HINT}",
            ) from error
        raise EnvironmentProblem(
            f"{variable} is not a valid proxy",
            hint=f"unset it, or set it to http://HOST:PORT; {_UNSENT_HINT}",
        ) from error


def _find_bad_proxy_variable() -> tuple[str, Exception] | None:
    """The variable whose proxy can't be used, and why."""
    import httpx

    for scheme in ("http", "https", "all"):
        for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
            if proxy := os.environ.get(name, ""):
                try:
                    httpx.HTTPTransport(
                        proxy=proxy if "://" in proxy else f"http://{proxy}",
                        verify=load_tls_context(),
                    ).close()
                except (ImportError, ValueError, httpx.InvalidURL) as error:
                    return name, error
    return None
