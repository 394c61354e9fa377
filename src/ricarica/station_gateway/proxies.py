"""Who came, when a proxy or a load balancer stands between. Pure.

What a proxy says about a connection counts only when it comes from an address that the operator
trusts. From anybody else it would be a way to be whoever one likes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from ricarica.kernel.errors import InvalidError
from ricarica.link.letters import ClientCertificate

Network = IPv4Network | IPv6Network
_HOPS_MAX = 16  # proxies between a station and us; there are one or two


class Peer(NamedTuple):
    remote: str  # address of the station, without port
    secure: bool  # whether what the station speaks is encrypted
    certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are trusted.

    Args:
        networks: Their addresses.
        announce: They begin each connection with a header of the PROXY protocol.
    """

    networks: tuple[Network, ...] = ()
    announce: bool = False

    def trust(self, remote: str) -> bool:
        if not self.networks:
            return False
        address = address_in(remote)
        return address is not None and any(address in network for network in self.networks)

    def peer_behind(
        self, peer: Peer, forwarded_for: Iterable[str], forwarded_proto: Iterable[str]
    ) -> Peer:
        """Whom a proxy speaks for, by the lines of X-Forwarded-For and X-Forwarded-Proto.

        Each proxy adds at the end, and what stands before may come from the station itself: so
        it is read from the end, as far as those who wrote it are trusted.
        """
        if not self.trust(peer.remote):
            return peer
        remote = peer.remote
        for hop in reversed(_words(forwarded_for)[-_HOPS_MAX:]):
            address = address_in(hop)
            if address is None:
                break
            remote = str(address)
            if not self.trust(remote):
                break
        last = _words(forwarded_proto)[-1:]
        secure = last[0].lower() in {"https", "wss"} if last else peer.secure
        return peer._replace(remote=remote, secure=secure)


def network_of(remote: str) -> str:
    """Whom an address stands for: who has one of IPv6 has 2^64 of them."""
    address = address_in(remote)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return remote if address is None else str(address)


NO_PROXIES = Proxies()


def networks_from(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and CIDR ranges, as `10.0.0.0/8` or `::1`.

    Raises:
        InvalidError: one is neither.
    """
    return tuple(_network_from(text.strip()) for text in texts if text.strip())


def _network_from(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise InvalidError(f"{text} is no address and no range such as 10.0.0.0/8") from None


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """An address, also with a port, a zone or in brackets, as proxies write it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _words(lines: Iterable[str]) -> list[str]:
    return [word for line in lines for part in line.split(",") if (word := part.strip())]
