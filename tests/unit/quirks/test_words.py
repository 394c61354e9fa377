from enum import StrEnum

import msgspec
import pytest

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.quirks import known, words
from ricarica.translation.quirks.known import Quirk

ENUMS = [
    enum
    for family in (v16, v2)
    for enum in vars(family).values()
    if isinstance(enum, type) and issubclass(enum, StrEnum) and enum is not StrEnum
]


def payload_type(name: str) -> type[Payload]:
    found: type[Payload] = getattr(v16, name, None) or getattr(v2, name)
    return found


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: f"{enum.__module__[-12:]}.{enum.__name__}")
def test_no_two_words_have_the_same_letters(enum: type[StrEnum]) -> None:
    squashed = [words.squashed(word.value) for word in enum]

    assert len(set(squashed)) == len(squashed)
    assert all(words.spelt(enum, word.value) == word.value for word in enum)


@pytest.mark.parametrize("name", words.MISSPELT)
def test_every_misspelling_means_a_word_of_some_family(name: str) -> None:
    meant = set(words.MISSPELT[name].values())
    enums = [enum for enum in ENUMS if enum.__name__ == name]

    assert meant <= {word.value for enum in enums for word in enum}


@pytest.mark.parametrize("member", [*words.OTHERS, *words.DEFAULTS, *words.MEANINGFUL])
def test_every_member_of_a_table_exists(member: words.Member) -> None:
    owner, name = member
    owners = [each for each in (getattr(v16, owner, None), getattr(v2, owner, None)) if each]
    members = {
        field.encode_name
        for each in owners
        if issubclass(each, Payload)
        for field in msgspec.structs.fields(each)
    }

    assert name in members


@pytest.mark.parametrize(
    "enum, said, meant",
    [
        (v16.Measurand, "Current.import", "Current.Import"),
        (v16.Measurand, "SOC", "SoC"),
        (v2.Measurand, "energy_active_import_register", "Energy.Active.Import.Register"),
        (v16.UnitOfMeasure, "Hz", "Hertz"),
        (v16.UnitOfMeasure, "KWH", "kWh"),
        (v16.UnitOfMeasure, "%", "Percent"),
        (v16.ReadingContext, "Sample Periodic", "Sample.Periodic"),
        (v16.Phase, "l1n", "L1-N"),
        (v2.TransactionEvent, "start", "Started"),
        (v16.UnitOfMeasure, "MWh", None),
        (v16.ChargePointStatus, "Happy", None),
    ],
)
def test_a_word_is_known_by_its_letters(enum: type[StrEnum], said: str, meant: str | None) -> None:
    assert words.spelt(enum, said) == meant


def test_every_quirk_has_a_name_of_its_own_and_a_reason() -> None:
    quirks = [each for each in vars(known).values() if isinstance(each, Quirk)]

    assert len({quirk.name for quirk in quirks}) == len(quirks)
    assert all(quirk.name.isidentifier() and quirk.reason for quirk in quirks)
