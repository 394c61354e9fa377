"""Certificates in 1.6, as its security extension has them."""

from collections.abc import Iterable

from ricarica.certificates.commands import (
    DeleteInstalled,
    DeliverCertificate,
    InstallRoot,
    ListInstalled,
)
from ricarica.certificates.facts import CertificateAsked, InstalledListed
from ricarica.certificates.model import (
    HashAlgorithm,
    HashData,
    Installed,
    InstalledKind,
    Purpose,
    RootKind,
    hash_data,
)
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.certificates import (
    plain,
    remember_deleted,
    remember_delivered,
    remember_installed,
)
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v16 import plug_and_charge
from ricarica.translation.v16.phrases import result_from

ALGORITHM = {
    v16.HashAlgorithm.SHA256: HashAlgorithm.SHA256,
    v16.HashAlgorithm.SHA384: HashAlgorithm.SHA384,
    v16.HashAlgorithm.SHA512: HashAlgorithm.SHA512,
}
WORD_FOR_ALGORITHM = {ours: word for word, ours in ALGORITHM.items()}
# None: 1.6 has no word for it.
ROOT_KIND: dict[RootKind, v16.CertificateUse | None] = {
    RootKind.CSMS: v16.CertificateUse.CentralSystemRootCertificate,
    RootKind.MANUFACTURER: v16.CertificateUse.ManufacturerRootCertificate,
    RootKind.V2G: None,
    RootKind.MO: None,
    RootKind.OEM: None,
}
KINDS = frozenset(kind for kind, word in ROOT_KIND.items() if word is not None)


async def sign_certificate(
    req: v16.SignCertificateRequest, origin: Origin, slices: Slices
) -> v16.SignCertificateResponse:
    taken = await slices.certificates.request(
        CertificateAsked(origin.station, req.csr, origin.received_at, Purpose.STATION)
    )
    status = v16.GenericStatus
    # A02.FR.11, FR.12
    return v16.SignCertificateResponse(
        status=status.Accepted if taken.is_accepted else status.Rejected
    )


def hashes_from(data: v16.CertificateHashData) -> HashData:
    return hash_data(
        ALGORITHM[data.hash_algorithm],
        data.issuer_name_hash,
        data.issuer_key_hash,
        data.serial_number,
    )


def hashes_for(hashes: HashData) -> v16.CertificateHashData:
    return v16.CertificateHashData(
        hash_algorithm=WORD_FOR_ALGORITHM[hashes.algorithm],
        issuer_name_hash=hashes.issuer_name,
        issuer_key_hash=hashes.issuer_key,
        serial_number=hashes.serial,
    )


def word_for(kind: InstalledKind | RootKind | None) -> v16.CertificateUse:
    known = kind if kind in set(RootKind) else None
    word = ROOT_KIND[RootKind(known)] if known is not None else None
    if word is None:
        raise LocalProtocolError(f"1.6 has no word for {kind or 'all kinds of'} certificates")
    return word


def installed_from(
    kind: InstalledKind | None, listed: Iterable[v16.CertificateHashData]
) -> tuple[Installed, ...]:
    assert kind is not None, "1.6 is asked for one kind at a time"
    return tuple(Installed(kind, hashes_from(each)) for each in listed)


def list_result_from(response: v16.GetInstalledCertificateIdsResponse) -> Result:
    listed = [plain(hashes_from(each)) for each in response.certificate_hash_data or ()]
    # M03.FR.02: that there is none is an answer
    return Result(Outcome.ACCEPTED, response.status, answer={"installed": listed})


async def remember_list(
    command: ListInstalled,
    response: v16.GetInstalledCertificateIdsResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    installed = installed_from(command.kind, response.certificate_hash_data or ())
    await slices.trust.listed(
        InstalledListed(origin.station, command.kind, installed, origin.received_at)
    )


def install_for(command: InstallRoot) -> v16.InstallCertificateRequest:
    return v16.InstallCertificateRequest(
        certificate_type=word_for(command.kind), certificate=command.certificate
    )


# -- what it asked for


def deliver_for(
    command: DeliverCertificate,
) -> v16.CertificateSignedRequest | v16.DataTransferRequest:
    if command.purpose in (None, Purpose.STATION):
        return v16.CertificateSignedRequest(certificate_chain=command.chain)
    return plug_and_charge.deliver_for(command)


def delivery_result_from(
    response: v16.CertificateSignedResponse | v16.DataTransferResponse,
) -> Result:
    if isinstance(response, v16.DataTransferResponse):
        return plug_and_charge.delivery_result_from(response)
    return result_from(response)


async def remember_delivery(
    command: DeliverCertificate,
    response: v16.CertificateSignedResponse | v16.DataTransferResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    told: object = response
    if isinstance(response, v16.DataTransferResponse):
        told = plug_and_charge.delivered_in(response) or plug_and_charge.NOTHING_TAKEN
    await remember_delivered(command, told, origin, slices)


ROUTES = (Route("SignCertificate", v16.SignCertificateRequest, sign_certificate),)
PHRASES: Phrases = {
    DeliverCertificate: Phrase(
        "CertificateSigned",
        deliver_for,
        delivery_result_from,
        remember=remember_delivery,
        also=("DataTransfer",),
    ),
    InstallRoot: Phrase(
        "InstallCertificate", install_for, result_from, remember=remember_installed
    ),
    DeleteInstalled: Phrase(
        "DeleteCertificate",
        lambda command: v16.DeleteCertificateRequest(
            certificate_hash_data=hashes_for(command.hashes)
        ),
        result_from,
        remember=remember_deleted,
    ),
    ListInstalled: Phrase(
        "GetInstalledCertificateIds",
        lambda command: v16.GetInstalledCertificateIdsRequest(
            certificate_type=word_for(command.kind)
        ),
        list_result_from,
        remember=remember_list,
    ),
}
