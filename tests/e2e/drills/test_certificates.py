"""The server's certificate is renewed while stations charge behind the old one."""

import asyncio
import os
import signal
import ssl
from pathlib import Path

import pytest
import trustme

from tests.e2e.drills.charging import more_acks
from tests.e2e.drills.drill import Record, drill
from tests.e2e.drills.forked import Plight, free_port

pytestmark = pytest.mark.slow
RENEWED_S = 10.0


class Files:
    """A certificate and its key, where the server looks for them."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        self.authority = folder / "authority.pem"
        self._issuer = trustme.CA()
        self._issuer.cert_pem.write_to_path(self.authority)

    def renew(self, *, key_too: bool = True) -> bytes:
        """Returns the new certificate, in DER."""
        issued = self._issuer.issue_cert("127.0.0.1")
        self.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        if key_too:
            issued.private_key_pem.write_to_path(self.key)
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


async def shown_at(port: int, authority: Path) -> bytes:
    """The certificate that a newcomer sees, in DER."""
    context = ssl.create_default_context(cafile=str(authority))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    encrypted: ssl.SSLObject = writer.get_extra_info("ssl_object")
    seen = encrypted.getpeercert(binary_form=True)
    writer.transport.abort()
    assert seen is not None, "a server always shows one"
    return seen


async def comes_to_show(port: int, files: Files, expected: bytes) -> None:
    async with asyncio.timeout(RENEWED_S):
        while await shown_at(port, files.authority) != expected:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.05)


async def test_a_certificate_is_renewed_without_losing_a_station(
    tmp_path: Path, record_property: Record
) -> None:
    files, port = Files(tmp_path), free_port()
    renewed = files.renew()
    plight = Plight(
        {"tls_certificate": files.certificate, "tls_key": files.key, "station_tls_port": port}
    )
    url = f"sqlite:///{tmp_path}/ricarica.db"
    async with drill(
        url,
        tmp_path,
        record_property,
        plight=plight,
        at=f"wss://127.0.0.1:{port}",
        ca_file=files.authority,
    ) as held:
        await held.charge()
        for _ in range(3):
            renewed = files.renew()
            os.kill(held.server.pid, signal.SIGHUP)
            await comes_to_show(port, files, renewed)
            await held.charge(5)
        files.renew(key_too=False)  # half of it: as between two copies
        os.kill(held.server.pid, signal.SIGHUP)
        await more_acks(held.fleet, 5)
        await comes_to_show(port, files, renewed)
        assert [client.connections for client in held.fleet.clients] == [1] * 10
        held.figures["renewed"] = 3
