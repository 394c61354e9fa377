import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from ricarica.app.config import Config
from ricarica.app.doctor import examine, examine_data
from ricarica.app.examination import INVARIANTS
from ricarica.app.security import KEY_FILE, vault_of
from ricarica.app.tables import metadata
from ricarica.certificates.sql import AUTHORITIES
from ricarica.certificates.vault import new_key
from ricarica.cli.ports import Finding
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.stations.sql import CONNECTORS
from ricarica.storage.database import Add
from ricarica.storage.migrations import upgrade
from ricarica.storage.open import open_database

BEFORE = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        data=tmp_path / "data",
        station_host="127.0.0.1",
        station_port=0,
        http_host="127.0.0.1",
        http_port=0,
    )


async def found(config: Config, check: str) -> Finding:
    return next(finding for finding in await examine(config) if finding.check == check)


async def test_an_empty_machine_is_well(config: Config) -> None:
    findings = await examine(config)

    assert [finding for finding in findings if not finding.is_well] == []
    assert not config.data.exists(), "looking changes nothing"


async def test_a_folder_that_is_a_file_cannot_hold_data(config: Config, tmp_path: Path) -> None:
    blocked = tmp_path / "nobody"
    blocked.mkdir(mode=0o500)

    finding = await found(replace(config, data=Path("/proc/1/x")), "data")

    assert not finding.is_well
    assert "cannot be written to" in finding.text


async def test_a_full_disk_is_told(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ricarica.app.doctor.FREE_BYTES_MIN", 1 << 60)

    assert not (await found(config, "disk")).is_well


async def test_a_database_without_our_tables_wants_a_first_start(config: Config) -> None:
    config.data.mkdir()
    (config.data / "ricarica.db").touch()

    finding = await found(config, "database")

    assert not finding.is_well
    assert "ricarica serve" in (finding.remedy or "")


async def test_a_current_database_is_well(config: Config) -> None:
    config.data.mkdir()
    database = open_database(config.url, metadata)
    await database.migrate()
    await database.close()

    assert (await found(config, "database")).is_well


async def test_a_schema_that_lacks_a_column_is_old(config: Config) -> None:
    config.data.mkdir()
    database = open_database(config.url, metadata)
    await database.change_schema(lambda connection: upgrade(connection, "0005"))
    await database.close()

    finding = await found(config, "database")

    assert not finding.is_well
    assert "0006" in finding.text


class TestSecrets:
    @pytest.fixture
    async def restored(self, config: Config) -> Config:
        """What the key among the data sealed is there; the key is not."""
        config.data.mkdir()
        database = open_database(config.url, metadata)
        await database.migrate()
        keys = (DEFAULT_TENANT, "station", "PEM", vault_of(config).seal(b"secret"), BEFORE, 1)
        await database.commit([Add(AUTHORITIES, keys)])
        await database.close()
        (config.data / KEY_FILE).rename(config.data / "aside")
        return config

    async def test_a_key_that_is_lost_is_missed(self, restored: Config) -> None:
        finding = await found(restored, "secrets")

        assert not finding.is_well
        assert not (restored.data / KEY_FILE).exists(), "looking changes nothing"

    async def test_another_key_is_none(self, restored: Config) -> None:
        (restored.data / KEY_FILE).write_bytes(new_key())

        assert "does not open 1 of 1" in (await found(restored, "secrets")).text

    async def test_the_key_of_before_is_well(self, restored: Config) -> None:
        (restored.data / "aside").rename(restored.data / KEY_FILE)

        assert (await found(restored, "secrets")).is_well

    async def test_a_key_that_is_named_has_to_be_there(self, config: Config) -> None:
        named = replace(config, secrets_key=config.data / "none")

        assert not (await found(named, "secrets")).is_well

    async def test_nodes_without_a_key_in_common_are_told(self, config: Config) -> None:
        finding = await found(replace(config, nats_url="nats://localhost:4222"), "secrets")

        assert not finding.is_well
        assert "secrets_key" in (finding.remedy or "")


async def test_a_database_that_is_away_is_told(config: Config) -> None:
    away = replace(config, database_url="postgresql://nobody@127.0.0.1:9/none")

    finding = await found(away, "database")

    assert not finding.is_well
    assert "cannot be reached" in finding.text


async def test_a_port_that_is_taken_is_told(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        finding = await found(replace(config, station_port=port), "station port")

    assert not finding.is_well
    assert str(port) in finding.text


def certified(config: Config, folder: Path, until: datetime) -> Config:
    certificate = trustme.CA().issue_cert("csms.example", not_after=until)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    return replace(config, tls_certificate=chain, tls_key=key, station_tls_port=0)


async def test_a_good_certificate_is_well(config: Config, tmp_path: Path) -> None:
    until = datetime.now(UTC) + timedelta(days=90)

    assert (await found(certified(config, tmp_path, until), "tls")).is_well


async def test_a_certificate_that_ends_soon_wants_to_be_renewed(
    config: Config, tmp_path: Path
) -> None:
    until = datetime.now(UTC) + timedelta(days=3)

    finding = await found(certified(config, tmp_path, until), "tls")

    assert not finding.is_well
    assert "renew" in (finding.remedy or "")


async def test_a_key_of_another_certificate_is_told(config: Config, tmp_path: Path) -> None:
    wrong = certified(config, tmp_path, datetime.now(UTC) + timedelta(days=90))
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(str(wrong.tls_key))

    assert not (await found(wrong, "tls")).is_well


@pytest.mark.parametrize("named", ["data", "database_url"])
async def test_data_that_are_not_there_cannot_be_well(
    named: str, config: Config, tmp_path: Path
) -> None:
    file = tmp_path / "none.db"
    wanted = replace(config, database_url=f"sqlite:///{file}") if named != "data" else config

    [finding] = await examine_data(wanted)

    assert not finding.is_well
    assert not config.data.exists(), "looking changes nothing"
    assert not file.exists()


async def test_each_invariant_of_the_data_is_well_or_broken(config: Config) -> None:
    config.data.mkdir()
    database = open_database(config.url, metadata)
    await database.migrate()
    number = (DEFAULT_TENANT, "CP-1", 0, 1, "available", BEFORE, 1, None, None, 1)
    await database.commit([Add(CONNECTORS, number)])
    await database.close()

    findings = await examine_data(config)

    assert {finding.check for finding in findings} == set(INVARIANTS)
    assert [finding.check for finding in findings if not finding.is_well] == ["I12"]
