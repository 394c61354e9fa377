"""Networks of our own on one machine: namespaces of Linux, if we may make any."""

import ctypes
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SIOCETHTOOL = 0x8946
# Checksums, scatter-gather, segmentation: what a card would do, and nobody does on our wire.
OFFLOADS = (0x17, 0x19, 0x1F, 0x24)
PROGRAM_S = 10
NEAR, FAR = "10.231.77.1", "10.231.77.2"
FRAMES_WAITING = 4 << 20  # bytes, for a relay that is busy with something else


class CannotMakeNetworksError(Exception):
    """Nobody but root may, and in some containers not even they."""


@dataclass(frozen=True, slots=True)
class Networks:
    """We are at `NEAR`, and what lives in `far` at `FAR`; between them is what `ends` relay."""

    far: str
    ends: tuple[socket.socket, socket.socket]


def enter(namespace: str) -> None:
    """For the thread that calls this, and what it begins."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        if libc.setns(number, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    finally:
        os.close(number)


@contextmanager
def two_networks() -> Iterator[Networks]:
    """
    Raises:
        CannotMakeNetworksError: this machine does not let us.
    """
    far, middle = f"drill-far-{os.getpid()}", f"drill-mid-{os.getpid()}"
    with ExitStack() as undo:
        for namespace in (far, middle):
            _ip("netns", "add", namespace)
            undo.callback(_ip, "netns", "delete", namespace)
        _cable("drill0", NEAR, None, middle)
        undo.callback(_ip, "link", "delete", "drill0")
        _cable("drill1", FAR, far, middle)
        ends = (_end_of("drill0", middle), _end_of("drill1", middle))
        for end in ends:
            undo.callback(end.close)
        yield Networks(far, ends)


def _cable(name: str, address: str, namespace: str | None, middle: str) -> None:
    """From a namespace, or from where we are, to the middle."""
    _ip("link", "add", name, "type", "veth", "peer", "name", f"{name}w", "netns", middle)
    inside = () if namespace is None else ("-n", namespace)
    if namespace is not None:
        _ip("link", "set", name, "netns", namespace)
        _ip(*inside, "link", "set", "lo", "up")
    _ip(*inside, "address", "add", f"{address}/30", "dev", name)
    _ip(*inside, "link", "set", name, "up")
    _ip("-n", middle, "link", "set", f"{name}w", "up")
    _within(namespace, _no_offloads, name)


def _ip(*arguments: str) -> None:
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=PROGRAM_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotMakeNetworksError(f"ip {' '.join(arguments)}: {error}") from error


def _end_of(name: str, middle: str) -> socket.socket:
    """Takes and gives whole frames at the middle's end of a cable."""
    return _within(middle, _packet_socket, f"{name}w")


def _within(namespace: str | None, work: Callable[[str], T], name: str) -> T:
    """Sockets belong to the namespace of the thread that makes them, for as long as they live."""

    def there() -> T:
        if namespace is not None:
            enter(namespace)
        return work(name)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(there).result()


def _packet_socket(name: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, FRAMES_WAITING)
    end.bind((name, 0))
    end.setblocking(False)
    return end


def _no_offloads(name: str) -> None:
    with socket.socket() as any_socket:
        for command in OFFLOADS:
            off = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", name.encode(), ctypes.addressof(off))
            ioctl(any_socket, SIOCETHTOOL, request)
