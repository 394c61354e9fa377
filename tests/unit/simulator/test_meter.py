from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ricarica.simulator.battery import Draw
from ricarica.simulator.meter import Electrics, Meter, Reading, energy_wh, noisy, readings

FLOWING = Electrics(
    Draw(Decimal(7_360), Decimal(32), 1), offered_w=Decimal(22_080), offered_a=Decimal(32)
)


def only(name: str, electrics: Electrics = FLOWING) -> tuple[Reading, ...]:
    return readings(Meter(Decimal("1234.5678")), electrics, [name], Random(1))


def test_energy_is_power_times_time() -> None:
    assert energy_wh(Decimal(11_040), timedelta(minutes=15)) == 2_760
    assert energy_wh(Decimal(11_040), timedelta(minutes=-1)) == 0


def test_the_register_is_shown_in_thousandths() -> None:
    (register,) = only("Energy.Active.Import.Register")

    assert register == Reading("Energy.Active.Import.Register", Decimal("1234.567"), "Wh")
    assert Meter(Decimal("1234.9")).whole_wh == 1234


def test_current_flows_only_on_the_phases_in_use() -> None:
    currents = only("Current.Import")

    assert [current.phase for current in currents] == ["L1", "L2", "L3"]
    assert 31 < currents[0].value < 33
    assert [current.value for current in currents[1:]] == [0, 0]


def test_voltage_sags_under_load_on_each_phase() -> None:
    voltages = only("Voltage")

    assert [voltage.phase for voltage in voltages] == ["L1-N", "L2-N", "L3-N"]
    assert all(224 < voltage.value < 233 for voltage in voltages)


def test_only_direct_current_knows_the_state_of_charge() -> None:
    dc = Electrics(
        Draw(Decimal(50_000), Decimal(125), 1),
        offered_w=Decimal(50_000),
        offered_a=Decimal(125),
        is_dc=True,
        pack_v=Decimal(400),
        soc_percent=Decimal("41.25"),
    )

    assert only("SoC") == ()
    assert only("SoC", dc) == (Reading("SoC", Decimal("41.2"), "Percent", location="EV"),)
    assert only("Voltage", dc) == (Reading("Voltage", Decimal("400.0"), "V"),)
    assert only("Current.Import", dc) == (Reading("Current.Import", Decimal("125.00"), "A"),)


def test_unknown_measurands_are_left_out_and_the_order_kept() -> None:
    wanted = ["Frequency", "Mood", "Power.Active.Import", "Temperature", "Power.Offered"]

    found = readings(Meter(), FLOWING, wanted, Random(1))

    assert [reading.measurand for reading in found] == [
        "Frequency",
        "Power.Active.Import",
        "Temperature",
        "Power.Offered",
    ]
    assert abs(found[0].value - 50) < 1


def test_the_same_seed_measures_the_same() -> None:
    assert only("Voltage") == only("Voltage")


@given(st.lists(st.decimals(0, 1000, places=3), max_size=20))
def test_a_register_never_goes_back(portions: list[Decimal]) -> None:
    meter = Meter()
    for portion in portions:
        before, meter = meter, meter.advanced(portion)
        assert meter.shown_wh >= before.shown_wh
    assert meter.register_wh == sum(portions)


@given(st.decimals(0, 500, places=2), st.integers())
def test_noise_never_makes_a_value_negative(value: Decimal, seed: int) -> None:
    assert noisy(value, Decimal(5), Random(seed)) >= 0
