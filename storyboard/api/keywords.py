"""Errors for a keyword that a function does not have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def name_known_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Makes the TypeError for an unknown keyword list the known ones."""

    @functools.wraps(function)
    def call_with_known_keywords(*arguments: P.args, **keywords: P.kwargs) -> T:
        _reject_unknown_keywords(function, keywords)
        return function(*arguments, **keywords)

    return call_with_known_keywords


def name_known_keywords_async(
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same for a function that is awaited."""

    @functools.wraps(function)
    async def call_with_known_keywords(*arguments: P.args, **keywords: P.kwargs) -> T:
        _reject_unknown_keywords(function, keywords)
        return await function(*arguments, **keywords)

    return call_with_known_keywords


def _reject_unknown_keywords(function: Callable[..., Any], keywords: Iterable[str]) -> None:
    known = inspect.signature(function).parameters
    for keyword in keywords:
        if keyword not in known:
            raise TypeError(
                f"{function.__name__}() got an unknown keyword '{keyword}'; use {', '.join(known)}"
            )
