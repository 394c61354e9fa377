"""Tokens, local lists and what stations know of customers, in 2.0.1 and 2.1."""

from collections.abc import Callable
from dataclasses import replace

from ricarica.authorization.commands import ReadListVersion, SendList, TellCustomer
from ricarica.authorization.model import Judgement, TokenRef, Verdict
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Part, Phrase, Phrases, Route
from ricarica.translation.v2.certificates import (
    certificate_status_for,
    contract_from,
    contract_questions,
    hashes_for,
)
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.pricing import priced
from ricarica.translation.v2.words import id_token_info_for, token_for, token_from

TOKEN_MAX_201 = 36  # characters of an idToken in 2.0.1
KINDS_201 = frozenset(v2.IdTokenKind)


async def judged(req: v2.AuthorizeRequest, origin: Origin, slices: Slices) -> Judgement:
    shown, at = contract_from(req), origin.received_at
    contract = None
    if shown is not None:  # C07.FR.05
        contract = await slices.contracts.judge(origin.station.tenant, shown, at)
    ref = token_from(req.id_token)
    is_named = shown is not None and shown.chain is not None  # hashes name nobody
    judgement = await slices.authorization.authorize(
        origin.station, ref, at, contract, is_named=is_named
    )
    is_held = judgement.verdict is Verdict.ACCEPTED and await slices.transactions.are_held(
        origin.station, ref
    )
    return replace(judgement, verdict=Verdict.NOT_NOW) if is_held else judgement


def authorize_response_for(judgement: Judgement) -> v2.AuthorizeResponse:
    contract, status = judgement.contract, None
    if contract is not None:
        status, _ = certificate_status_for(contract, judgement.verdict)
    return v2.AuthorizeResponse(
        id_token_info=id_token_info_for(judgement), certificate_status=status
    )


async def authorize(
    req: v2.AuthorizeRequest, origin: Origin, slices: Slices
) -> v2.AuthorizeResponse:
    judgement = await judged(req, origin, slices)
    response, _, _ = await priced(authorize_response_for(judgement), req, judgement, origin, slices)
    return response


# -- local lists


def is_sayable_in_201(ref: TokenRef) -> bool:
    return len(ref.uid) <= TOKEN_MAX_201 and token_for(ref).type in KINDS_201


def send_list_saying(
    is_sayable: Callable[[TokenRef], bool],
) -> Callable[[SendList], v2.SendLocalListRequest]:
    """What the dialect has no word for is left out: no reader there could show it."""

    def send_list_for(command: SendList) -> v2.SendLocalListRequest:
        removed = [
            v2.AuthorizationData(id_token=token_for(ref))
            for ref in command.removed
            if is_sayable(ref)
        ]
        entries = [
            v2.AuthorizationData(
                id_token=token_for(TokenRef(entry.uid, entry.kind)),
                id_token_info=id_token_info_for(entry.judgement),
            )
            for entry in command.entries
            if is_sayable(TokenRef(entry.uid, entry.kind))
        ]
        return v2.SendLocalListRequest(
            version_number=command.version,
            update_type=v2.Update.Full if command.is_full else v2.Update.Differential,
            local_authorization_list=[*removed, *entries] or None,
        )

    return send_list_for


async def remember_list(
    command: SendList, response: v2.SendLocalListResponse, origin: Origin, slices: Slices
) -> None:
    is_accepted = response.status is v2.SendLocalListStatus.Accepted
    station, at = origin.station, origin.received_at
    await slices.local_lists.answered(station, command, at, is_accepted=is_accepted)


async def remember_version(
    _command: object, response: v2.GetLocalListVersionResponse, origin: Origin, slices: Slices
) -> None:
    version, at = response.version_number, origin.received_at
    await slices.local_lists.told_version(origin.station, version, at)


# -- customers


def customer_for(command: TellCustomer) -> v2.CustomerInformationRequest:
    certificate = command.certificate
    return v2.CustomerInformationRequest(
        request_id=command.number,
        report=command.report,
        clear=command.clear,
        id_token=token_for(command.token) if command.token else None,
        customer_certificate=hashes_for(certificate) if certificate else None,
        customer_identifier=command.identifier,
    )


async def remember_customer(
    command: TellCustomer,
    response: v2.CustomerInformationResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    is_accepted = response.status is v2.CustomerInformationStatus.Accepted
    why_not = None if is_accepted else str(response.status)
    await slices.customers.answered(origin.station, command, why_not)


async def notify_customer(
    req: v2.NotifyCustomerInformationRequest, origin: Origin, slices: Slices
) -> v2.NotifyCustomerInformationResponse:
    """N09.FR.05, N09.FR.06"""
    await slices.customers.told(
        origin.station, req.request_id, req.seq_no, req.data, is_last=not req.tbc
    )
    return v2.NotifyCustomerInformationResponse()


def part_of_customer(req: v2.NotifyCustomerInformationRequest) -> Part:
    return Part("CustomerInformation", req.request_id, req.seq_no, is_last=not req.tbc)


ROUTES = (
    Route(
        "Authorize",
        v2.AuthorizeRequest,
        authorize,
        tokens=lambda req: (req.id_token.id_token,),
        ask_first=contract_questions,
    ),
    Route(
        "NotifyCustomerInformation",
        v2.NotifyCustomerInformationRequest,
        notify_customer,
        answer_when_put_aside=lambda _: v2.NotifyCustomerInformationResponse(),
        part_of=part_of_customer,
    ),
)
PHRASES: Phrases = {
    ReadListVersion: Phrase(
        "GetLocalListVersion",
        lambda _: v2.GetLocalListVersionRequest(),
        lambda response: Result(Outcome.ACCEPTED, answer={"version": response.version_number}),
        remember=remember_version,
    ),
    SendList: Phrase(
        "SendLocalList",
        send_list_saying(is_sayable_in_201),
        result_from,
        timeout_s=60,
        remember=remember_list,
    ),
    TellCustomer: Phrase(
        "CustomerInformation", customer_for, result_from, remember=remember_customer
    ),
}
