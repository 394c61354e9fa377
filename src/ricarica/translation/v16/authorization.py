"""Tokens and local lists in 1.6."""

from ricarica.authorization.commands import ReadListVersion, SendList
from ricarica.authorization.lists import UNSUPPORTED
from ricarica.authorization.model import TokenRef
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v16.phrases import result_from
from ricarica.translation.v16.words import id_tag_info_for

ID_TAG_MAX = 20  # characters of an idTag; a station of 1.6 reads no longer ones


async def authorize(
    req: v16.AuthorizeRequest, origin: Origin, slices: Slices
) -> v16.AuthorizeResponse:
    judgement = await slices.authorization.authorize(
        origin.station, TokenRef(req.id_tag), origin.received_at
    )
    return v16.AuthorizeResponse(id_tag_info=id_tag_info_for(judgement))


def send_list_for(command: SendList) -> v16.SendLocalListRequest:
    """What is too long for 1.6 is left out: no reader of such a station could show it."""
    removed = [
        v16.AuthorizationData(id_tag=ref.uid)
        for ref in command.removed
        if len(ref.uid) <= ID_TAG_MAX
    ]
    entries = [
        v16.AuthorizationData(id_tag=entry.uid, id_tag_info=id_tag_info_for(entry.judgement))
        for entry in command.entries
        if len(entry.uid) <= ID_TAG_MAX
    ]
    return v16.SendLocalListRequest(
        list_version=command.version,
        update_type=v16.UpdateType.Full if command.is_full else v16.UpdateType.Differential,
        local_authorization_list=[*removed, *entries] or None,
    )


async def remember_list(
    command: SendList, response: v16.SendLocalListResponse, origin: Origin, slices: Slices
) -> None:
    lists, at = slices.local_lists, origin.received_at
    if response.status is v16.UpdateStatus.NotSupported:
        await lists.unsupported(origin.station, at)
        return
    is_accepted = response.status is v16.UpdateStatus.Accepted
    await lists.answered(origin.station, command, at, is_accepted=is_accepted)


def version_result_from(response: v16.GetLocalListVersionResponse) -> Result:
    if response.list_version == UNSUPPORTED:  # 1.6 §5.10
        return Result(Outcome.UNSUPPORTED, detail="the station has no local list")
    return Result(Outcome.ACCEPTED, answer={"version": response.list_version})


async def remember_version(
    _command: object, response: v16.GetLocalListVersionResponse, origin: Origin, slices: Slices
) -> None:
    version, at = response.list_version, origin.received_at
    await slices.local_lists.told_version(origin.station, version, at)


ROUTES = (Route("Authorize", v16.AuthorizeRequest, authorize, tokens=lambda req: (req.id_tag,)),)
PHRASES: Phrases = {
    ReadListVersion: Phrase(
        "GetLocalListVersion",
        lambda _: v16.GetLocalListVersionRequest(),
        version_result_from,
        remember=remember_version,
    ),
    SendList: Phrase(
        "SendLocalList", send_list_for, result_from, timeout_s=60, remember=remember_list
    ),
}
