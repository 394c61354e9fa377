"""`ricarica operator`, `ricarica api-key`: straight in the database, with or without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import typer

from ricarica.access.model import ApiKey, Operator, Role, checked_name, checked_password
from ricarica.access.service import AccessService, NewKey
from ricarica.cli.options import AsJson, ConfigFile, Data, DatabaseUrl
from ricarica.cli.output import show_json, show_table
from ricarica.cli.ports import Choices, Desk, Programs
from ricarica.kernel.errors import NotFoundError

T = TypeVar("T")
SHOWN_MAX = 500  # people and programs of one network; more can be read over the API

operators = typer.Typer(no_args_is_help=True, help="People who may log in.")
api_keys = typer.Typer(no_args_is_help=True, help="Keys of programs that call the API.")

Name = Annotated[str, typer.Argument(help="What the operator logs in with.")]
Password = Annotated[
    str | None,
    typer.Option(
        envvar="RICARICA_OPERATOR_PASSWORD", help="Asked for, if not given.", show_default=False
    ),
]


@operators.command("add")
def add_operator(
    context: typer.Context,
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="What the operator may do.")] = Role.OPERATOR,
    password: Password = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let a person in."""
    checked_name(name)
    secret = _asked(password)

    async def add(desk: Desk) -> Operator:
        return await desk.authentication.add_operator(desk.actor, name, secret, role)

    choices = Choices({"data": data, "database_url": database_url}, config)
    added = _at_desk(context, choices, add)
    if as_json:
        show_json(_of_operator(added))
    else:
        typer.echo(f"{added.name} may log in now, as {added.role}")


@operators.command("list")
def list_operators(
    context: typer.Context,
    *,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show who may log in."""

    async def read(desk: Desk) -> list[dict[str, Any]]:
        from ricarica.access.queries import AccessQueries
        from ricarica.storage.pages import Wanted

        page = await AccessQueries(desk.database).operators(desk.actor.tenant, Wanted(SHOWN_MAX))
        return [_of_operator(operator) for operator in page.items]

    choices = Choices({"data": data, "database_url": database_url}, config)
    _show(_at_desk(context, choices, read), ("name", "role", "created_at"), as_json=as_json)


@operators.command("password")
def set_password(
    context: typer.Context,
    name: Name,
    *,
    password: Password = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Give an operator a new password; ends all sessions opened with the old one."""
    secret = _asked(password)

    async def change(desk: Desk) -> Operator:
        return await desk.authentication.set_password(desk.actor, name, secret)

    choices = Choices({"data": data, "database_url": database_url}, config)
    changed = _at_desk(context, choices, change)
    typer.echo(f"{changed.name} has a new password")


@api_keys.command("create")
def create_api_key(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    role: Annotated[Role, typer.Option(help="What whoever has it may do.")] = Role.VIEWER,
    expires_days: Annotated[int | None, typer.Option(min=1, help="By default never.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for the API. It is shown this once."""

    async def create(desk: Desk) -> tuple[ApiKey, str]:
        at = desk.now()
        expires_at = at + timedelta(days=expires_days) if expires_days else None

        async def work(access: AccessService) -> tuple[ApiKey, str]:
            key, secret = await access.create_api_key(
                desk.actor, NewKey(name, role, expires_at), at
            )
            access.audit(desk.actor, "api_key.create", f"api_key:{key.id}", at)
            return key, secret

        return await desk.commit(work)

    choices = Choices({"data": data, "database_url": database_url}, config)
    key, secret = _at_desk(context, choices, create)
    if as_json:
        show_json({"key": secret, **_of_key(key)})
    else:
        typer.echo(secret)


@api_keys.command("list")
def list_api_keys(
    context: typer.Context,
    *,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the keys there are, without the keys themselves."""

    async def read(desk: Desk) -> list[dict[str, Any]]:
        return [_of_key(key) for key in await _keys(desk)]

    columns = ("id", "name", "prefix", "role", "created_at", "expires_at", "used_at", "revoked_at")
    choices = Choices({"data": data, "database_url": database_url}, config)
    _show(_at_desk(context, choices, read), columns, as_json=as_json)


@api_keys.command("revoke")
def revoke_api_key(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Its id or its prefix, see `api-key list`.")],
    *,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """End a key; a running server takes note within 10 seconds."""

    async def revoke(desk: Desk) -> ApiKey:
        key_id = await _key_id(desk, key)
        at = desk.now()

        async def work(access: AccessService) -> ApiKey:
            revoked = await access.revoke_api_key(desk.actor.tenant, key_id, at)
            access.audit(desk.actor, "api_key.revoke", f"api_key:{revoked.id}", at)
            return revoked

        return await desk.commit(work)

    choices = Choices({"data": data, "database_url": database_url}, config)
    revoked = _at_desk(context, choices, revoke)
    typer.echo(f"{revoked.prefix}… ({revoked.name}) opens nothing any more")


def _at_desk(context: typer.Context, choices: Choices, work: Callable[[Desk], Awaitable[T]]) -> T:
    programs: Programs = context.obj

    async def open_and_work() -> T:
        async with programs.desk(choices) as desk:
            return await work(desk)

    return asyncio.run(open_and_work())


def _asked(password: str | None) -> str:
    given = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return checked_password(given)


async def _keys(desk: Desk) -> Sequence[ApiKey]:
    from ricarica.access.queries import AccessQueries
    from ricarica.storage.pages import Wanted

    page = await AccessQueries(desk.database).api_keys(desk.actor.tenant, Wanted(SHOWN_MAX))
    return page.items


async def _key_id(desk: Desk, text: str) -> str:
    found = [key.id for key in await _keys(desk) if text in (key.id, key.prefix)]
    if len(found) != 1:
        raise NotFoundError(f"{len(found) or 'no'} keys are called {text}; `api-key list` has them")
    return found[0]


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
        return
    headings = [column.removesuffix("_at") for column in columns]
    show_table(headings, ([row[column] for column in columns] for row in rows))


def _of_operator(operator: Operator) -> dict[str, Any]:
    return {"name": operator.name, "role": operator.role, "created_at": operator.created_at}


def _of_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "role": key.role,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "used_at": key.used_at,
        "revoked_at": key.revoked_at,
    }
