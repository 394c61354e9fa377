"""What every dialect tells of certificates in the same words."""

from typing import Any

from ricarica.certificates.commands import DeliverCertificate
from ricarica.certificates.model import HashData
from ricarica.slices import Slices
from ricarica.translation.route import Origin


def plain(hashes: HashData) -> dict[str, str]:
    """For people and programs that read an answer."""
    return {
        "algorithm": hashes.algorithm.value,
        "issuer_name": hashes.issuer_name,
        "issuer_key": hashes.issuer_key,
        "serial": hashes.serial,
    }


async def remember_delivered(
    command: DeliverCertificate, response: Any, origin: Origin, slices: Slices
) -> None:
    """A02.FR.07, FR.08: the station took it, or did not."""
    info = getattr(response, "status_info", None)
    detail = " ".join(filter(None, (info.reason_code, info.additional_info))) if info else ""
    is_taken = str(response.status) == "Accepted"
    await slices.certificates.delivered(
        origin.station,
        command.id,
        origin.received_at,
        refused_for=None if is_taken else detail or "the station refused it",
    )
