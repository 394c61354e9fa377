"""Security events, passwords and networks in 2.0.1 and 2.1."""

from ricarica.ocpp.v2 import messages as v2
from ricarica.security.commands import (
    ReadNetworks,
    RestartForNetwork,
    SetNetwork,
    SetNetworkOrder,
    SetPassword,
)
from ricarica.security.facts import NetworksRead, SecurityEventTold
from ricarica.security.model import Apn, NetworkSecrets, Vpn
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.settings import write_result_from

SECURITY = v2.Component(name="SecurityCtrlr")
COMMUNICATION = v2.Component(name="OCPPCommCtrlr")
ORDER = "NetworkConfigurationPriority"
ACTIVE = "ActiveNetworkProfile"
# 2.0.1 has to name one, and a station that has no such wire takes what it has.
INTERFACE_201 = {"Any": v2.OCPPInterface.Wired0}


async def security_event_notification(
    req: v2.SecurityEventNotificationRequest, origin: Origin, slices: Slices
) -> v2.SecurityEventNotificationResponse:
    await slices.security.record(
        SecurityEventTold(
            origin.station, req.type, req.timestamp, origin.received_at, req.tech_info
        )
    )
    return v2.SecurityEventNotificationResponse()


# -- variables


def set_for(component: v2.Component, variable: str, value: str) -> v2.SetVariablesRequest:
    return v2.SetVariablesRequest(
        set_variable_data=[
            v2.SetVariableData(
                attribute_value=value, component=component, variable=v2.Variable(name=variable)
            )
        ]
    )


def refusal_in(result: Result) -> str | None:
    if result.outcome is Outcome.ACCEPTED:
        return None
    return result.words or result.outcome.value


async def remember_password(
    command: SetPassword, response: v2.SetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    refused_for = refusal_in(write_result_from(response))
    await slices.security.password_answered(
        origin.station, command, refused_for, origin.received_at
    )


# -- networks. B09, B10


def read_networks_for(_command: ReadNetworks) -> v2.GetVariablesRequest:
    return v2.GetVariablesRequest(
        get_variable_data=[
            v2.GetVariableData(component=COMMUNICATION, variable=v2.Variable(name=name))
            for name in (ORDER, ACTIVE)
        ]
    )


def networks_in(response: v2.GetVariablesResponse) -> dict[str, str]:
    return {
        result.variable.name: result.attribute_value
        for result in response.get_variable_result
        if result.attribute_status is v2.GetVariableStatus.Accepted
        and result.attribute_value is not None
    }


def read_networks_result_from(response: v2.GetVariablesResponse) -> Result:
    told = networks_in(response)
    outcome = Outcome.ACCEPTED if told else Outcome.REFUSED
    return Result(outcome, answer={"order": told.get(ORDER), "active": told.get(ACTIVE)})


async def remember_networks(
    _command: ReadNetworks, response: v2.GetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    told = networks_in(response)
    order, active = told.get(ORDER), told.get(ACTIVE, "").strip()
    await slices.networks.was_read(
        NetworksRead(
            origin.station,
            origin.received_at,
            None if order is None else numbers_in(order),
            int(active) if active.isdecimal() else None,
        )
    )


def numbers_in(text: str) -> tuple[int, ...]:
    return tuple(int(part) for each in text.split(",") if (part := each.strip()).isdecimal())


def set_network_for(command: SetNetwork) -> v2.SetNetworkProfileRequest:
    """2.0.1 has no room for a password and an identity: there the station's own ones hold."""
    profile, secrets = command.profile, command.secrets
    return v2.SetNetworkProfileRequest(
        configuration_slot=command.slot,
        connection_data=v2.NetworkConnectionProfile(
            apn=apn_for(profile.apn, secrets) if profile.apn else None,
            # Required by 2.0.1, and ignored by whoever reads it: the subprotocol decides.
            ocpp_version=v2.OCPPVersion.OCPP20,
            ocpp_interface=INTERFACE_201.get(
                profile.interface, v2.OCPPInterface(profile.interface)
            ),
            ocpp_transport=v2.OCPPTransport.JSON,
            message_timeout=profile.message_timeout_s,
            ocpp_csms_url=profile.url,
            security_profile=profile.security_profile,
            vpn=vpn_for(profile.vpn, secrets) if profile.vpn else None,
        ),
    )


def apn_for(apn: Apn, secrets: NetworkSecrets) -> v2.APN:
    return v2.APN(
        apn=apn.name,
        apn_user_name=apn.user,
        apn_password=secrets.apn_password,
        sim_pin=secrets.sim_pin,
        preferred_network=apn.preferred_network,
        use_only_preferred_network=apn.use_only_preferred,
        apn_authentication=v2.APNAuthentication(apn.authentication),
    )


def vpn_for(vpn: Vpn, secrets: NetworkSecrets) -> v2.VPN:
    return v2.VPN(
        server=vpn.server,
        user=vpn.user,
        group=vpn.group,
        password=secrets.vpn_password or "",
        key=secrets.vpn_key or "",
        type=v2.VPNKind(vpn.kind),
    )


async def remember_network(
    command: SetNetwork, response: v2.SetNetworkProfileResponse, origin: Origin, slices: Slices
) -> None:
    refused_for = refusal_in(result_from(response))
    await slices.networks.was_set(origin.station, command, origin.received_at, refused_for)


async def remember_order(
    command: SetNetworkOrder, response: v2.SetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    refused_for = refusal_in(write_result_from(response))
    await slices.networks.order_was_set(origin.station, command.order, refused_for)


async def remember_restart(
    _command: RestartForNetwork, response: v2.ResetResponse, origin: Origin, slices: Slices
) -> None:
    refused_for = refusal_in(result_from(response))
    await slices.networks.restarts(origin.station, origin.received_at, refused_for)


ROUTES = (
    Route(
        "SecurityEventNotification",
        v2.SecurityEventNotificationRequest,
        security_event_notification,
        answer_when_put_aside=lambda _: v2.SecurityEventNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    SetPassword: Phrase(
        "SetVariables",  # A01.FR.02
        lambda command: set_for(SECURITY, "BasicAuthPassword", command.password),
        write_result_from,
        remember=remember_password,
    ),
    ReadNetworks: Phrase(
        "GetVariables", read_networks_for, read_networks_result_from, remember=remember_networks
    ),
    SetNetwork: Phrase(
        "SetNetworkProfile", set_network_for, result_from, remember=remember_network
    ),
    SetNetworkOrder: Phrase(
        "SetVariables",
        lambda command: set_for(COMMUNICATION, ORDER, ",".join(map(str, command.order))),
        write_result_from,
        remember=remember_order,
    ),
    # B10.FR.05 recommends to wait until nobody charges there; so the station itself does.
    RestartForNetwork: Phrase(
        "Reset",
        lambda _: v2.ResetRequest(type=v2.Reset.OnIdle),
        result_from,
        timeout_s=60,
        remember=remember_restart,
    ),
}
