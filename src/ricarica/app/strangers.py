"""Asking strangers over HTTP, and never anybody in our own network.

Stations name the addresses that we ask, so each is looked at before anything is sent: only the
public internet may be asked, and hosts that the operator has named. A name is resolved once, and
the connection goes to the very address that was looked at; nobody is followed elsewhere.
"""

import asyncio
import base64
import errno
import ipaddress
import json
from collections.abc import Collection
from socket import AddressFamily
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from ricarica.certificates.chains import ordered
from ricarica.certificates.model import CarAnswer, CarRequest, Purpose
from ricarica.certificates.ports import Assignment, RefusedBySignerError, UnreachableError
from ricarica.certificates.reading import pem_of
from ricarica.kernel.internet import is_public

FETCH_S = 4.0  # of the five that a car waits
ASK_S = 25.0  # a partner that the operator has chosen, and who asks others in turn
SIGN_S = 60.0
BYTES_MAX = 1 << 20  # of a list of revoked certificates; an OCSP response has a few thousand
USER_AGENT = "ricarica"


class PublicOnly(AbstractResolver):
    """Resolves names, and gives only addresses that may be asked."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if host in self._allowed:
            return found
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise OSError(errno.EACCES, f"{host} is none of the public internet")
        return public

    async def close(self) -> None:
        await self._resolver.close()


def checked_url(url: str, allowed: Collection[str]) -> str:
    """
    Raises:
        UnreachableError: this may not be asked.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UnreachableError("this is no address") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise UnreachableError("only http:// and https:// are asked")
    if port == 0 or host in allowed:
        return url
    # A name is looked at when it is resolved; an address as such would not be.
    if _is_address(host) and not is_public(host):
        raise UnreachableError(f"{host} is none of the public internet")
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # What a resolver takes for one all the same, such as 127.1 or 0x7f000001.
        return not any(sign.isalpha() for sign in host.rpartition(".")[2]) or host.startswith("0x")
    return True


class PublicFetch:
    """Implements `certificates.ports.Fetch`."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(allowed)

    async def __call__(self, url: str, body: bytes | None, kind: str | None) -> bytes:
        checked = checked_url(url, self._allowed)
        headers = {"Content-Type": kind} if kind else {}
        connector = aiohttp.TCPConnector(resolver=PublicOnly(self._allowed), force_close=True)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=aiohttp.ClientTimeout(total=FETCH_S),
                    headers={"User-Agent": USER_AGENT},
                ) as session,
                session.request(
                    "GET" if body is None else "POST",
                    checked,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                if response.status != 200:
                    raise UnreachableError(f"it answered {response.status}")
                return await _bounded(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnreachableError(str(error) or "it did not answer in time") from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(1 << 14):
        content += chunk
        if len(content) > BYTES_MAX:
            raise UnreachableError("its answer is too long")
    return bytes(content)


class Partner:
    """Somebody whom the operator has chosen, at an address of the configuration."""

    def __init__(self, url: str, token: str | None, timeout_s: float) -> None:
        self._url = url
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def post(self, body: bytes, kind: str, *, path: str = "") -> bytes:
        """
        Raises:
            UnreachableError: nobody answered.
            RefusedBySignerError: the answer is no, and would be so again.
        """
        headers = {"Content-Type": kind, "User-Agent": USER_AGENT}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._url.rstrip('/')}{path}"
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, headers=headers) as session,
                session.post(url, data=body, allow_redirects=False) as response,
            ):
                if response.status in (400, 403, 422):
                    raise RefusedBySignerError(f"it was refused with {response.status}")
                if response.status != 200:
                    raise UnreachableError(f"it answered {response.status}")
                return await _bounded(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnreachableError(str(error) or "it did not answer in time") from error


class ContractPool:
    """Implements `ContractProvider`: a pool of signed contracts, asked as in the Open Plug&Charge
    Protocol: the car's request goes in as it is, and what is for the car comes out."""

    def __init__(self, url: str, token: str | None) -> None:
        self._partner = Partner(url, token, ASK_S)

    async def ask(self, request: CarRequest) -> tuple[CarAnswer, ...]:
        body = {"certificateInstallationReq": request.exi, "xsdMsgDefNamespace": request.schema}
        try:
            answer = await self._partner.post(json.dumps(body).encode(), "application/json")
            return answers_in(json.loads(answer))
        except RefusedBySignerError as error:
            raise UnreachableError(str(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise UnreachableError("the pool's answer cannot be read") from error


def answers_in(answer: Any) -> tuple[CarAnswer, ...]:
    content = answer["CCPResponse"]["emaidContent"]
    every = content if isinstance(content, list) else [content]
    found = tuple(
        CarAnswer(str(each["messageDef"]["certificateInstallationRes"])) for each in every
    )
    if not found:
        raise UnreachableError("there is no contract for this car")
    return found


class EnrolmentServer:
    """Implements `Authority`: somebody else's, by EST (RFC 7030 §4.2)."""

    is_ours = False

    def __init__(self, url: str, token: str | None) -> None:
        self._partner = Partner(url, token, SIGN_S)

    async def sign(self, assignment: Assignment) -> str:
        der = x509.load_pem_x509_csr(assignment.csr.encode()).public_bytes(
            serialization.Encoding.DER
        )
        path = "" if assignment.purpose is Purpose.STATION else f"/{assignment.purpose.value}"
        answer = await self._partner.post(
            base64.encodebytes(der), "application/pkcs10", path=f"{path}/simpleenroll"
        )
        return await asyncio.to_thread(chain_in, answer)


def chain_in(answer: bytes) -> str:
    """PKCS#7 as EST gives it: in any order, perhaps with the root."""
    try:
        certificates = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer))
    except ValueError as error:
        raise UnreachableError("what the authority gave is no PKCS#7") from error
    chain = [each for each in ordered(certificates) if each.issuer != each.subject]
    if not chain:
        raise UnreachableError("the authority gave no certificate")
    return pem_of(chain)
