"""YAML 1.2 text -> plain data that remembers where every key and value stands.

PyYAML's C parser composes the nodes; resolving and constructing are ours, since PyYAML's own make
969 of `16:9`, 8 of `010` and False of `no`. A mapping becomes a `Map`, a list a `Seq`: ordinary
dict and list that also know their node. Aliased values are shared, so nobody may change them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from storyboard.errors import Diagnostic, Span
from storyboard.language.yaml.lookalikes import name_character
from storyboard.language.yaml.source import UnreadableSource
from storyboard.language.yaml.syntax_errors import explain_yaml_error

try:
    from yaml._yaml import CParser as _Base
except ImportError:  # a PyYAML that was built without libyaml: the same, many times slower
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Base(Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


class _Composer(_Base):
    """Gives each scalar the tag `_PLAIN` or `_QUOTED` and looks no further.

    Counts its own depth: the C code recurses without asking, and would overflow its stack.
    """

    _depth = 0

    def resolve(self, kind: Any, value: str, implicit: Any) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _QUOTED

    def descend_resolver(self, *_: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH + 2:
            raise _TooDeep

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _TooDeep(Exception):
    """Raised inside the parser; the place is looked for afterwards."""


MAX_DEPTH = 60
"""Lists and mappings inside each other; the language itself needs about ten."""
MAX_EXPANDED = 200_000
"""Values that aliases may repeat, in all."""

_PLAIN, _QUOTED = "plain", "quoted"
_CORE = "tag:yaml.org,2002:"
_TAGS = {"str", "int", "float", "bool", "null", "map", "seq"}
_NOT_TEXT = frozenset("+-.0123456789~nNtTfF")
"""First letters of what may be no text."""
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufffe\uffff]")
_BLANK = re.compile(r"\s")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")

Key: TypeAlias = str
Node: TypeAlias = Any
"""A node of PyYAML, whose stubs know less of it than it has."""


class Map(dict[Key, Any]):
    """A mapping of the text."""

    __slots__ = ("_pairs", "file", "node")

    def __init__(self, node: MappingNode, file: str) -> None:
        super().__init__()
        self.node = node
        self.file = file
        self._pairs: dict[str, tuple[Node, Node]] | None = None

    def find_node_pair(self, key: str) -> tuple[Node, Node] | None:
        """The nodes of a key and its value; those behind `<<` where it arrived by merge."""
        if self._pairs is None:
            self._pairs = _collect_node_pairs(self.node, 0)
        return self._pairs.get(key)

    def find_key_span(self, key: str) -> Span:
        """The text of the key, or of the mapping where it has no such key."""
        pair = self.find_node_pair(key)
        return _find_node_span(self.file, pair[0]) if pair else self.find_span()

    def find_value_span(self, key: str) -> Span:
        """The text of the value; of its key where there is no value."""
        pair = self.find_node_pair(key)
        if pair is None:
            return self.find_span()
        empty = pair[1].start_mark.index == pair[1].end_mark.index
        return _find_node_span(self.file, pair[0] if empty else pair[1])

    def find_span(self) -> Span:
        """Its first key; the braces where it has none."""
        if self.node.value:
            return _find_node_span(self.file, self.node.value[0][0])
        return _find_node_span(self.file, self.node)

    @property
    def is_in_braces(self) -> bool:
        return bool(self.node.flow_style)


class Seq(list[Any]):
    """A list of the text."""

    __slots__ = ("file", "node")

    def __init__(self, node: SequenceNode, file: str) -> None:
        super().__init__()
        self.node = node
        self.file = file

    def find_item_span(self, index: int) -> Span:
        """The text of an item; of its first key where it is a mapping."""
        if not 0 <= index < len(self.node.value):
            return self.find_span()
        item = self.node.value[index]
        if isinstance(item, MappingNode) and item.value:
            item = item.value[0][0]
        return _find_node_span(self.file, item)

    def find_span(self) -> Span:
        return _find_node_span(self.file, self.node)


def parse_yaml_with_problems(text: str, file_name: str) -> tuple[Any, list[Diagnostic]]:
    """The data of a text, and what is wrong with it short of being unreadable.

    A key that stands twice keeps its first value. Raises Unreadable where nothing can be read.
    """
    try:
        node = _Composer(text).get_single_node()
    except _TooDeep:
        raise _build_depth_error(text, file_name) from None
    except yaml.YAMLError as error:
        raise UnreadableSource(explain_yaml_error(error, text, file_name)) from None
    if node is None:
        raise UnreadableSource(
            Diagnostic(
                "SB004",
                f"`{file_name}` is empty",
                Span(file_name),
                "start a film like this:\nstoryboard: 1\nshots:\n  - {id: SH010, prompt: "
                "what the first shot shows, length: 4}",
            )
        )
    converter = _NodeConverter(text, file_name)
    return converter.convert_node(node, 0), converter.problems


class _NodeConverter:
    """One walk over the nodes of a text."""

    def __init__(self, text: str, file_name: str) -> None:
        self.text = text
        self.name = file_name
        self.problems: list[Diagnostic] = []
        self._open: set[int] = set()
        self._done: dict[int, tuple[Any, int]] = {}
        self._count = 0
        self._expanded = 0

    def convert_node(self, node: Node, depth: int) -> Any:
        if isinstance(node, ScalarNode):
            self._reject_control_character(node)
            text = compose_name(node.value)
            if node.tag is _PLAIN:
                return text if text and text[0] not in _NOT_TEXT else parse_plain_scalar(text)
            return text if node.tag is _QUOTED else self._convert_tagged_scalar(node)
        identity = id(node)
        if identity in self._done:
            built, size = self._done[identity]
            self._expanded += size
            if self._expanded > MAX_EXPANDED:
                raise self._build_unreadable_error(
                    "SB012", node, "the aliases expand to too many values", alias=True
                )
            return built
        if identity in self._open:
            raise self._build_unreadable_error(
                "SB013", node, "this alias is inside the value that it refers to", alias=True
            )
        if depth >= MAX_DEPTH:
            raise self._build_unreadable_error(
                "SB011", node, f"nested more than {MAX_DEPTH} levels deep"
            )
        self._open.add(identity)
        before = self._count + self._expanded
        built = (
            self._convert_mapping(node, depth)
            if isinstance(node, MappingNode)
            else self._convert_sequence(node, depth)
        )
        self._open.discard(identity)
        self._count += 1
        self._done[identity] = built, self._count + self._expanded - before
        return built

    def _convert_sequence(self, node: Node, depth: int) -> Seq:
        self._require_core_tag(node, "seq")
        built = Seq(node, self.name)
        for item in node.value:
            built.append(self.convert_node(item, depth + 1))
        self._count += len(built)
        return built

    def _convert_mapping(self, node: Node, depth: int) -> Map:
        self._require_core_tag(node, "map")
        built = Map(node, self.name)
        merges: list[Node] = []
        firsts: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = compose_name(key_node.value) if isinstance(key_node, ScalarNode) else ""
            if not isinstance(key_node, ScalarNode) or (not key and key_node.tag is _PLAIN):
                self._add_problem("SB010", key_node, "a key must be one word, or a text in quotes")
            elif key == "<<" and key_node.tag is _PLAIN:
                merges.append(value_node)
            elif key in built:
                first = _find_node_span(self.name, firsts[key])
                self._add_problem(
                    "SB009",
                    key_node,
                    f"duplicate key `{key}`",
                    hint=f"delete one of the two; the first is in line {first.line}",
                    related=((first, "first defined here"),),
                )
            else:
                self._reject_control_character(key_node)
                firsts[key] = key_node
                built[key] = self.convert_node(value_node, depth + 1)
        for merge in merges:
            self._apply_merge_key(built, merge, depth)
        self._count += len(built)
        return built

    def _apply_merge_key(self, mapping: Map, merge_node: Node, depth: int) -> None:
        parts = merge_node.value if isinstance(merge_node, SequenceNode) else [merge_node]
        for part in parts:
            merged_mapping = self.convert_node(part, depth + 1)
            if not isinstance(merged_mapping, Map):
                raise self._build_unreadable_error(
                    "SB017", part, "`<<` needs an alias of a mapping"
                )
            self._expanded += len(merged_mapping)
            for key, value in merged_mapping.items():
                mapping.setdefault(key, value)

    def _convert_tagged_scalar(self, node: ScalarNode) -> Any:
        tag = node.tag.removeprefix(_CORE)
        if tag not in _TAGS - {"map", "seq"} and tag != "!":
            self._raise_unknown_tag(node)
        return node.value if tag in ("str", "!") else parse_plain_scalar(node.value)

    def _require_core_tag(self, node: Node, core_tag: str) -> None:
        if node.tag is not _QUOTED and node.tag not in ("!", _CORE + core_tag):
            self._raise_unknown_tag(node)

    def _raise_unknown_tag(self, node: Node) -> None:
        tag = node.tag.replace(_CORE, "!!")
        message = f"unknown tag `{tag}`"
        raise self._build_unreadable_error(
            "SB015", node, message, hint="put a text that starts with ! in quotes"
        )

    def _reject_control_character(self, node: ScalarNode) -> None:
        """Refuses what no person types and no screen, file or model takes as text."""
        if node.value.isprintable():
            return  # the usual case, and quick
        if match := _CONTROL.search(node.value):
            self._add_problem(
                "SB018",
                node,
                f"the text holds a control character: {name_character(match[0])}",
                hint="delete it, or the escape that makes it",
            )

    def _add_problem(
        self,
        code: str,
        node: Node,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        span = _find_node_span(self.name, node)
        self.problems.append(Diagnostic(code, message, span, hint, related=related))

    def _build_unreadable_error(
        self, code: str, node: Node, message: str, alias: bool = False, hint: str = ""
    ) -> UnreadableSource:
        span = (
            _find_alias_span(self.text, self.name, node)
            if alias
            else _find_node_span(self.name, node)
        )
        return UnreadableSource(Diagnostic(code, message, span, hint))


def compose_name(text: str) -> str:
    """A text that may be a name in its composed form (NFC), so that equal names are equal.

    Prose stays as it is typed.
    """
    return text if text.isascii() or _BLANK.search(text) else unicodedata.normalize("NFC", text)


def parse_plain_scalar(text: str) -> Any:
    """What an unquoted scalar means: null, true, false, a number, else its text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return text if _is_all_digits(text) else number
    return text


