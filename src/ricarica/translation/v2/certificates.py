"""Certificates in 2.0.1 and 2.1: those of stations, of cars and of those whom they trust."""

import base64
from collections.abc import Iterator

from ricarica.authorization.model import Verdict
from ricarica.certificates.chains import inquiries_about
from ricarica.certificates.commands import (
    DeleteInstalled,
    DeliverCertificate,
    InstallRoot,
    ListInstalled,
)
from ricarica.certificates.facts import CertificateAsked, InstalledListed
from ricarica.certificates.inquiries import Question
from ricarica.certificates.model import (
    CarAction,
    CarRequest,
    ContractShown,
    ContractStatus,
    HashAlgorithm,
    HashData,
    Inquiry,
    Installed,
    InstalledKind,
    Purpose,
    RootKind,
    Source,
    Standing,
    hash_data,
)
from ricarica.kernel.ids import StationKey
from ricarica.ocpp import wire
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.certificates import (
    plain,
    remember_deleted,
    remember_delivered,
    remember_installed,
)
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from

ALGORITHM = {
    v2.HashAlgorithm.SHA256: HashAlgorithm.SHA256,
    v2.HashAlgorithm.SHA384: HashAlgorithm.SHA384,
    v2.HashAlgorithm.SHA512: HashAlgorithm.SHA512,
}
WORD_FOR_ALGORITHM = {ours: word for word, ours in ALGORITHM.items()}
PURPOSE = {
    v2.CertificateSigningUse.ChargingStationCertificate: Purpose.STATION,
    v2.CertificateSigningUse.V2GCertificate: Purpose.V2G,
    v2.CertificateSigningUse.V2G20Certificate: Purpose.V2G20,
}
WORD_FOR_PURPOSE = {ours: word for word, ours in PURPOSE.items()}
ROOT_KIND = {
    RootKind.CSMS: v2.InstallCertificateUse.CSMSRootCertificate,
    RootKind.MANUFACTURER: v2.InstallCertificateUse.ManufacturerRootCertificate,
    RootKind.V2G: v2.InstallCertificateUse.V2GRootCertificate,
    RootKind.MO: v2.InstallCertificateUse.MORootCertificate,
    RootKind.OEM: v2.InstallCertificateUse.OEMRootCertificate,
}
INSTALLED_KIND = {
    v2.GetCertificateIdUse.CSMSRootCertificate: InstalledKind.CSMS,
    v2.GetCertificateIdUse.ManufacturerRootCertificate: InstalledKind.MANUFACTURER,
    v2.GetCertificateIdUse.V2GRootCertificate: InstalledKind.V2G,
    v2.GetCertificateIdUse.MORootCertificate: InstalledKind.MO,
    v2.GetCertificateIdUse.OEMRootCertificate: InstalledKind.OEM,
    v2.GetCertificateIdUse.V2GCertificateChain: InstalledKind.V2G_CHAIN,
}
WORD_FOR_KIND = {ours: word for word, ours in INSTALLED_KIND.items()}
CERTIFICATE_STATUS = {
    ContractStatus.ACCEPTED: v2.AuthorizeCertificateStatus.Accepted,
    ContractStatus.EXPIRED: v2.AuthorizeCertificateStatus.CertificateExpired,
    ContractStatus.REVOKED: v2.AuthorizeCertificateStatus.CertificateRevoked,
    ContractStatus.CHAIN_ERROR: v2.AuthorizeCertificateStatus.CertChainError,
    ContractStatus.SIGNATURE_ERROR: v2.AuthorizeCertificateStatus.SignatureError,
}
# C07.FR.15–17: what a bad certificate makes of its token.
VERDICT = {
    ContractStatus.EXPIRED: v2.AuthorizationStatus.Expired,
    ContractStatus.REVOKED: v2.AuthorizationStatus.Invalid,
    ContractStatus.CHAIN_ERROR: v2.AuthorizationStatus.Invalid,
    ContractStatus.SIGNATURE_ERROR: v2.AuthorizationStatus.Invalid,
}
# C07.FR.13: the certificate is good, but the contract behind it is none.
CANCELLED = frozenset({Verdict.BLOCKED, Verdict.EXPIRED, Verdict.UNKNOWN})
STANDING = {
    Standing.GOOD: v2.CertificateStatusKind.Good,
    Standing.REVOKED: v2.CertificateStatusKind.Revoked,
    Standing.UNKNOWN: v2.CertificateStatusKind.Unknown,
    Standing.FAILED: v2.CertificateStatusKind.Failed,
}
SOURCE = {v2.CertificateStatusSource.OCSP: Source.OCSP, v2.CertificateStatusSource.CRL: Source.CRL}
ACTION = {
    v2.CertificateAction.Install: CarAction.INSTALL,
    v2.CertificateAction.Update: CarAction.UPDATE,
}
CONTROLLER = "ISO15118Ctrlr"
SECC_ID = f"{CONTROLLER}.SeccId"
REASON_LENGTH_MAX = 512  # of a status's additionalInfo in 2.0.1


