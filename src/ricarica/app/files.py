"""Where this process keeps files, and what stations are told about how to reach it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from ricarica.api.caller import House
from ricarica.app.config import Config
from ricarica.engine.files import MEGABYTE, FileLimits, Files, host_of

SOMEWHERE = ("192.0.2.1", 9)  # RFC 5737: no packet is sent to find out the way there
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on


def files_of(config: Config, http_port: int, ftp_port: int | None) -> Files:
    public_url = config.public_url or f"http://{_own_address(config.http_host)}:{http_port}"
    limits = FileLimits(
        image_max=config.image_max_mb * MEGABYTE,
        images_max=config.images_max_mb * MEGABYTE,
        log_max=config.log_max_mb * MEGABYTE,
        logs_max=config.logs_max_mb * MEGABYTE,
        logs_kept=timedelta(days=config.logs_kept_days),
    )
    ftp = None if ftp_port is None else (host_of(public_url), ftp_port)
    return Files(config.files or config.data / "files", public_url, limits, ftp)


def _own_address(host: str) -> str:
    """An address that others may reach, where we listen on all there are."""
    if host not in EVERYWHERE:
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


@asynccontextmanager
async def ftp_door(house: House, config: Config) -> AsyncIterator[int | None]:
    """Open if the operator wants it; gives the port it listens on."""
    if config.ftp_port is None:
        yield None
        return
    from ricarica.app.ftp import FtpDoor, open_ftp

    ports = config.ftp_ports
    door = FtpDoor(config.http_host, config.ftp_port, ports, config.ftp_address)
    async with open_ftp(house, door) as port:
        yield port
