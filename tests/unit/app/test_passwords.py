from argon2 import PasswordHasher

from ricarica.app.passwords import ArgonPasswordHasher

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_password_matches_its_own_hash_only() -> None:
    hasher = ArgonPasswordHasher(CHEAP)

    hashed = await hasher.hash("correct horse")

    assert hashed.startswith("$argon2id$")
    assert await hasher.matches(hashed, "correct horse")
    assert not await hasher.matches(hashed, "correct house")


async def test_what_is_no_hash_matches_nothing() -> None:
    assert not await ArgonPasswordHasher(CHEAP).matches("plain", "plain")


async def test_the_same_password_has_another_hash_each_time() -> None:
    hasher = ArgonPasswordHasher(CHEAP)

    assert await hasher.hash("correct horse") != await hasher.hash("correct horse")
