"""What a gateway remarks on a station's messages, as a line in the log of messages."""

from msgspec.structs import replace

from ricarica.engine import misread
from ricarica.engine.message_log import Logged, stage
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.link.letters import Noted


async def write(unit: UnitOfWork, noted: Noted) -> None:
    logged = Logged(
        noted.key,
        at=noted.at,
        from_station=True,
        message_id=noted.late.message_id if noted.late else "",
        action=noted.late.action if noted.late else "",
        request=noted.text.encode(errors="replace"),
        response=noted.late.payload if noted.late else None,
        outcome=noted.kind,
        duration_ms=0,
    )
    answered = await misread.answer_of(unit, noted) if noted.misread else None
    if answered is None:
        stage(unit, logged)
        return
    said = f"{answered.action} {noted.text}".encode(errors="replace")
    stage(unit, replace(logged, request=said))
    await misread.heed(unit, noted.key, answered)