def hashes_from(data: v2.CertificateHashData | v2.OCSPRequestData) -> HashData:
    return hash_data(
        ALGORITHM[data.hash_algorithm],
        data.issuer_name_hash,
        data.issuer_key_hash,
        data.serial_number,
    )


def hashes_for(hashes: HashData) -> v2.CertificateHashData:
    return v2.CertificateHashData(
        hash_algorithm=WORD_FOR_ALGORITHM[hashes.algorithm],
        issuer_name_hash=hashes.issuer_name,
        issuer_key_hash=hashes.issuer_key,
        serial_number=hashes.serial,
    )


def reason(code: str, text: str | None) -> v2.StatusInfo:
    return v2.StatusInfo(reason_code=code, additional_info=(text or "")[:REASON_LENGTH_MAX] or None)


def fits(response: Payload, dialect: Dialect) -> bool:
    """Whether the dialect has room for it: what others answer may be longer than 2.0.1 allows."""
    try:
        wire.encode(response, dialect)
    except LocalProtocolError:
        return False
    return True


# -- a station's own. A02, A03


async def sign_certificate(
    req: v2.SignCertificateRequest, origin: Origin, slices: Slices
) -> v2.SignCertificateResponse:
    root = req.hash_root_certificate
    purpose = PURPOSE[req.certificate_type] if req.certificate_type else Purpose.STATION
    asked = CertificateAsked(
        origin.station,
        req.csr,
        origin.received_at,
        purpose,
        is_typed=req.certificate_type is not None,
        request_id=req.request_id,
        root=hashes_from(root) if root else None,
        names=() if purpose is Purpose.STATION else await names_for_cars(origin.station, slices),
    )
    taken = await slices.certificates.request(asked)
    if taken.is_accepted:  # A02.FR.11
        return v2.SignCertificateResponse(status=v2.GenericStatus.Accepted)
    return v2.SignCertificateResponse(
        status=v2.GenericStatus.Rejected, status_info=reason("InvalidCSR", taken.why)
    )


async def names_for_cars(station: StationKey, slices: Slices) -> tuple[str, ...]:
    """What it is called in ISO 15118, as it told of its device model: as a whole, or each EVSE."""
    evses = await slices.stations.evses(station)
    names = (SECC_ID, *(f"{CONTROLLER}@{evse}.SeccId" for evse in evses))
    told = await slices.configuration.named(station, names)
    return tuple(setting.value for setting in told.values() if setting.value)


def deliver_for(command: DeliverCertificate) -> v2.CertificateSignedRequest:
    return v2.CertificateSignedRequest(
        certificate_chain=command.chain,
        certificate_type=WORD_FOR_PURPOSE[command.purpose] if command.purpose else None,
        request_id=command.request_id,  # A02.FR.25
    )


# -- whom it trusts. M03–M05


def install_for(command: InstallRoot) -> v2.InstallCertificateRequest:
    return v2.InstallCertificateRequest(
        certificate_type=ROOT_KIND[command.kind], certificate=command.certificate
    )


def list_for(command: ListInstalled) -> v2.GetInstalledCertificateIdsRequest:
    kinds = None if command.kind is None else [WORD_FOR_KIND[command.kind]]
    return v2.GetInstalledCertificateIdsRequest(certificate_type=kinds)


def installed_in(response: v2.GetInstalledCertificateIdsResponse) -> Iterator[Installed]:
    for chain in response.certificate_hash_data_chain or ():
        yield Installed(
            INSTALLED_KIND[chain.certificate_type],
            hashes_from(chain.certificate_hash_data),
            tuple(map(hashes_from, chain.child_certificate_hash_data or ())),
        )


def list_result_from(response: v2.GetInstalledCertificateIdsResponse) -> Result:
    listed = [{"kind": each.kind.value, **plain(each.hashes)} for each in installed_in(response)]
    # M03.FR.02: that there is none is an answer
    return Result(Outcome.ACCEPTED, response.status, answer={"installed": listed})


