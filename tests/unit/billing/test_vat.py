import pytest

from ricarica.billing.vat import is_well_formed, normal


@pytest.mark.parametrize(
    "number",
    [
        "IT12345670017",
        "it 123 4567 0017",
        "DE123456788",
        "FR12 123456789",
        "NL123456789B01",
        "ATU12345678",
        "EL123456789",
        "CHE-123.456.789 MWST",
        "XI123456789",
    ],
)
def test_a_number_as_its_country_writes_it_may_be_one(number: str) -> None:
    assert is_well_formed(number)


@pytest.mark.parametrize(
    "number", ["", "IT", "IT12345670018", "IT1234567001", "DE12345678", "ZZ123456789", "12345678"]
)
def test_what_no_country_writes_is_none(number: str) -> None:
    assert not is_well_formed(number)


def test_signs_between_and_small_letters_do_not_count() -> None:
    assert normal(" che-123.456.789 mwst ") == "CHE123456789MWST"
