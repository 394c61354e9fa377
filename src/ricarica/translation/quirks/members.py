"""Members that should not be there, or not twice. Only looked for where they are rare."""

import json
from functools import cache

import msgspec

from ricarica.ocpp.payload import Payload

# Seldom said, and each decides about money or access; readings come too often for a second look.
LOOKED_THROUGH = frozenset({"Authorize", "BootNotification", "StartTransaction", "StopTransaction"})
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def has_extras(raw: bytes, kind: type[Payload]) -> bool:
    """Whether there are members that the protocol does not know, at the top."""
    return not _decoder.decode(raw).keys() <= _names(kind)


def named_twice(raw: bytes, kind: type[Payload]) -> str | None:
    """A required member that is there more than once: who reads which is anybody's guess."""
    suspects = [name for name in _required(kind) if raw.count(b'"%s"' % name.encode()) > 1]
    if not suspects:
        return None
    pairs: list[tuple[str, object]] = json.loads(raw, object_pairs_hook=list, strict=False)
    names = [name for name, _ in pairs]
    return next((name for name in suspects if names.count(name) > 1), None)


@cache
def _names(kind: type[Payload]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


@cache
def _required(kind: type[Payload]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(kind) if field.required)
