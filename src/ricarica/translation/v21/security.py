"""Networks in 2.1, which know passwords and identities of their own. B09"""

import msgspec

from ricarica.ocpp.v2 import messages as v2
from ricarica.security.commands import SetNetwork
from ricarica.translation.route import Phrase, Phrases
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.security import remember_network, set_network_for


def set_whole_network_for(command: SetNetwork) -> v2.SetNetworkProfileRequest:
    """B09.FR.14"""
    said = set_network_for(command)
    data = msgspec.structs.replace(
        said.connection_data,
        ocpp_version=None,
        ocpp_interface=v2.OCPPInterface(command.profile.interface),
        identity=command.profile.identity,
        basic_auth_password=command.secrets.password,
    )
    return msgspec.structs.replace(said, connection_data=data)


PHRASES: Phrases = {
    SetNetwork: Phrase(
        "SetNetworkProfile", set_whole_network_for, result_from, remember=remember_network
    ),
}