async def remember_list(
    command: ListInstalled,
    response: v2.GetInstalledCertificateIdsResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    installed = tuple(installed_in(response))
    await slices.trust.listed(
        InstalledListed(origin.station, command.kind, installed, origin.received_at)
    )


# -- contracts of cars. C07


def contract_from(req: v2.AuthorizeRequest) -> ContractShown | None:
    """The contract that a car shows; None: nobody shows one."""
    hashes = req.iso15118_certificate_hash_data or ()
    if req.certificate is None and not hashes:
        return None
    return ContractShown(
        req.id_token.id_token,
        req.certificate,
        tuple((hashes_from(each), each.responder_url) for each in hashes),
    )


def contract_questions(req: v2.AuthorizeRequest) -> tuple[Question, ...]:
    """For `Route.ask_first` of Authorize. C07.FR.05"""
    shown = contract_from(req)
    return () if shown is None else inquiries_about(shown)


def certificate_status_for(
    status: ContractStatus, verdict: Verdict
) -> tuple[v2.AuthorizeCertificateStatus, v2.AuthorizationStatus | None]:
    """What is said of the certificate, and of its token where that is not the token's own verdict.

    C07.FR.13–17
    """
    if status is ContractStatus.ACCEPTED and verdict in CANCELLED:
        return v2.AuthorizeCertificateStatus.ContractCancelled, None
    return CERTIFICATE_STATUS[status], VERDICT.get(status)


# -- what others are asked of certificates. M06.FR.01


def status_inquiry(req: v2.GetCertificateStatusRequest) -> Inquiry:
    asked = req.ocsp_request_data
    return Inquiry(hashes_from(asked), Source.OCSP, (asked.responder_url,))


async def get_certificate_status(
    req: v2.GetCertificateStatusRequest, origin: Origin, slices: Slices
) -> v2.GetCertificateStatusResponse:
    finding = slices.contracts.finding(
        origin.station.tenant, status_inquiry(req), origin.received_at
    )
    why = finding.why
    if finding.answer is not None:
        # M06.FR.02, FR.03, FR.08, FR.09: whether it is good, the answer itself says
        response = v2.GetCertificateStatusResponse(
            status=v2.GetCertificateStatus.Accepted,
            ocsp_result=base64.b64encode(finding.answer).decode(),
        )
        if fits(response, origin.dialect):
            return response
        why = "the answer is longer than can be passed on"
    return v2.GetCertificateStatusResponse(  # M06.FR.04
        status=v2.GetCertificateStatus.Failed, status_info=reason("NoAnswer", why)
    )


# -- certificates for cars. M01, M02


def car_request_from(req: v2.Get15118EVCertificateRequest) -> CarRequest:
    return CarRequest(
        req.iso15118_schema_version,
        ACTION[req.action],
        req.exi_request,
        req.maximum_contract_certificate_chains,
    )


async def get_ev_certificate(
    req: v2.Get15118EVCertificateRequest, origin: Origin, slices: Slices
) -> v2.Get15118EVCertificateResponse:
    answer = slices.contracts.answer_for_car(car_request_from(req), origin.received_at)
    status, why = v2.Iso15118EVCertificateStatus, answer.why
    if answer.exi is not None:
        response = v2.Get15118EVCertificateResponse(
            status=status.Accepted, exi_response=answer.exi, remaining_contracts=answer.remaining
        )
        if fits(response, origin.dialect):
            return response
        why = "the answer is longer than can be passed on"
    return v2.Get15118EVCertificateResponse(
        status=status.Failed, exi_response="", status_info=reason("NoContract", why)
    )


ROUTES = (
    Route("SignCertificate", v2.SignCertificateRequest, sign_certificate),
    Route(
        "GetCertificateStatus",
        v2.GetCertificateStatusRequest,
        get_certificate_status,
        ask_first=lambda req: (status_inquiry(req),),
    ),
    Route(
        "Get15118EVCertificate",
        v2.Get15118EVCertificateRequest,
        get_ev_certificate,
        ask_first=lambda req: (car_request_from(req),),
    ),
)
PHRASES: Phrases = {
    DeliverCertificate: Phrase(
        "CertificateSigned", deliver_for, result_from, remember=remember_delivered
    ),
    InstallRoot: Phrase(
        "InstallCertificate", install_for, result_from, remember=remember_installed
    ),
    DeleteInstalled: Phrase(
        "DeleteCertificate",
        lambda command: v2.DeleteCertificateRequest(
            certificate_hash_data=hashes_for(command.hashes)
        ),
        result_from,
        remember=remember_deleted,
    ),
    ListInstalled: Phrase(
        "GetInstalledCertificateIds", list_for, list_result_from, remember=remember_list
    ),
}
