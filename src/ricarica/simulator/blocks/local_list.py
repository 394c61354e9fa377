"""D01, D02: the list of tokens that a station may let in by itself."""

from collections.abc import Mapping

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.core import Block, Station
from ricarica.simulator.tokens import Verdict

NO_LIST = -1  # 1.6 §5.10


def _list_version_v16(station: Station, _request: v16.GetLocalListVersionRequest) -> Payload:
    version = station.tokens.list_version if _is_on(station) else NO_LIST
    return v16.GetLocalListVersionResponse(list_version=version)


def _list_version_v2(station: Station, _request: v2.GetLocalListVersionRequest) -> Payload:
    version = station.tokens.list_version if _is_on(station) else 0  # D02.FR.03
    return v2.GetLocalListVersionResponse(version_number=version)


def _send_list_v16(station: Station, request: v16.SendLocalListRequest) -> Payload:
    if not _is_on(station):
        return v16.SendLocalListResponse(status=v16.UpdateStatus.NotSupported)
    told = request.local_authorization_list or ()
    entries = {entry.id_tag: _verdict_v16(entry.id_tag_info) for entry in told}
    is_full = request.update_type is v16.UpdateType.Full
    status = _taken(station, request.list_version, entries, len(told), is_full=is_full)
    return v16.SendLocalListResponse(status=v16.UpdateStatus(status))


def _send_list_v2(station: Station, request: v2.SendLocalListRequest) -> Payload:
    if not _is_on(station):
        return v2.SendLocalListResponse(status=v2.SendLocalListStatus.Failed)
    told = request.local_authorization_list or ()
    entries = {entry.id_token.id_token: _verdict_v2(entry.id_token_info) for entry in told}
    is_full = request.update_type is v2.Update.Full
    status = _taken(station, request.version_number, entries, len(told), is_full=is_full)
    return v2.SendLocalListResponse(status=v2.SendLocalListStatus(status))


def _is_on(station: Station) -> bool:
    return station.settings.flag("local_list_enabled")


def _taken(
    station: Station,
    version: int,
    entries: Mapping[str, Verdict | None],
    told: int,
    *,
    is_full: bool,
) -> str:
    tokens, settings = station.tokens, station.settings
    if not is_full and version <= tokens.list_version:
        return "VersionMismatch"  # D01.FR.19
    is_doubled = len({uid.casefold() for uid in entries}) < told  # D01.FR.06
    if is_doubled or version <= 0 or told > settings.integer("local_list_items"):
        return "Failed"
    before = {} if is_full else dict(tokens.local_list)
    after = {**before, **{uid.casefold(): verdict for uid, verdict in entries.items()}}
    if sum(verdict is not None for verdict in after.values()) > settings.integer("local_list_max"):
        return "Failed"
    change = tokens.replace_list if is_full else tokens.update_list
    change(version, entries)
    return "Accepted"


def _verdict_v16(info: v16.IdTagInfo | None) -> Verdict | None:
    return Verdict(info.status.value, info.parent_id_tag, info.expiry_date) if info else None


def _verdict_v2(info: v2.IdTokenInfo | None) -> Verdict | None:
    if info is None:
        return None
    group = info.group_id_token.id_token if info.group_id_token else None
    return Verdict(info.status.value, group, info.cache_expiry_date_time)


BLOCK = Block(
    "local_list",
    commands={
        v16.GetLocalListVersionRequest: _list_version_v16,
        v16.SendLocalListRequest: _send_list_v16,
        v2.GetLocalListVersionRequest: _list_version_v2,
        v2.SendLocalListRequest: _send_list_v2,
    },
)