def _is_all_digits(text: str) -> bool:
    """A whole number too long to be one: kept as text."""
    return text.lstrip("+-").isdigit()


def _collect_node_pairs(node: Node, depth: int) -> dict[str, tuple[Node, Node]]:
    """Key to its nodes, the first of each; what a `<<` brings in comes after the mapping's own."""
    pairs: dict[str, tuple[Node, Node]] = {}
    merged: list[Node] = []
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            continue
        if key_node.value == "<<" and key_node.tag is _PLAIN:
            is_sequence = isinstance(value_node, SequenceNode)
            merged += value_node.value if is_sequence else [value_node]
        else:
            pairs.setdefault(compose_name(key_node.value), (key_node, value_node))
    for part in merged:
        if isinstance(part, MappingNode) and depth < MAX_DEPTH:
            for key, pair in _collect_node_pairs(part, depth + 1).items():
                pairs.setdefault(key, pair)
    return pairs


def _find_node_span(file_name: str, node: Node) -> Span:
    """The text of a node; a block ends with its last value, a block scalar with its first line."""
    start, last = node.start_mark, node
    while not getattr(last, "flow_style", True) and last.value:
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
        if last.start_mark.index < start.index:  # an alias
            last = node
            break
    end = last.end_mark
    if getattr(last, "style", None) in ("|", ">") or (last is node and _is_block_collection(node)):
        return Span(file_name, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
    return Span(file_name, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _is_block_collection(node: Node) -> bool:
    return not isinstance(node, ScalarNode) and not node.flow_style


def _build_depth_error(text: str, file_name: str) -> UnreadableSource:
    """The refusal, at the first list or mapping that is too deep."""
    depth, span = 0, Span(file_name)
    for event in _parse_yaml_events(text):
        mark = event.start_mark
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line, column = mark.line + 1, mark.column + 1
                span = Span(file_name, line, column, line, column + 1)
                break
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
    return UnreadableSource(Diagnostic("SB011", f"nested more than {MAX_DEPTH} levels deep", span))


def _find_alias_span(text: str, file_name: str, anchored_node: Node) -> Span:
    """The first alias that repeats, or stands inside, the anchored node."""
    anchors: dict[Any, int] = {}
    for event in _parse_yaml_events(text):
        mark, end, anchor = event.start_mark, event.end_mark, getattr(event, "anchor", None)
        if isinstance(event, AliasEvent):
            if anchors.get(anchor) == anchored_node.start_mark.index:
                return Span(file_name, mark.line + 1, mark.column + 1, end.line + 1, end.column + 1)
        elif anchor:
            anchors[anchor] = mark.index
    return _find_node_span(file_name, anchored_node)


def _parse_yaml_events(text: str) -> Iterator[Any]:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)
