"""A certificate opens the door to the station that asked for it, and to nobody else."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ricarica.certificates.authority import new_authority
from ricarica.certificates.queries import CertificateQueries
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.link.letters import ClientCertificate, Verdict
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.simulator.blocks.certificates import STATION, ask_for_certificate, held_by
from ricarica.simulator.commands import boot_again
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Topic, Trigger
from ricarica.stations.service import Preparation
from ricarica.testing.world import World, key_of
from tests.stories.test_certificates import authority, found_authority, requests_of


def client(
    certificate: x509.Certificate, *, authority: str = DEFAULT_TENANT, organization: str = ""
) -> ClientCertificate:
    """As the door tells of what TLS has verified."""
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    key = hashlib.sha256(der).hexdigest()
    return ClientCertificate(str(name), organization or None, key, authority)


async def certified(network: World, dialect: Dialect) -> SimulatedStation:
    """One that has a certificate of ours, and may come by nothing else."""
    station = await network.station("PADOVA-1", dialect)
    ask_for_certificate(station.core)
    await network.settle()
    await demand_certificate(network, station)
    return station


async def demand_certificate(network: World, station: SimulatedStation) -> None:
    said = Preparation(security_profile=3)
    await network.carry_out(
        lambda slices: slices.stations.prepare(key_of(station), said, slices.now)
    )
    await network.settle()


def own(station: SimulatedStation) -> x509.Certificate:
    return held_by(station.core).own[STATION][0]


@pytest.mark.usecase("A02")
@pytest.mark.tc("TC_A_07_CSMS", "TC_087_CSMS")
async def test_a_station_comes_in_by_the_certificate_that_it_got_here(
    network: World, dialect: Dialect
) -> None:
    station = await certified(network, dialect)

    shown = client(own(station))
    of_another_tenant = client(own(station), authority="another")

    assert await network.connect(station, secure=True, certificate=shown) is Verdict.WELCOME
    refused = await network.connect(station, secure=True, certificate=of_another_tenant)
    assert refused is Verdict.UNAUTHORIZED


@pytest.mark.usecase("A02")
async def test_what_an_authority_of_ours_never_signed_for_it_lets_no_station_in(
    network: World, dialect: Dialect
) -> None:
    station = await certified(network, dialect)
    forged = client(own(station))
    forged = msgspec.structs.replace(forged, key="00" * 32)

    # Whoever has the authority's key can sign any name, but not for a key that was asked for.
    refused = await network.connect(station, secure=True, certificate=forged)

    assert refused is Verdict.UNAUTHORIZED


@pytest.mark.usecase("A02")
async def test_once_a_station_came_with_its_new_certificate_the_old_one_is_of_no_use(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    ask_for_certificate(station.core)
    await network.settle()
    first = client(own(station))
    await network.tell(station, Trigger(Topic.CERTIFICATE))
    await network.settle()
    second = client(own(station))
    await demand_certificate(network, station)

    back_to_the_old = await network.connect(station, secure=True, certificate=first)
    with_the_new = await network.connect(station, secure=True, certificate=second)
    with_the_old = await network.connect(station, secure=True, certificate=first)

    # A02.FR.10, A02.FR.28
    assert (back_to_the_old, with_the_new) == (Verdict.WELCOME, Verdict.WELCOME)
    assert with_the_old is Verdict.UNAUTHORIZED


@pytest.mark.usecase("A02")
async def test_a_revoked_certificate_lets_nobody_in_and_is_not_signed_again(
    network: World, dialect: Dialect
) -> None:
    station = await certified(network, dialect)
    shown = client(own(station))
    await network.connect(station, secure=True, certificate=shown)
    [request] = await requests_of(network, station)

    await network.carry_out(lambda slices: slices.certificates.revoke(key_of(station), request.id))
    await network.settle()

    assert network.connected(key_of(station)) is None
    assert await network.connect(station, secure=True, certificate=shown) is Verdict.UNAUTHORIZED
    by_others = client(own(station), authority="")
    refused = await network.connect(station, secure=True, certificate=by_others)
    assert refused is Verdict.UNAUTHORIZED


@pytest.mark.usecase("A02")
async def test_an_authority_that_was_replaced_is_still_known(network: World) -> None:
    await found_authority(network, "station")
    before = await authority(network)
    made = new_authority("Another", "Ricarica", network.clock.now())

    async def keep(slices: Slices) -> None:
        await slices.certificates.keep_authority(
            DEFAULT_TENANT, "station", made.certificate, made.key, slices.now
        )

    await network.carry_out(keep)

    signers = await CertificateQueries(network.database).signers()
    chains = {x509.load_pem_x509_certificate(chain.encode()) for _, chain in signers}
    assert chains == {before, x509.load_pem_x509_certificate(made.certificate.encode())}


@pytest.mark.usecase("B01")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_who_boots_with_another_serial_number_than_its_certificate_names_is_cut_off(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PADOVA-1", dialect)
    serial = station.core.make.serial
    await demand_certificate(network, station)
    shown = ClientCertificate(serial, None, "ab" * 32)
    assert await network.connect(station, secure=True, certificate=shown) is Verdict.WELCOME
    assert network.connected(key_of(station)) is not None

    station.core.make = replace(station.core.make, serial="SV-999999")
    boot_again(station.core)
    await network.pass_time(timedelta(seconds=1))

    # B01.FR.11, B01.FR.12
    assert network.connected(key_of(station)) is None
    known = await network.carry_out(lambda slices: slices.stations.get(key_of(station)))
    assert known.serial == serial


@pytest.mark.usecase("B01")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
@pytest.mark.parametrize("said", [{}, {"certificate_name": "MAKER-7"}])
async def test_a_certificate_that_names_a_station_otherwise_leaves_its_serial_number_open(
    network: World, dialect: Dialect, said: dict[str, str]
) -> None:
    station = await network.station("PADOVA-1", dialect)
    await demand_certificate(network, station)
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station),
            Preparation(certificate_name=said.get("certificate_name")),
            slices.now,
        )
    )
    await network.settle()
    shown = ClientCertificate(said.get("certificate_name", "padova-1"), None, "ab" * 32)
    await network.connect(station, secure=True, certificate=shown)

    station.core.make = replace(station.core.make, serial="SV-999999")
    boot_again(station.core)
    await network.pass_time(timedelta(seconds=1))

    assert network.connected(key_of(station)) is not None
    known = await network.carry_out(lambda slices: slices.stations.get(key_of(station)))
    assert known.serial == "SV-999999"
