"""/stations/{identity}/doctor: why a station cannot connect, or cannot charge."""

from datetime import datetime

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, require
from ricarica.api.gate import needs
from ricarica.engine.diagnosis import Finding, Level
from ricarica.engine.diagnosis_texts import WORDS


class FindingReply(Struct, frozen=True):
    """`code` stays the same from version to version; `text` and `remedy` are for people."""

    code: str
    level: Level
    text: str
    remedy: str | None
    at: datetime | None


class DiagnosisReply(Struct, frozen=True):
    station: str
    is_registered: bool
    is_well: bool
    findings: list[FindingReply]


@get("/stations/{identity:str}/doctor", opt=needs(Permission.READ), tags=["Stations"])
async def examine_station(caller: Asking, identity: FromPath[str]) -> DiagnosisReply:
    """What keeps a station from working, the worst first. It need not be registered."""
    examine = require(caller.engine.doctor, "doctor here")
    found = await examine(caller.tenant, identity)
    return DiagnosisReply(
        found.identity,
        found.is_registered,
        found.is_well,
        [_reply(each) for each in found.findings],
    )


HANDLERS = (examine_station,)


def _reply(finding: Finding) -> FindingReply:
    words = WORDS[finding.code]
    remedy = (
        words.remedy % finding.values if words.remedy and finding.level is not Level.OK else None
    )
    return FindingReply(
        finding.code, finding.level, words.text % finding.values, remedy, finding.at
    )
