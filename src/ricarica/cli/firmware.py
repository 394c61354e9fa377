"""`ricarica firmware`: images, who gets them, and campaigns."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.cli.stations import ENDS, Identity
from ricarica.kernel.errors import ConflictError

app = typer.Typer(no_args_is_help=True, help="Firmware of stations: images and campaigns.")

ImageId = Annotated[str, typer.Argument(help="As `ricarica firmware list` shows it.")]
CampaignId = Annotated[str, typer.Argument(help="As `ricarica firmware campaigns` shows it.")]
Pem = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="PEM.")]
TELL_S = 90.0  # a station may think for a minute about an order


@app.command("list")
def list_images(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List images, the latest first."""
    images = list(Server(url, key).items("/firmware/images", {}))
    if as_json:
        show_json(images)
        return
    headings = ("image", "name", "version", "vendor", "model", "size", "signed by", "withdrawn")
    show_table(headings, map(_image, images))


@app.command("add")
def add_image(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The image.")],
    *,
    vendor: Annotated[str, typer.Option(help="As stations say it when they boot.")],
    model: Annotated[str, typer.Option(help="The same.")],
    firmware: Annotated[str, typer.Option(help="The version that stations say when it runs.")],
    signature: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Base64; or bytes.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM, of the signer.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Add an image. A signature is checked before anything is kept."""
    fields = {"vendor": vendor, "model": model, "firmware": firmware}
    if signature is not None:
        fields["signature"] = _base64(signature.read_bytes())
    if certificate is not None:
        fields["certificate"] = certificate.read_text()
    image = Server(url, key).upload("/firmware/images", fields, file)
    if as_json:
        show_json(image)
    else:
        show_facts(image.items())


@app.command("withdraw")
def withdraw_image(image: ImageId, *, url: Url = LOCAL, key: Key = None) -> None:
    """Withdraw an image: no station gets it any more."""
    Server(url, key).delete(f"/firmware/images/{quote(image, safe='')}")


@app.command("trust")
def trust_root(
    vendor: Annotated[str, typer.Argument(help="As stations say it when they boot.")],
    root: Pem,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Trust a manufacturer's root for signatures of its images."""
    body = msgspec.json.encode({"vendor": vendor, "pem": root.read_text()})
    known = Server(url, key).post("/firmware/roots", body, {})
    if as_json:
        show_json(known)
    else:
        show_facts(known.items())


@app.command("update")
def update_station(
    identity: Identity,
    image: ImageId,
    *,
    signed: Annotated[
        bool | None, typer.Option(help="With its signature, or without; by default if it has one.")
    ] = None,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Even if the station says another model.")
    ] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Order one station to install an image."""
    body = msgspec.json.encode({"image": image, "signed": signed, "any_model": any_model})
    path = f"/stations/{quote(identity, safe='')}/firmware"
    end(path, body, Server(url, key), as_json=as_json)


@app.command("updates")
def list_updates(
    identity: Annotated[str | None, typer.Argument(help="Only of this station.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show how far updates are, the latest first."""
    path = f"/stations/{quote(identity, safe='')}/firmware" if identity else "/firmware/updates"
    found = Server(url, key).get(path, {"limit": "100"})["items"]
    if as_json:
        show_json(found)
        return
    headings = ("station", "number", "version", "state", "status", "detail", "ordered at")
    show_table(headings, map(_update, found))


@app.command("campaigns")
def list_campaigns(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List campaigns, the latest first."""
    campaigns = list(Server(url, key).items("/firmware/campaigns", {}))
    if as_json:
        show_json(campaigns)
        return
    show_table(("campaign", "name", "state", "wave", "stations", "why"), map(_campaign, campaigns))


@app.command("campaign")
def begin_campaign(
    image: ImageId,
    *,
    name: Annotated[str, typer.Option(help="To recognise it by.")] = "",
    station: Annotated[list[str] | None, typer.Option(help="Only these; repeatable.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Only stations of this vendor.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Only with this version.")] = None,
    site: Annotated[str | None, typer.Option(help="Only at this site, by its id.")] = None,
    canary_percent: Annotated[int, typer.Option(help="Updated first.")] = 5,
    wave_size: Annotated[int, typer.Option(help="Stations of a wave; 0: all that are left.")] = 50,
    at_once: Annotated[int, typer.Option(help="Updates under way.")] = 10,
    failures_max_percent: Annotated[int, typer.Option(help="Of a wave, before it halts.")] = 10,
    attempts: Annotated[int, typer.Option(help="With each station.")] = 2,
    spare_charging: Annotated[bool, typer.Option(help="Wait for those that charge.")] = True,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Begin to update many stations: a few first, then in waves."""
    which = {"vendor": vendor, "model": model, "firmware": firmware, "site": site}
    plan = {
        "canary_percent": canary_percent,
        "wave_size": wave_size,
        "at_once": at_once,
        "failures_max_percent": failures_max_percent,
        "attempts": attempts,
        "spare_charging": spare_charging,
    }
    body = {
        "image": image,
        "name": name,
        "which": {**which, "stations": station or []},
        "plan": plan,
    }
    begun = Server(url, key).post("/firmware/campaigns", msgspec.json.encode(body), {})
    _tell_campaign(begun, as_json=as_json)


@app.command("pause")
def pause_campaign(
    campaign: CampaignId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Let no more stations of a campaign begin."""
    _decide(Server(url, key), campaign, "pause", as_json=as_json)


@app.command("resume")
def resume_campaign(
    campaign: CampaignId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Let a campaign go on that was paused, or halted by itself."""
    _decide(Server(url, key), campaign, "resume", as_json=as_json)


@app.command("cancel")
def cancel_campaign(
    campaign: CampaignId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """End a campaign for all stations that have not begun."""
    _decide(Server(url, key), campaign, "cancel", as_json=as_json)


def end(path: str, body: bytes, server: Server, *, as_json: bool) -> None:
    """Tell a station, show what it answered, and end as that says."""
    try:
        answer = server.post(path, body, {}, TELL_S)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error
    if as_json:
        show_json(answer)
    else:
        words = (answer["outcome"], answer["status"], answer["detail"])
        typer.echo(" ".join(filter(None, words)))
        show_facts(answer["answer"].items())
    raise typer.Exit(ENDS.get(answer["outcome"], Exit.FAILED))


def _decide(server: Server, campaign: str, decision: str, *, as_json: bool) -> None:
    path = f"/firmware/campaigns/{quote(campaign, safe='')}/{decision}"
    _tell_campaign(server.post(path, b"", {}), as_json=as_json)


def _tell_campaign(campaign: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(campaign)
    else:
        facts = {**campaign, "counts": _counts(campaign["counts"])}
        facts.pop("plan")
        show_facts(facts.items())


def _base64(content: bytes) -> str:
    """As it is, where it is Base64 already."""
    import base64
    import binascii

    try:
        text = "".join(content.decode("ascii").split())
        base64.b64decode(text, validate=True)
    except (UnicodeDecodeError, binascii.Error):
        return base64.b64encode(content).decode()
    return text


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _image(image: dict[str, Any]) -> tuple[object, ...]:
    names = ("id", "name", "firmware", "vendor", "model", "size", "signer", "withdrawn_at")
    return tuple(image[name] for name in names)


def _update(update: dict[str, Any]) -> tuple[object, ...]:
    names = ("station", "number", "firmware", "state", "status", "detail", "ordered_at")
    return tuple(update[name] for name in names)


def _campaign(campaign: dict[str, Any]) -> tuple[object, ...]:
    return (
        campaign["id"],
        campaign["name"],
        campaign["state"],
        campaign["wave"] + 1,
        _counts(campaign["counts"]),
        campaign["why"],
    )
