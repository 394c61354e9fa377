"""What it takes to send a request of OCPP as it is: as much as to do the same in its own way."""

import json
from collections.abc import Iterable, Mapping

from ricarica.access.model import Actor, Permission
from ricarica.configuration.model import DOOR, check_door

NEEDED: Mapping[str, Permission] = {
    "CertificateSigned": Permission.EDIT_STATIONS,
    "ChangeTransactionTariff": Permission.EDIT_TARIFFS,
    "ClearTariffs": Permission.EDIT_TARIFFS,
    "CustomerInformation": Permission.EDIT_TOKENS,
    "DeleteCertificate": Permission.EDIT_STATIONS,
    "InstallCertificate": Permission.EDIT_STATIONS,
    "PublishFirmware": Permission.EDIT_STATIONS,
    "SendLocalList": Permission.EDIT_TOKENS,
    "SetDefaultTariff": Permission.EDIT_TARIFFS,
    "SetNetworkProfile": Permission.EDIT_STATIONS,
    "SignedUpdateFirmware": Permission.EDIT_STATIONS,
    "UnpublishFirmware": Permission.EDIT_STATIONS,
    "UpdateFirmware": Permission.EDIT_STATIONS,
}


def check_right(actor: Actor, action: str) -> None:
    """
    Raises:
        ForbiddenError: this actor may tell stations what to do, but not this.
    """
    actor.must(NEEDED.get(action, Permission.COMMAND))


WRITING = frozenset({"ChangeConfiguration", "SetVariables"})
NAMING = frozenset({"key", "name"})


def check_names(action: str, payload: bytes) -> None:
    """
    Raises:
        InvalidError: it would write what the station comes in by.
    """
    if action in WRITING:
        for name in _names_in(payload):
            check_door(name)


def _names_in(payload: bytes) -> Iterable[str]:
    """Of a member that occurs twice, both: some stations take the first one, others the last."""
    names: list[str] = []

    def note(members: list[tuple[str, object]]) -> None:
        names.extend(
            value
            for member, value in members
            if member.casefold() in NAMING and isinstance(value, str)
        )

    try:
        json.loads(payload, object_pairs_hook=note)
    except (ValueError, RecursionError):
        text = payload.decode(errors="replace").casefold()
        return [word for word in DOOR if word in text]
    return names
