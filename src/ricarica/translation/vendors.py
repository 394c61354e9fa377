"""What makers and initiatives add to OCPP in DataTransfer, and who here answers it. P01, P02

A vendor's line names its messages; `None` stands for a message without a name. What no line names
is answered as the specification wants it: the vendor, or the message, is unknown.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ricarica.slices import Slices
from ricarica.translation.route import Origin


class TransferStatus(StrEnum):
    """The values are those of every dialect."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE = "UnknownMessageId"
    UNKNOWN_VENDOR = "UnknownVendorId"


@dataclass(frozen=True, slots=True)
class Transfer:
    """`data` is a text in 1.6, and anything that JSON can say in 2.x."""

    vendor: str
    message: str | None
    data: Any


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    status: TransferStatus
    data: Any = None


TransferHandler = Callable[[Transfer, Origin, Slices], Awaitable[TransferAnswer]]


async def echo(transfer: Transfer, _origin: Origin, _slices: Slices) -> TransferAnswer:
    """What came goes back: to try out whether the way is open."""
    return TransferAnswer(TransferStatus.ACCEPTED, transfer.data)


VENDORS: Mapping[str, Mapping[str | None, TransferHandler]] = {
    "org.ricarica": {"Echo": echo},
}


async def answer(transfer: Transfer, origin: Origin, slices: Slices) -> TransferAnswer:
    messages = VENDORS.get(transfer.vendor)
    if messages is None:
        return TransferAnswer(TransferStatus.UNKNOWN_VENDOR)  # P02.FR.06
    handle = messages.get(transfer.message)
    if handle is None:
        return TransferAnswer(TransferStatus.UNKNOWN_MESSAGE)  # P02.FR.07
    return await handle(transfer, origin, slices)
