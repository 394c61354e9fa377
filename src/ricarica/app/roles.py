"""What a process is there for. Most are there for everything."""

from enum import StrEnum

from ricarica.kernel.errors import InvalidError


class Role(StrEnum):
    GATEWAY = "gateway"  # holds the stations' sockets
    CORE = "core"  # decides what they say
    WEB = "web"  # pages and API
    WORKER = "worker"  # timers, and what dead processes left behind


ALL_ROLES = frozenset(Role)


def roles_from(text: str) -> frozenset[Role]:
    """From names with commas in between.

    Raises:
        InvalidError: one of them is none of ours.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(Role)
    if unknown or not names:
        given = ", ".join(sorted(unknown)) or "none"
        raise InvalidError(f"{given} given; there are {', '.join(Role)}, with commas in between")
    return frozenset(map(Role, names))
