"""What CometAPI's chat answers: a stream of server-sent events, or one JSON document.

The shape is not documented. This reads what gateways of its kind are seen to send: progress, and
errors too, in `reasoning_content`; the result as an address somewhere in `content`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from storyboard.providers.http.error_body import parse_json

_SRC = re.compile(r"\bsrc\s*=\s*(?:'(https?://[^'\s]+)'|\"(https?://[^\"\s]+)\")", re.IGNORECASE)
_LINK = re.compile(r"\]\(\s*<?(https?://[^\s)>]++)>?[^)]*+\)", re.IGNORECASE)
_BARE = re.compile(r"https?://[^\s'\"<>()\[\]{}]+", re.IGNORECASE)
_VIDEOS = (".mp4", ".webm", ".mov", ".m4v")
_OTHERS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".js", ".css", ".html", ".htm")
_PROGRESS = re.compile(r"\d{1,3}(?:\.\d+)?\s?%(?:\.{2,3}|…)?")
_STEPS = re.compile(r"^[^\S\n]*progress\W*\d{1,3}(?:\.\d+)?\s?%\W*$", re.IGNORECASE | re.MULTILINE)
_LINES = re.compile(r"\r\n|\n|\r")
_WORDS = 300


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """The part of a chat's answer that arrived."""

    id: str = ""
    content: str = ""
    thinking: str = ""
    """`reasoning_content`: progress, or why it failed."""
    error: str = ""
    has_ended: bool = False
    """It says itself that this is its end."""
    is_chat: bool = False
    """It is one: a choice, an error or an end was in it."""

    @property
    def url(self) -> str:
        """Where the video is; empty where no address came, or perhaps only a part of one."""
        return find_video_url(self.content, is_complete=self.has_ended)

    @property
    def reason(self) -> str:
        """The service's own words for why there is no video."""
        text = self.error or self.content or _PROGRESS.sub(" ", _STEPS.sub(" ", self.thinking))
        return " ".join(text.split())[-_WORDS:]


def parse_answer(body: bytes) -> ChatAnswer:
    """Reads a body, streamed or not, whole or broken off."""
    document = parse_json(body)
    if isinstance(document, Mapping):
        return replace(_merge_chat_chunks([document]), has_ended=True)
    event_texts = list(split_server_sent_events(body))
    chunks = [
        chunk for event in event_texts if isinstance(chunk := parse_json(event.encode()), Mapping)
    ]
    answer = _merge_chat_chunks(chunks)
    has_end_mark = any(event.strip() == "[DONE]" for event in event_texts)
    return replace(
        answer, has_ended=has_end_mark or answer.has_ended, is_chat=has_end_mark or answer.is_chat
    )


def split_server_sent_events(body: bytes) -> Iterator[str]:
    """The data of every event of a stream.

    Lines end in LF, CRLF or CR. Comments and fields other than `data` are skipped. The last event
    counts even without an empty line after it.
    """
    data: list[str] = []
    for line in (*_LINES.split(body.decode("utf-8-sig", "replace")), ""):
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def find_video_url(text: str, *, is_complete: bool = True) -> str:
    """The last address of a video in a text: in `src`, else in a Markdown link, else bare.

    If the text is not complete, only an address with its closing mark counts.
    """
    candidates: list[tuple[bool, int, int, str]] = []
    for rank, pattern in enumerate((_BARE, _LINK, _SRC)):
        if pattern is _BARE and not is_complete:
            continue
        for match in pattern.finditer(text):
            url = next((group for group in match.groups() if group), match[0])
            url = url.replace("&amp;", "&").rstrip(".,;:!?*")
            path = _parse_url_path(url)
            if path is not None and not path.endswith(_OTHERS):
                is_video = pattern is _SRC or path.endswith(_VIDEOS)
                candidates.append((is_video, rank, match.start(), url))
    return max(candidates, default=(False, 0, 0, ""))[3]


def _merge_chat_chunks(chunks: list[Mapping[str, Any]]) -> ChatAnswer:
    content, thinking = [], []
    name, error, has_ended, is_chat = "", "", False, False
    for chunk in chunks:
        chunk_id = chunk.get("id")
        name = name or (chunk_id if isinstance(chunk_id, str) else "")
        if problem := chunk.get("error"):
            error, is_chat, has_ended = _extract_error_message(problem), True, True
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, Mapping):
                continue
            is_chat = True
            has_ended = has_ended or bool(choice.get("finish_reason"))
            part = choice.get("delta") or choice.get("message")
            if isinstance(part, Mapping):
                content.append(_extract_message_text(part.get("content")))
                thinking.append(_extract_message_text(part.get("reasoning_content")))
    return ChatAnswer(name, "".join(content), "".join(thinking), error, has_ended, is_chat)


def _extract_message_text(content: Any) -> str:
    """A message's words; of one in parts, their words and addresses."""
    if isinstance(content, str):
        return content
    pieces = []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping):
            link = part.get("video_url")
            url = link.get("url") if isinstance(link, Mapping) else link
            pieces.append(
                f' src="{url}" '
                if isinstance(url, str)
                else _extract_message_text(part.get("text"))
            )
    return "".join(pieces)


def _extract_error_message(error: Any) -> str:
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("code") or error.get("type")
    return error if isinstance(error, str) and error else "an error without a message"


def _parse_url_path(url: str) -> str | None:
    """The path of the address, in lower case; None if the text is not an address."""
    try:
        url.encode()
        parts = urlsplit(url)
        is_valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts.path.lower() if is_valid else None
