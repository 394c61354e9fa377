"""Which addresses are those of the public internet, and nobody's own network."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: what else there is, is of some other use
# An IPv4 address stands at the end of these, and somebody may send there what comes for it:
# RFC 4291 §2.5.5, RFC 6052 §2.1.
_CARRIERS = (IPv6Network("::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_OF_PROTOCOLS = IPv4Network("192.0.0.0/24")  # RFC 6890 §2.2.2


def is_public(address: str) -> bool:
    """Whether it may be asked by who must not reach our own network: not ours, not a neighbour's,
    no service's, in whatever guise."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    plain = _carried(parsed) if isinstance(parsed, IPv6Address) else parsed
    if not plain.is_global or plain.is_multicast:
        return False
    return plain in _UNICAST if isinstance(plain, IPv6Address) else plain not in _OF_PROTOCOLS


def _carried(address: IPv6Address) -> IPv4Address | IPv6Address:
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
