"""Were the certificates of a car revoked? Only 2.1 asks. M07"""

from ricarica.certificates.model import Inquiry
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.translation.route import Origin, Route
from ricarica.translation.v2.certificates import SOURCE, STANDING, hashes_for, hashes_from


def inquiry_from(asked: v2.CertificateStatusRequestInfo) -> Inquiry:
    return Inquiry(
        hashes_from(asked.certificate_hash_data), SOURCE[asked.source], tuple(asked.urls)
    )


def chain_inquiries(req: v2.GetCertificateChainStatusRequest) -> tuple[Inquiry, ...]:
    return tuple(map(inquiry_from, req.certificate_status_requests))


async def get_certificate_chain_status(
    req: v2.GetCertificateChainStatusRequest, origin: Origin, slices: Slices
) -> v2.GetCertificateChainStatusResponse:
    """M07.FR.08: for each certificate what is known of it, in the order in which it was asked."""
    statuses = []
    for asked in req.certificate_status_requests:
        finding = slices.contracts.finding(
            origin.station.tenant, inquiry_from(asked), origin.received_at
        )
        statuses.append(
            v2.CertificateStatus(
                certificate_hash_data=hashes_for(hashes_from(asked.certificate_hash_data)),
                source=asked.source,
                status=STANDING[finding.standing],
                next_update=finding.next_update,
            )
        )
    return v2.GetCertificateChainStatusResponse(certificate_status=statuses)


ROUTES = (
    Route(
        "GetCertificateChainStatus",
        v2.GetCertificateChainStatusRequest,
        get_certificate_chain_status,
        ask_first=chain_inquiries,
    ),
)
