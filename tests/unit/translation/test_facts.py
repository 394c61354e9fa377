"""What happened is never refused: what we cannot read or stumble over is put aside."""

import pytest

from ricarica.translation.route import Route
from ricarica.translation.routes import V2_ROUTES, V16_ROUTES, V21_ROUTES

# Who asks can be refused, and told why.
QUESTIONS = {
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "Get15118EVCertificate",
    "GetCertificateChainStatus",
    "GetCertificateStatus",
    "Heartbeat",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "SignCertificate",
    "StartTransaction",  # it needs a number
    "VatNumberValidation",
}
# The next one tells the same, and there are many.
PASSING = {"ClosePeriodicEventStream", "NotifyPeriodicEventStream", "StatusNotification"}


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in dict.fromkeys((*V16_ROUTES, *V2_ROUTES, *V21_ROUTES))
        if route.action not in QUESTIONS | PASSING
    ],
    ids=lambda route: f"{route.request.__module__}.{route.action}",
)
def test_a_fact_has_an_answer_for_when_it_is_put_aside(route: Route) -> None:
    assert route.answer_when_put_aside is not None
    answer = route.answer_when_put_aside(None)
    assert type(answer).__name__ == f"{route.action}Response"
