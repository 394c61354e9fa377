"""Payments at the station in 2.1: settlements, pages to pay on, numbers of companies. C17–C25"""

from ricarica.billing.commands import HoldForPayment
from ricarica.billing.facts import CardShown, Settled
from ricarica.billing.model import SettlementStatus
from ricarica.billing.vat import Company, Standing
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route

STATUS = {
    v2.PaymentStatus.Settled: SettlementStatus.SETTLED,
    v2.PaymentStatus.Canceled: SettlementStatus.CANCELED,
    v2.PaymentStatus.Rejected: SettlementStatus.REJECTED,
    v2.PaymentStatus.Failed: SettlementStatus.FAILED,
}
VAT_NUMBER_LENGTH = 20  # what 2.1 can say again of one that was longer
NOT_VERIFIED = v2.StatusInfo(
    reason_code="NotVerified", additional_info="well formed; no register has confirmed it yet"
)
UNKNOWN_PLACE = "-"  # an address has to name a street and a city, and a register may know neither


def details_from(token: v2.IdToken) -> dict[str, str]:
    """C18.FR.06: what a terminal says of the card."""
    return {info.type: info.additional_id_token for info in token.additional_info or ()}


def card_from(token: v2.IdToken, origin: Origin) -> CardShown:
    """C18.FR.04"""
    return CardShown(origin.station, token.id_token, origin.received_at, details_from(token))


def company_from(address: v2.Address) -> Company:
    return Company(
        address.name,
        ", ".join(filter(None, (address.address1, address.address2))),
        address.city,
        address.postal_code or "",
        address.country,
    )


def company_for(company: Company) -> v2.Address:
    return v2.Address(
        name=company.name[:50] or UNKNOWN_PLACE,
        address1=company.address[:100] or UNKNOWN_PLACE,
        city=company.city[:100] or UNKNOWN_PLACE,
        postal_code=company.postal_code[:20] or None,
        country=company.country[:50] or UNKNOWN_PLACE,
    )


async def notify_settlement(
    req: v2.NotifySettlementRequest, origin: Origin, slices: Slices
) -> v2.NotifySettlementResponse:
    ref = req.transaction_id
    transaction = await slices.transactions.find(origin.station, ref) if ref else None
    receipt = await slices.billing.settle(
        Settled(
            station=origin.station,
            reference=req.psp_ref,
            status=STATUS[req.status],
            amount=req.settlement_amount,
            at=req.settlement_time,
            received_at=origin.received_at,
            transaction=transaction.id if transaction else None,
            detail=req.status_info,
            receipt_id=req.receipt_id,
            receipt_url=req.receipt_url,
            vat_number=req.vat_number,
            company=company_from(req.vat_company) if req.vat_company else None,
        )
    )
    return v2.NotifySettlementResponse(receipt_url=receipt.url, receipt_id=receipt.id)


async def vat_number_validation(
    req: v2.VatNumberValidationRequest, origin: Origin, slices: Slices
) -> v2.VatNumberValidationResponse:
    checked = await slices.billing.check_vat_number(
        origin.station.tenant, req.vat_number, origin.received_at, origin.station
    )
    is_wrong = checked.standing is Standing.INVALID
    return v2.VatNumberValidationResponse(
        vat_number=req.vat_number[:VAT_NUMBER_LENGTH],
        evse_id=req.evse_id,  # C18.FR.10
        status=v2.GenericStatus.Rejected if is_wrong else v2.GenericStatus.Accepted,
        status_info=NOT_VERIFIED if checked.standing is Standing.UNVERIFIED else None,
        company=company_for(checked.company) if checked.company and not is_wrong else None,
    )


ROUTES = (
    Route(
        "NotifySettlement",
        v2.NotifySettlementRequest,
        notify_settlement,
        answer_when_put_aside=lambda _: v2.NotifySettlementResponse(),
    ),
    Route("VatNumberValidation", v2.VatNumberValidationRequest, vat_number_validation),
)
PHRASES: Phrases = {
    HoldForPayment: Phrase(
        "NotifyWebPaymentStarted",
        lambda command: v2.NotifyWebPaymentStartedRequest(
            evse_id=command.evse, timeout=int(command.timeout.total_seconds())
        ),
        lambda _: Result(Outcome.ACCEPTED),  # its response is empty: C25.FR.27
    ),
}
