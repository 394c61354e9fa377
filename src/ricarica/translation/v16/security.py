"""Security events, passwords and security profiles in 1.6."""

from ricarica.ocpp.v16 import messages as v16
from ricarica.security.commands import RaiseProfile, SetPassword
from ricarica.security.facts import SecurityEventTold
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v16.settings import write_result_from


async def security_event_notification(
    req: v16.SecurityEventNotificationRequest, origin: Origin, slices: Slices
) -> v16.SecurityEventNotificationResponse:
    await slices.security.record(
        SecurityEventTold(
            origin.station, req.type, req.timestamp, origin.received_at, req.tech_info
        )
    )
    return v16.SecurityEventNotificationResponse()


def refusal_in(response: v16.ChangeConfigurationResponse) -> str | None:
    """The station's word, unless it did as it was told."""
    is_done = write_result_from(response).outcome is Outcome.ACCEPTED
    return None if is_done else str(response.status)


async def remember_password(
    command: SetPassword,
    response: v16.ChangeConfigurationResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    await slices.security.password_answered(
        origin.station, command, refusal_in(response), origin.received_at
    )


async def remember_profile(
    command: RaiseProfile,
    response: v16.ChangeConfigurationResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    await slices.security.profile_answered(origin.station, command, refusal_in(response))


ROUTES = (
    Route(
        "SecurityEventNotification",
        v16.SecurityEventNotificationRequest,
        security_event_notification,
        answer_when_put_aside=lambda _: v16.SecurityEventNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    # A01: the key is its hex digits, see whitepaper §7.2
    SetPassword: Phrase(
        "ChangeConfiguration",
        lambda command: v16.ChangeConfigurationRequest(
            key="AuthorizationKey", value=command.password
        ),
        write_result_from,
        remember=remember_password,
    ),
    # A05
    RaiseProfile: Phrase(
        "ChangeConfiguration",
        lambda command: v16.ChangeConfigurationRequest(
            key="SecurityProfile", value=str(command.profile)
        ),
        write_result_from,
        remember=remember_profile,
    ),
}
