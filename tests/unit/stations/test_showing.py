import pytest

from ricarica.stations.model import ConnectorStatus
from ricarica.stations.showing import OCCUPIED_WHILE, SPEAKS_FIRST, evse_status, shown_status
from ricarica.transactions.model import ChargingState

S = ConnectorStatus


def test_every_state_of_a_transaction_has_its_status() -> None:
    assert set(OCCUPIED_WHILE) == set(ChargingState)


def test_every_status_has_its_rank() -> None:
    assert sorted(SPEAKS_FIRST) == sorted(ConnectorStatus)


@pytest.mark.parametrize(
    "state,shown",
    [
        (ChargingState.EV_CONNECTED, S.PREPARING),
        (ChargingState.CHARGING, S.CHARGING),
        (ChargingState.SUSPENDED_EV, S.SUSPENDED_EV),
        (ChargingState.SUSPENDED_EVSE, S.SUSPENDED_EVSE),
        (ChargingState.IDLE, S.FINISHING),
        (None, S.OCCUPIED),
    ],
)
def test_an_occupied_connector_does_what_its_transaction_does(
    state: ChargingState | None, shown: ConnectorStatus
) -> None:
    assert shown_status(S.OCCUPIED, state) is shown


@pytest.mark.parametrize("status", [status for status in S if status is not S.OCCUPIED])
@pytest.mark.parametrize("state", ChargingState)
def test_what_a_connector_says_precisely_stands(
    status: ConnectorStatus, state: ChargingState
) -> None:
    assert shown_status(status, state) is status


@pytest.mark.parametrize(
    "connectors,status",
    [
        ([S.AVAILABLE, S.AVAILABLE], S.AVAILABLE),
        ([S.UNAVAILABLE, S.CHARGING], S.CHARGING),
        ([S.FAULTED, S.CHARGING], S.CHARGING),
        ([S.AVAILABLE, S.FAULTED], S.FAULTED),
        ([S.AVAILABLE, S.RESERVED], S.RESERVED),
        ([S.UNAVAILABLE, S.AVAILABLE], S.AVAILABLE),
        ([S.UNAVAILABLE], S.UNAVAILABLE),
        ([], None),
    ],
)
def test_one_connector_speaks_for_its_evse(
    connectors: list[ConnectorStatus], status: ConnectorStatus | None
) -> None:
    assert evse_status(connectors) is status
