"""Whether and how a station may compress what it sends (RFC 7692). Pure."""

from collections.abc import Iterable

_NAME = "permessage-deflate"
_FLAGS = frozenset({"server_no_context_takeover", "client_no_context_takeover"})
_WINDOWS = frozenset({"server_max_window_bits", "client_max_window_bits"})
_OFFERS_MAX = 8  # a client has one or two to make


def deflate_answer(lines: Iterable[str]) -> str | None:
    """The Sec-WebSocket-Extensions of our answer to what the client offers; None to decline.

    We ask that each message be compressed by itself, so that nothing is kept between two, and
    grant every wish about our own compression, because we never compress.
    """
    offers = [offer for line in lines for offer in line.split(",")]
    return next((answer for offer in offers[:_OFFERS_MAX] if (answer := _answer_to(offer))), None)


def _answer_to(offer: str) -> str | None:
    name, *parts = (part.strip() for part in offer.split(";"))
    wishes = dict(_parameter(part) for part in parts)
    if name != _NAME or len(wishes) != len(parts):
        return None
    if not all(_is_fit(wish, value) for wish, value in wishes.items()):
        return None
    answer = [_NAME, "server_no_context_takeover", "client_no_context_takeover"]
    if bits := wishes.get("server_max_window_bits"):
        answer.append(f"server_max_window_bits={bits}")
    return "; ".join(answer)


def _parameter(part: str) -> tuple[str, str | None]:
    name, equals, value = part.partition("=")
    return name.strip(), value.strip().strip('"') if equals else None


def _is_fit(name: str, value: str | None) -> bool:
    if name in _FLAGS:
        return value is None
    if value is None:
        return name == "client_max_window_bits"
    return name in _WINDOWS and value in {"8", "9", "10", "11", "12", "13", "14", "15"}
