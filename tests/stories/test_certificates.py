"""Stations ask for certificates, get them, and are told whom to trust."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ricarica.certificates.authority import new_authority
from ricarica.certificates.commands import DeleteInstalled, InstallRoot, ListInstalled
from ricarica.certificates.model import (
    InstalledKind,
    Purpose,
    RequestState,
    RootKind,
    SigningRequest,
    TrustStore,
)
from ricarica.certificates.sql import REQUEST_SHELF, REQUESTS, SqlCertificateStore
from ricarica.certificates.vault import MissingVault
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.certificates import (
    STATION,
    V2G,
    V2G20,
    ask_again,
    ask_for_certificate,
    held_by,
)
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Topic, Trigger
from ricarica.storage.work import Remembered, Work
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


async def requests_of(network: World, station: SimulatedStation) -> list[SigningRequest]:
    work = Work(network.database, Remembered(network.clock.monotonic))
    return await work.find(REQUEST_SHELF, REQUESTS.c.station == station.identity)


async def trust_of(network: World, station: SimulatedStation) -> TrustStore:
    store = SqlCertificateStore(Work(network.database, Remembered(network.clock.monotonic)))
    found = await store.trust_store(key_of(station))
    assert found is not None, "the station was never asked"
    return found


async def authority(network: World, purpose: str = "station") -> x509.Certificate:
    store = SqlCertificateStore(Work(network.database, Remembered(network.clock.monotonic)))
    keys = await store.keys(network.actor.tenant, purpose)
    assert keys is not None, "nothing was signed yet"
    return x509.load_pem_x509_certificate(keys.chain.encode())


async def found_authority(network: World, purpose: str) -> None:
    async def found(slices: Slices) -> None:
        slices.certificates.found_authority(network.actor.tenant, purpose, network.clock.now())

    await network.carry_out(found)


def root_pem(network: World, name: str = "Root") -> str:
    return new_authority(name, "Ricarica", network.clock.now()).certificate


def said(network: World, station: SimulatedStation, action: str) -> int:
    """How often the station was told so."""
    told = network.frames[key_of(station).station].to_station
    return sum(f'"{action}"' in text for text in told)


@pytest.mark.usecase("A03")
@pytest.mark.tc("TC_A_11_CSMS")
async def test_a_station_that_asks_gets_a_certificate_of_its_own_key(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)

    ask_for_certificate(station.core)
    await network.settle()

    held = held_by(station.core)
    leaf, root = held.own[STATION][0], await authority(network)
    leaf.verify_directly_issued_by(root)
    named = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert held.answers == ["Accepted"]
    assert named == station.core.make.serial
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert leaf.not_valid_before_utc < network.clock.now()
    [request] = await requests_of(network, station)
    assert request.state is RequestState.INSTALLED
    assert request.not_after == leaf.not_valid_after_utc


@pytest.mark.usecase("A02")
async def test_a_network_that_cannot_seal_its_authoritys_key_says_so(
    network: World, dialect: Dialect
) -> None:
    network.pki = replace(network.pki, vault=MissingVault())
    await network.restart_engine()
    station = await network.station("PADOVA-1", dialect)

    ask_for_certificate(station.core)
    await network.settle()

    [request] = await requests_of(network, station)
    assert request.state is RequestState.FAILED
    assert "secrets_key" in (request.detail or "")


@pytest.mark.usecase("A02")
@pytest.mark.tc("TC_A_11_CSMS", "TC_074_CSMS")
async def test_a_station_renews_its_certificate_when_it_is_asked_to(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    ask_for_certificate(station.core)
    await network.settle()
    first = held_by(station.core).own[STATION][0]

    result = await network.tell(station, Trigger(Topic.CERTIFICATE))
    await network.settle()

    second = held_by(station.core).own[STATION][0]
    assert result.outcome is Outcome.ACCEPTED
    assert second.serial_number != first.serial_number
    kept = {each.serial: each.state for each in await requests_of(network, station)}
    # A02.FR.28: until it has come with the new one, it may have to go back to the old one.
    assert kept == {
        f"{second.serial_number:x}": RequestState.INSTALLED,
        f"{first.serial_number:x}": RequestState.SUPERSEDED,
    }


@pytest.mark.usecase("A02")
async def test_a_station_is_asked_for_a_new_key_before_its_certificate_expires(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    ask_for_certificate(station.core)
    await network.settle()
    first = held_by(station.core).own[STATION][0]

    await network.cut(station)
    await network.pass_time(timedelta(days=350), step=timedelta(days=350))
    await network.connect(station)
    await network.pass_time(timedelta(minutes=2))

    assert held_by(station.core).own[STATION][0].serial_number != first.serial_number


@pytest.mark.usecase("A03")
async def test_a_certificate_is_brought_to_a_station_that_was_away(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    held_by(station.core).refuses = True
    ask_for_certificate(station.core)
    await network.settle()
    [refused] = await requests_of(network, station)

    held_by(station.core).refuses = False
    ask_again(station.core)
    await network.settle()

    assert refused.state is RequestState.REFUSED
    assert [each.state for each in await requests_of(network, station)] == [RequestState.INSTALLED]
    assert STATION in held_by(station.core).own


@pytest.mark.usecase("A03")
async def test_a_station_that_asks_twice_for_one_key_gets_the_same_certificate(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    ask_for_certificate(station.core)
    await network.settle()
    [before] = await requests_of(network, station)

    ask_again(station.core)
    await network.settle()

    [after] = await requests_of(network, station)
    assert (after.id, after.serial) == (before.id, before.serial)


@pytest.mark.usecase("A03")
@pytest.mark.tc("TC_A_13_CSMS")
async def test_nobody_gets_a_certificate_for_another_station(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)

    ask_for_certificate(station.core, name="VENEZIA-1")
    await network.settle()

    assert held_by(station.core).answers == ["Rejected"]
    assert await requests_of(network, station) == []
    assert said(network, station, "CertificateSigned") == 0


@pytest.mark.parametrize("name", ["VENEZIA-1", "venezia-1", "SN-VENEZIA"])
async def test_nobody_gets_a_certificate_by_telling_the_serial_number_of_another(
    network: World, dialect: Dialect, name: str
) -> None:
    other = network.build("VENEZIA-1", dialect)
    other.core.make = replace(other.core.make, serial="SN-VENEZIA")
    await network.connect(other)
    station = network.build("PADOVA-1", dialect)
    station.core.make = replace(station.core.make, serial=name)
    await network.connect(station)

    ask_for_certificate(station.core)
    await network.settle()

    assert held_by(station.core).answers == ["Rejected"]
    assert await requests_of(network, station) == []


@pytest.mark.usecase("A02")
async def test_a_certificate_that_a_station_refuses_is_not_sent_again(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    held_by(station.core).refuses = True

    ask_for_certificate(station.core)
    await network.pass_time(timedelta(hours=1))

    assert said(network, station, "CertificateSigned") == 1
    [request] = await requests_of(network, station)
    assert request.state is RequestState.REFUSED


@pytest.mark.usecase("A02")
@IN_2X
async def test_what_a_certificate_is_for_comes_back_with_it(
    network: World, dialect: Dialect
) -> None:
    await found_authority(network, "v2g")
    station = await network.station("PADOVA-1", dialect)

    ask_for_certificate(station.core, V2G)
    await network.settle()

    leaf = held_by(station.core).own[V2G][0]
    leaf.verify_directly_issued_by(await authority(network, "v2g"))
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    [request] = await requests_of(network, station)
    assert request.purpose is Purpose.V2G


@pytest.mark.usecase("A02")
async def test_2_1_hears_its_own_number_of_the_request(network: World) -> None:
    await found_authority(network, "v2g")
    station = await network.station("PADOVA-1", V21)

    ask_for_certificate(station.core, V2G20, typed=True, request_id=4711)
    await network.settle()

    assert V2G20 in held_by(station.core).own
    told = network.frames[key_of(station).station].to_station
    assert any('"CertificateSigned"' in text and '"requestId":4711' in text for text in told)


@pytest.mark.usecase("A02")
@IN_2X
async def test_to_cars_a_station_has_the_name_that_it_told(
    network: World, dialect: Dialect
) -> None:
    await found_authority(network, "v2g")
    station = await network.station("PADOVA-1", dialect)
    told = {
        "component": {"name": "ISO15118Ctrlr", "evse": {"id": 1}},
        "variable": {"name": "SeccId"},
        "variableAttribute": [{"value": "IT*RIC*S1"}],
    }
    now = f"{network.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    report = {"requestId": 1, "generatedAt": now, "seqNo": 0, "reportData": [told]}
    await network.teller(station).call("NotifyReport", report)

    ask_for_certificate(station.core, STATION, name="IT*RIC*S1")
    ask_for_certificate(station.core, V2G, name="IT*RIC*S1")
    await network.settle()

    assert held_by(station.core).answers == ["Rejected", "Accepted"]


@pytest.mark.usecase("A02")
@IN_2X
async def test_without_an_authority_for_cars_no_certificate_for_them_is_promised(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)

    ask_for_certificate(station.core, V2G)
    await network.settle()

    assert held_by(station.core).answers == ["Rejected"]


# -- whom stations trust


@pytest.mark.usecase("M05")
@pytest.mark.tc("TC_M_01_CSMS", "TC_075_1_CSMS")
async def test_a_root_that_stations_ought_to_have_is_installed(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    pem = root_pem(network)

    await network.carry_out(
        lambda slices: slices.trust.add(
            network.actor.tenant, RootKind.MANUFACTURER, pem, slices.now, [station.identity]
        )
    )
    await network.settle()

    [(kind, root)] = held_by(station.core).roots
    assert kind == "ManufacturerRootCertificate"
    assert root == x509.load_pem_x509_certificate(pem.encode())
    store = await trust_of(network, station)
    assert [each.kind for each in store.installed] == [InstalledKind.MANUFACTURER]
    assert said(network, station, "InstallCertificate") == 1


@pytest.mark.usecase("M05")
async def test_a_root_that_is_there_already_is_not_installed_again(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    held = held_by(station.core)
    held.algorithm = "SHA384"
    pem = root_pem(network)
    name = "ManufacturerRootCertificate"
    held.roots.append((name, x509.load_pem_x509_certificate(pem.encode())))

    await network.carry_out(
        lambda slices: slices.trust.add(
            network.actor.tenant, RootKind.MANUFACTURER, pem, slices.now, [station.identity]
        )
    )
    await network.settle()

    assert said(network, station, "GetInstalledCertificateIds") == 1
    assert said(network, station, "InstallCertificate") == 0


@pytest.mark.usecase("M04")
@pytest.mark.tc("TC_M_20_CSMS", "TC_076_CSMS")
async def test_a_root_that_is_not_wanted_any_more_is_deleted(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    pem = root_pem(network)
    tenant, kind = network.actor.tenant, RootKind.MANUFACTURER
    root = await network.carry_out(
        lambda slices: slices.trust.add(tenant, kind, pem, slices.now, [station.identity])
    )
    await network.settle()

    await network.carry_out(lambda slices: slices.trust.remove(tenant, kind, root.id))
    await network.settle()

    assert held_by(station.core).roots == []
    assert (await trust_of(network, station)).installed == ()


@pytest.mark.usecase("M04")
async def test_the_last_root_by_which_a_station_knows_us_stays(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    pem = root_pem(network)
    tenant, kind = network.actor.tenant, RootKind.CSMS
    root = await network.carry_out(
        lambda slices: slices.trust.add(tenant, kind, pem, slices.now, [station.identity])
    )
    await network.settle()

    await network.carry_out(lambda slices: slices.trust.remove(tenant, kind, root.id))
    await network.settle()

    assert len(held_by(station.core).roots) == 1
    assert said(network, station, "DeleteCertificate") == 0


@pytest.mark.usecase("M03")
@pytest.mark.tc("TC_M_12_CSMS", "TC_M_14_CSMS")
async def test_a_station_tells_its_certificates_by_their_hashes(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    await network.tell(station, InstallRoot(RootKind.CSMS, root_pem(network)))

    result = await network.tell(station, ListInstalled(InstalledKind.CSMS))
    await network.settle()

    assert result.status == "Accepted"
    [told] = result.answer["installed"]
    [known] = (await trust_of(network, station)).installed
    assert known.hashes.serial == told["serial"]


@pytest.mark.usecase("M03")
@pytest.mark.tc("TC_M_18_CSMS")
async def test_a_station_without_certificates_says_so(network: World, dialect: Dialect) -> None:
    station = await network.station("PADOVA-1", dialect)

    result = await network.tell(station, ListInstalled(InstalledKind.MANUFACTURER))
    await network.settle()

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "NotFound")
    assert (await trust_of(network, station)).listed == {InstalledKind.MANUFACTURER}


@pytest.mark.usecase("M04")
@pytest.mark.tc("TC_M_21_CSMS")
async def test_a_certificate_that_is_gone_is_not_found(network: World, dialect: Dialect) -> None:
    station = await network.station("PADOVA-1", dialect)
    await network.tell(station, InstallRoot(RootKind.CSMS, root_pem(network)))
    await network.tell(station, ListInstalled(InstalledKind.CSMS))
    await network.settle()
    [known] = (await trust_of(network, station)).installed
    held_by(station.core).roots.clear()

    result = await network.tell(station, DeleteInstalled(known.hashes))
    await network.settle()

    assert result.status == "NotFound"
    assert (await trust_of(network, station)).installed == ()


@pytest.mark.usecase("M05")
async def test_1_6_is_not_bothered_with_roots_that_it_has_no_word_for(network: World) -> None:
    station = await network.station("PADOVA-1", V16)

    await network.carry_out(
        lambda slices: slices.trust.add(
            network.actor.tenant,
            RootKind.V2G,
            root_pem(network),
            slices.now,
            [station.identity],
        )
    )
    await network.settle()

    assert said(network, station, "InstallCertificate") == 0
