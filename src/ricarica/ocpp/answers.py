"""Whether an answer to a call of ours can be understood."""

from msgspec import Raw

from ricarica.ocpp import actions, wire
from ricarica.ocpp.errors import RemoteProtocolError, code_word
from ricarica.ocpp.events import Answered
from ricarica.ocpp.session import Session


def reject_unfit(session: Session, answered: Answered) -> None:
    """Tell the peer that its answer cannot be understood, where the dialect has words for that.

    OCPP-J 2.1 §4.2.4. The caller goes on as if nothing had been said.
    """
    if not session.dialect.has_result_errors:
        return
    expected = actions.response_type(session.dialect, answered.action)
    error = complaint(answered.payload, expected) if expected else None
    if error is not None:
        code = code_word(error.kind, session.dialect)
        session.reject_result(answered.id, code, error.description)


def complaint(payload: Raw, expected: type) -> RemoteProtocolError | None:
    try:
        wire.decode(payload, expected)
    except RemoteProtocolError as error:
        return error
    return None
