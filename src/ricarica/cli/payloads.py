"""Payloads as they are typed: JSON, a file of it, or members by name."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ricarica.cli.ports import UsageError


def payload_from(words: Sequence[str]) -> bytes:
    """
    Raises:
        UsageError: it is neither of them.
    """
    match list(words):
        case []:
            return b"{}"
        case ["-"]:
            return sys.stdin.read().encode()
        case [name] if name.startswith("@"):
            return _file(name[1:])
        case [text] if text.lstrip().startswith(("{", "[")):
            return text.encode()
        case pairs:
            return msgspec.json.encode(_members(pairs))


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error


def _members(pairs: Sequence[str]) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for pair in pairs:
        path, is_given, text = pair.partition("=")
        if not is_given or not path:
            raise UsageError(f"{pair!r} is neither JSON nor name=value")
        *outer, name = path.split(".")
        place = payload
        for each in outer:
            place = place.setdefault(each, {})
            if not isinstance(place, dict):
                raise UsageError(f"{each} is given as a value, and as an object in {pair!r}")
        place[name] = _value(text)
    return payload


def _value(text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(text.encode()) if isinstance(value, float) else value  # 10.10 stays so
