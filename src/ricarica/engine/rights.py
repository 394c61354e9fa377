"""What it takes to send a request of OCPP as it is: as much as to do the same in its own way."""

from collections.abc import Mapping

from ricarica.access.model import Actor, Permission

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
