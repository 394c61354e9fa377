"""A bad line between two networks: it loses, doubles, or carries nothing at all."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.e2e.drills.namespaces import Networks

FRAME_MAX = 65_536
IS_OUTGOING = 4  # linux/if_packet.h: what we gave ourselves


@dataclass
class Wire:
    rng: Random
    loss: float = 0.0  # share of frames, each way
    doubled: float = 0.0
    is_cut: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"frames": 0, "frames_lost": 0})

    def carry(self, source: socket.socket, sink: socket.socket) -> None:
        """All frames that wait at one end."""
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, address = source.recvfrom(FRAME_MAX)
                if address[2] != IS_OUTGOING:
                    self._pass_on(frame, sink)

    def _pass_on(self, frame: bytes, sink: socket.socket) -> None:
        if self.is_cut or self.rng.random() < self.loss:
            self.counts["frames_lost"] += 1
            return
        self.counts["frames"] += 1
        for _ in range(1 + (self.rng.random() < self.doubled)):
            with contextlib.suppress(OSError):  # a full queue loses frames, as any does
                sink.send(frame)


@contextmanager
def wire_between(networks: Networks, rng: Random) -> Iterator[Wire]:
    wire, loop = Wire(rng), asyncio.get_running_loop()
    near, far = networks.ends
    loop.add_reader(near, wire.carry, near, far)
    loop.add_reader(far, wire.carry, far, near)
    try:
        yield wire
    finally:
        for end in networks.ends:
            loop.remove_reader(end)
