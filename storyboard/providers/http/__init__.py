"""HTTP for providers: it sends what costs money at most once, and never shows a key.

This is the public module; docs/plugins.md says what it promises. It imports names when they are
first used, since planning loads a provider's module and needs no HTTP.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storyboard.providers.http.access import Access, read_key
    from storyboard.providers.http.base_url import resolve_base_url
    from storyboard.providers.http.download import download_file
    from storyboard.providers.http.error_body import ApiError
    from storyboard.providers.http.redaction import Redactor
    from storyboard.providers.http.request_media import encode_base64, read_picture_with_mime
    from storyboard.providers.http.response_shape import describe_shape
    from storyboard.providers.http.service import (
        Response,
        ServiceClient,
        Verdict,
        convert_unsent_errors,
    )
    from storyboard.providers.http.signed_urls import parse_url_expiry

__all__ = [
    "Access",
    "ApiError",
    "Redactor",
    "Response",
    "ServiceClient",
    "Verdict",
    "convert_unsent_errors",
    "describe_shape",
    "download_file",
    "encode_base64",
    "parse_url_expiry",
    "read_key",
    "read_picture_with_mime",
    "resolve_base_url",
]

_MODULES = {
    "access": ("Access", "read_key"),
    "base_url": ("resolve_base_url",),
    "download": ("download_file",),
    "error_body": ("ApiError",),
    "redaction": ("Redactor",),
    "request_media": ("encode_base64", "read_picture_with_mime"),
    "response_shape": ("describe_shape",),
    "service": ("Response", "ServiceClient", "Verdict", "convert_unsent_errors"),
    "signed_urls": ("parse_url_expiry",),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
