"""Looking at our own address from outside, as a station would: its name, its port, its TLS."""

import asyncio
import contextlib
import ssl
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from ricarica.engine.diagnosis import Address
from ricarica.kernel.clock import Clock

LOOK_S = 4.0
KEPT = timedelta(minutes=1)  # whoever looks at several stations looks at one address


class Probe:
    """Looks now and then, however often it is asked."""

    def __init__(self, url: str | None, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._looking = asyncio.Lock()
        self._seen: tuple[datetime, Address] | None = None

    async def look(self) -> Address | None:
        if self._url is None:
            return None
        async with self._looking:
            now = self._clock.now()
            if self._seen is None or now - self._seen[0] > KEPT:
                self._seen = (now, await looked_at(self._url))
            return self._seen[1]


async def looked_at(url: str) -> Address:
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_secure = parts.scheme == "wss"
    port = parts.port or (443 if is_secure else 80)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOK_S):
            found = await loop.getaddrinfo(host, port)
    except (OSError, TimeoutError):
        return Address(url, host)
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    problem = await _problem(host, port, None)
    if problem is not None or not is_secure:
        return Address(url, host, addresses, problem)
    return await _secured(url, host, port, addresses)


async def _secured(url: str, host: str, port: int, addresses: tuple[str, ...]) -> Address:
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    certificate, problem = await _shown(host, port, anyone)
    if certificate is None:
        return Address(url, host, addresses, problem or "it shows no certificate")
    usual = ssl.create_default_context()
    usual.check_hostname = False
    is_trusted = await _problem(host, port, usual) is None
    return Address(
        url,
        host,
        addresses,
        names_fit=names(certificate, host),
        is_trusted=is_trusted,
        not_after=certificate.not_valid_after_utc,
    )


def names(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host, as stations compare it."""
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        known = [
            *listed.value.get_values_for_type(x509.DNSName),
            *map(str, listed.value.get_values_for_type(x509.IPAddress)),
        ]
    except x509.ExtensionNotFound:
        oid = x509.oid.NameOID.COMMON_NAME
        known = [str(each.value) for each in certificate.subject.get_attributes_for_oid(oid)]
    return any(_fits(each.lower(), host.lower()) for each in known)


def _fits(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


async def _shown(
    host: str, port: int, context: ssl.SSLContext
) -> tuple[x509.Certificate | None, str | None]:
    try:
        async with asyncio.timeout(LOOK_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        return None, _said(error)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    await _close(writer)
    return (x509.load_der_x509_certificate(shown) if shown else None), None


async def _problem(host: str, port: int, context: ssl.SSLContext | None) -> str | None:
    try:
        async with asyncio.timeout(LOOK_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        return _said(error)
    await _close(writer)
    return None


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "no answer in time"


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LOOK_S):
            await writer.wait_closed()
