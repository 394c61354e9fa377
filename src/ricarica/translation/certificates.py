"""What every dialect tells of certificates in the same words."""

from typing import Any

from ricarica.certificates.commands import DeleteInstalled, DeliverCertificate, InstallRoot
from ricarica.certificates.model import HashData
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, outcome_of
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
    is_taken = outcome_of(str(response.status)) is Outcome.ACCEPTED
    await slices.certificates.delivered(
        origin.station,
        command.id,
        origin.received_at,
        refused_for=None if is_taken else detail or "the station refused it",
    )


async def remember_installed(
    command: InstallRoot, response: Any, origin: Origin, slices: Slices
) -> None:
    if outcome_of(str(response.status)) is Outcome.ACCEPTED:
        await slices.trust.installed(origin.station, command)
    else:
        await slices.trust.refused(origin.station, command)


async def remember_deleted(
    command: DeleteInstalled, response: Any, origin: Origin, slices: Slices
) -> None:
    """M04.FR.03, FR.04: what it does not know of, it has not; only a failure leaves it there."""
    if str(response.status) != "Failed":
        await slices.trust.deleted(origin.station, command.hashes)
