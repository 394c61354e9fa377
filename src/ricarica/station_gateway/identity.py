"""Which station a path names: `/{identity}` or `/t/{tenant}/{identity}`, however oddly written."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId

# 1.6 gives no length, 2.x gives 48; what is registered already may be longer than that.
IDENTITY_LENGTH_MAX = 255
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Some stations put the whole address into the path: `/ws://host:9000/CP_1`.
_SCHEMES = frozenset({"ws:", "wss:", "http:", "https:"})


class UnfitPathError(InvalidError):
    """The path names no station."""


@dataclass(frozen=True, slots=True)
class Address:
    tenant: TenantId
    identity: str


def address_from(raw_path: str) -> Address:
    """Read a path as it came over the wire, percent-encoding and query included."""
    segments = _segments(raw_path)
    if not segments:
        raise UnfitPathError("the path names no station; put its identity at the end")
    if segments[0] != "t" or len(segments) == 1:
        return Address(DEFAULT_TENANT, _identity_from(segments[-1]))
    if len(segments) == 2:
        raise UnfitPathError("the path names a tenant, but no station of it")
    return Address(_tenant_from(segments[1]), _identity_from(segments[-1]))


def _segments(raw_path: str) -> list[str]:
    path = re.split(r"[?#]", raw_path, maxsplit=1)[0]
    segments = [segment for segment in path.split("/") if segment]
    return segments[2:] if segments and segments[0].lower() in _SCHEMES else segments


def _tenant_from(segment: str) -> TenantId:
    if not _TENANT.fullmatch(segment):
        raise UnfitPathError("a tenant's name has letters, digits, - and _ only, 63 at most")
    return TenantId(segment)


def _identity_from(segment: str) -> str:
    identity = _decoded_once(segment)
    if len(identity) > IDENTITY_LENGTH_MAX:
        raise UnfitPathError(f"an identity has {IDENTITY_LENGTH_MAX} characters at most")
    if identity in {".", ".."} or any(sign in identity for sign in "/\\:"):
        raise UnfitPathError("an identity is not a path and has no colon")
    # Control and format characters are not printable; a blank at an end is invisible.
    if not identity.isprintable() or identity != identity.strip():
        raise UnfitPathError("an identity has visible characters only")
    return identity


def _decoded_once(segment: str) -> str:
    if _BROKEN_ESCAPE.search(segment):
        raise UnfitPathError("the path has a % that begins no escape")
    try:
        # The HTTP parser keeps bytes outside ASCII as surrogates where they are not UTF-8.
        return unquote_to_bytes(segment.encode("utf-8", "surrogateescape")).decode()
    except UnicodeError:
        raise UnfitPathError("the path is not UTF-8") from None
