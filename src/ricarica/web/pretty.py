"""JSON laid out for reading, with every character kept as it came over the wire."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<literal>-?\d[\d.eE+-]*|true|false|null)'
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<colon>:)|(?P<space>\s+)",
    re.DOTALL,
)
INDENT_MAX = 24  # deeper lines would leave the screen
INLINE_MAX = 72  # a pair of brackets without others inside stays on one line up to this length


def pretty_json(text: str) -> Markup:
    """Markup with keys and values apart; what is not JSON is shown as it is."""
    tokens = list(_tokens(text))
    if sum(len(value) for _, value in tokens) != len(text):
        return escape(text)
    return Markup("").join(_laid_out([token for token in tokens if token[0] != "space"]))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while found := TOKEN.match(text, position):
        assert found.lastgroup, "every alternative of the pattern has a name"
        yield found.lastgroup, found.group()
        position = found.end()


def _laid_out(tokens: list[tuple[str, str]]) -> Iterator[Markup]:
    depth = 0
    inline_until = -1
    for index, (kind, text) in enumerate(tokens):
        if kind == "open" and index > inline_until:
            inline_until = _inline_end(tokens, index)
        is_inline = index <= inline_until
        if kind == "close":
            depth -= 1
            yield Markup("") if is_inline else _line(depth)
        is_key = kind == "string" and index + 1 < len(tokens) and tokens[index + 1][0] == "colon"
        yield _painted("key" if is_key else kind, text)
        if kind == "open":
            depth += 1
        if kind == "colon" or (kind == "comma" and is_inline):
            yield Markup(" ")
        elif kind in {"open", "comma"} and not is_inline:
            yield _line(depth)


def _inline_end(tokens: list[tuple[str, str]], start: int) -> int:
    """Where this bracket closes, if it is short and holds no other; else before its start."""
    length = 0
    for index in range(start + 1, len(tokens)):
        kind, text = tokens[index]
        length += len(text) + 1
        if kind == "open" or length > INLINE_MAX:
            return -1
        if kind == "close":
            return index
    return -1


def _line(depth: int) -> Markup:
    return escape("\n" + "  " * max(0, min(depth, INDENT_MAX)))


def _painted(kind: str, text: str) -> Markup:
    if kind in {"key", "string", "literal"}:
        return Markup('<span class="json-{}">{}</span>').format(kind, text)
    return escape(text)
