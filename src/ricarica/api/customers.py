"""/customer-reports: what stations know of customers, and having them forget."""

from datetime import datetime

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation, once_only
from ricarica.api.commands import CommandReply, with_answer
from ricarica.api.gate import needs
from ricarica.api.replies import Page, ShortText, page_of
from ricarica.api.telling import tell_all
from ricarica.authorization.commands import TellCustomer
from ricarica.authorization.model import TokenRef
from ricarica.authorization.queries import CustomerQueries
from ricarica.authorization.reports import CustomerReport, ReportState, who_of
from ricarica.certificates.model import HashAlgorithm, hash_data
from ricarica.slices import Slices

TAGS = ["Privacy"]


class CertificateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate by its hashes, with the algorithm it was installed with."""

    algorithm: HashAlgorithm  # N09.FR.08, N10.FR.09
    issuer_name: ShortText
    issuer_key: ShortText
    serial: ShortText


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One of `token`, `certificate` and `identifier`; a report, clearing, or both."""

    token: ShortText | None = None
    certificate: CertificateBody | None = None
    identifier: ShortText | None = None
    report: bool = False
    clear: bool = False


class CustomerReply(Struct, frozen=True):
    """`who` is masked. What was told is kept for seven days."""

    station: str
    number: int
    asked_at: datetime
    who: str
    report: bool
    clear: bool
    state: ReportState
    text: str
    detail: str | None


@get("/customer-reports", opt=needs(Permission.EDIT_TOKENS), tags=TAGS)
async def list_reports(caller: Asking, of_station: OfStation) -> Page[CustomerReply]:
    """What stations told of customers, as far as it is still kept."""
    reports = await CustomerQueries(caller.database).reports(caller.tenant, of_station)
    return page_of(map(customer_reply, reports))


@post(
    "/stations/{identity:str}/commands/customer-information",
    status_code=200,
    opt=needs(Permission.EDIT_TOKENS),
    tags=TAGS,
)
@once_only
async def ask_about_customer(
    caller: Asking, identity: FromPath[str], data: JSONBody[CustomerBody]
) -> CommandReply:
    """Ask what a station knows of a customer, or have it forget. `answer.number` names the report.

    Whoever is cleared is taken off the station's local list too.
    """
    key = await caller.station(identity)

    async def prepare(slices: Slices) -> TellCustomer:
        ref = None
        if data.token is not None:
            known = await slices.authorization.find(key.tenant, TokenRef(data.token))
            ref = TokenRef(known.uid, known.kind) if known else TokenRef(data.token)
        certificate = data.certificate
        command = TellCustomer(
            slices.ids.wire_number(),
            data.report,
            data.clear,
            ref,
            hash_data(
                certificate.algorithm,
                certificate.issuer_name,
                certificate.issuer_key,
                certificate.serial,
            )
            if certificate
            else None,
            data.identifier,
        )
        return await slices.customers.prepare(key, command, slices.now)

    command = await caller.carry_out(prepare)
    detail = {"who": who_of(command), "report": command.report, "clear": command.clear}
    reply = await tell_all(caller, key, "customer-information", [command], detail)
    return with_answer(reply, number=command.number)


HANDLERS = (list_reports, ask_about_customer)


def customer_reply(report: CustomerReport) -> CustomerReply:
    return CustomerReply(
        report.station.station,
        report.number,
        report.asked_at,
        report.who,
        report.report,
        report.clear,
        report.state,
        report.text,
        report.detail,
    )
