"""What 1.6 says in one word, in ours and back. A test keeps the tables complete."""

from ricarica.authorization.model import NEVER_WITHOUT_KIND, Judgement, TokenRef, Verdict
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.model import Acceptance, ConnectorStatus
from ricarica.transactions.model import ChargingState

GROUP_LENGTH_MAX = 20  # of a parentIdTag

REGISTRATION_STATUS = {
    Acceptance.ACCEPTED: v16.RegistrationStatus.Accepted,
    Acceptance.PENDING: v16.RegistrationStatus.Pending,
    Acceptance.BLOCKED: v16.RegistrationStatus.Rejected,
}
CONNECTOR_STATUS = {
    v16.ChargePointStatus.Available: ConnectorStatus.AVAILABLE,
    v16.ChargePointStatus.Preparing: ConnectorStatus.PREPARING,
    v16.ChargePointStatus.Charging: ConnectorStatus.CHARGING,
    v16.ChargePointStatus.SuspendedEV: ConnectorStatus.SUSPENDED_EV,
    v16.ChargePointStatus.SuspendedEVSE: ConnectorStatus.SUSPENDED_EVSE,
    v16.ChargePointStatus.Finishing: ConnectorStatus.FINISHING,
    v16.ChargePointStatus.Reserved: ConnectorStatus.RESERVED,
    v16.ChargePointStatus.Unavailable: ConnectorStatus.UNAVAILABLE,
    v16.ChargePointStatus.Faulted: ConnectorStatus.FAULTED,
}
# What a connector's status says about its running transaction; the others say nothing.
CHARGING_STATE = {
    v16.ChargePointStatus.Charging: ChargingState.CHARGING,
    v16.ChargePointStatus.SuspendedEV: ChargingState.SUSPENDED_EV,
    v16.ChargePointStatus.SuspendedEVSE: ChargingState.SUSPENDED_EVSE,
}
ID_TAG_STATUS = {
    Verdict.ACCEPTED: v16.AuthorizationStatus.Accepted,
    Verdict.BLOCKED: v16.AuthorizationStatus.Blocked,
    Verdict.EXPIRED: v16.AuthorizationStatus.Expired,
    Verdict.UNKNOWN: v16.AuthorizationStatus.Invalid,
    Verdict.INVALID: v16.AuthorizationStatus.Invalid,
    Verdict.CONCURRENT: v16.AuthorizationStatus.ConcurrentTx,
    # 1.6 has no word for these; the driver is refused, and the reason is on our side.
    Verdict.NO_CREDIT: v16.AuthorizationStatus.Blocked,
    Verdict.NOT_HERE: v16.AuthorizationStatus.Blocked,
    Verdict.NOT_NOW: v16.AuthorizationStatus.Blocked,
    Verdict.WRONG_EVSE_TYPE: v16.AuthorizationStatus.Blocked,
}


def id_tag_for(token: TokenRef) -> str:
    """
    Raises:
        LocalProtocolError: it is a code, which would be a card's number here.
    """
    if token.kind in NEVER_WITHOUT_KIND:
        raise LocalProtocolError(f"1.6 has no word for a token of kind {token.kind}")
    return token.uid


def id_tag_info_for(judgement: Judgement) -> v16.IdTagInfo:
    """C16: here no station knows of passes that stop what others began, so they are of no use."""
    group, verdict = judgement.group, judgement.verdict
    return v16.IdTagInfo(
        status=ID_TAG_STATUS[Verdict.BLOCKED if judgement.is_master else verdict],
        parent_id_tag=group if group and len(group) <= GROUP_LENGTH_MAX else None,
        expiry_date=judgement.expires_at,
    )
