"""What 2.0.1 and 2.1 say in one word, in ours and back. A test keeps the tables complete."""

from ricarica.authorization.model import Judgement, TokenKind, TokenRef, Treatment, Verdict
from ricarica.ocpp.v2 import messages as v2
from ricarica.stations.model import Acceptance, ConnectorStatus
from ricarica.transactions.model import ChargingState

GROUP_LENGTH_MAX = 36  # of an idToken in 2.0.1; 2.1 allows more

REGISTRATION_STATUS = {
    Acceptance.ACCEPTED: v2.RegistrationStatus.Accepted,
    Acceptance.PENDING: v2.RegistrationStatus.Pending,
    Acceptance.BLOCKED: v2.RegistrationStatus.Rejected,
}
CONNECTOR_STATUS = {
    v2.ConnectorStatus.Available: ConnectorStatus.AVAILABLE,
    v2.ConnectorStatus.Occupied: ConnectorStatus.OCCUPIED,
    v2.ConnectorStatus.Reserved: ConnectorStatus.RESERVED,
    v2.ConnectorStatus.Unavailable: ConnectorStatus.UNAVAILABLE,
    v2.ConnectorStatus.Faulted: ConnectorStatus.FAULTED,
}
CHARGING_STATE = {
    v2.ChargingState.EVConnected: ChargingState.EV_CONNECTED,
    v2.ChargingState.Charging: ChargingState.CHARGING,
    v2.ChargingState.SuspendedEV: ChargingState.SUSPENDED_EV,
    v2.ChargingState.SuspendedEVSE: ChargingState.SUSPENDED_EVSE,
    v2.ChargingState.Idle: ChargingState.IDLE,
}
AUTHORIZATION_STATUS = {
    Verdict.ACCEPTED: v2.AuthorizationStatus.Accepted,
    Verdict.BLOCKED: v2.AuthorizationStatus.Blocked,
    Verdict.EXPIRED: v2.AuthorizationStatus.Expired,
    Verdict.UNKNOWN: v2.AuthorizationStatus.Unknown,
    Verdict.INVALID: v2.AuthorizationStatus.Invalid,
    Verdict.CONCURRENT: v2.AuthorizationStatus.ConcurrentTx,
    Verdict.NO_CREDIT: v2.AuthorizationStatus.NoCredit,
    Verdict.NOT_HERE: v2.AuthorizationStatus.NotAtThisLocation,
    Verdict.NOT_NOW: v2.AuthorizationStatus.NotAtThisTime,
    Verdict.WRONG_EVSE_TYPE: v2.AuthorizationStatus.NotAllowedTypeEVSE,  # C01.FR.18
}


def token_from(token: v2.IdToken) -> TokenRef:
    kinds = TokenKind.__members__.values()
    kind = next((kind for kind in kinds if kind == token.type), TokenKind.UNKNOWN)
    return TokenRef(token.id_token, kind)


def token_for(token: TokenRef) -> v2.IdToken:
    # C01: a kind we never learned is most likely what the readers of 1.6 read
    unsaid = token.kind is None or token.kind is TokenKind.UNKNOWN
    kind = TokenKind.ISO14443 if unsaid else token.kind
    return v2.IdToken(id_token=token.uid, type=str(kind))


def id_token_info_for(judgement: Judgement) -> v2.IdTokenInfo:
    treatment = judgement.treatment
    return v2.IdTokenInfo(
        status=AUTHORIZATION_STATUS[judgement.verdict],
        cache_expiry_date_time=judgement.expires_at,
        charging_priority=treatment.priority,
        group_id_token=group_for(judgement.group),
        language1=treatment.language,
        language2=treatment.second_language,
        evse_id=list(judgement.evses) or None,
        personal_message=message_for(treatment),
    )


def detail_from(info: v2.StatusInfo | None) -> str | None:
    """Why a status is what it is, in the station's own words."""
    return " ".join(filter(None, (info.reason_code, info.additional_info))) if info else None


def group_for(group: str | None) -> v2.IdToken | None:
    """C01.FR.06; C09.FR.13: a group is always of this kind."""
    if not group or len(group) > GROUP_LENGTH_MAX:
        return None
    return v2.IdToken(id_token=group, type=TokenKind.CENTRAL)


def message_for(treatment: Treatment) -> v2.MessageContent | None:
    return text_for(treatment.message, treatment.language) if treatment.message else None


def text_for(content: str, language: str | None = None) -> v2.MessageContent:
    return v2.MessageContent(format=v2.MessageFormat.UTF8, language=language, content=content)
