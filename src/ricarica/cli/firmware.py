"""`ricarica firmware`: images, who gets them, and campaigns."""

import base64
import binascii
from pathlib import Path
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Url
from ricarica.cli.output import Row, members, named, show_list, show_one
from ricarica.cli.remote import Server, path_to
from ricarica.cli.telling import tell

app = typer.Typer(no_args_is_help=True, help="Firmware of stations: images and campaigns.")

ImageId = Annotated[str, typer.Argument(help="As `ricarica firmware list` shows it.")]
CampaignId = Annotated[str, typer.Argument(help="As `ricarica firmware campaigns` shows it.")]
Pem = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="PEM.")]


@app.command("list")
def list_images(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List images, the latest first."""
    headings = ("image", "name", "version", "vendor", "model", "size", "signed by", "withdrawn")
    names = ("id", "name", "firmware", "vendor", "model", "size", "signer", "withdrawn_at")
    images = Server(url, key).items("/firmware/images")
    show_list(images, headings, lambda image: members(image, names), as_json=as_json)


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
    show_one(Server(url, key).upload("/firmware/images", fields, file), as_json=as_json)


@app.command("withdraw")
def withdraw_image(image: ImageId, *, url: Url = LOCAL, key: Key = None) -> None:
    """Withdraw an image: no station gets it any more."""
    Server(url, key).delete(path_to("firmware", "images", image))


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
    body = {"vendor": vendor, "pem": root.read_text()}
    show_one(Server(url, key).post("/firmware/roots", body), as_json=as_json)


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
    body = {"image": image, "signed": signed, "any_model": any_model}
    tell(Server(url, key), path_to("stations", identity, "firmware"), body, as_json=as_json)


@app.command("updates")
def list_updates(
    identity: Annotated[str | None, typer.Argument(help="Only of this station.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show how far updates are, the latest first."""
    path = path_to("stations", identity, "firmware") if identity else "/firmware/updates"
    headings = ("station", "number", "version", "state", "status", "detail", "ordered at")
    names = ("station", "number", "firmware", "state", "status", "detail", "ordered_at")
    found = Server(url, key).get(path, {"limit": "100"})["items"]
    show_list(found, headings, lambda update: members(update, names), as_json=as_json)


@app.command("campaigns")
def list_campaigns(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List campaigns, the latest first."""
    headings = ("campaign", "name", "state", "wave", "stations", "why")
    show_list(Server(url, key).items("/firmware/campaigns"), headings, _campaign, as_json=as_json)


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
    label: Annotated[str | None, typer.Option(help="Only those with this label.")] = None,
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
    words = {"vendor": vendor, "model": model, "firmware": firmware, "site": site}
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
        "which": {**words, "label": label, "stations": station or []},
        "plan": plan,
    }
    _show_campaign(Server(url, key).post("/firmware/campaigns", body), as_json=as_json)


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


def _decide(server: Server, campaign: str, decision: str, *, as_json: bool) -> None:
    path = path_to("firmware", "campaigns", campaign, decision)
    _show_campaign(server.post(path), as_json=as_json)


def _show_campaign(campaign: Row, *, as_json: bool) -> None:
    facts = {**campaign, "counts": _counts(campaign)}
    del facts["plan"]
    show_one(campaign, named(facts), as_json=as_json)


def _base64(content: bytes) -> str:
    """As it is, where it is Base64 already."""
    try:
        text = "".join(content.decode("ascii").split())
        base64.b64decode(text, validate=True)
    except (UnicodeDecodeError, binascii.Error):
        return base64.b64encode(content).decode()
    return text


def _counts(campaign: Row) -> str:
    return ", ".join(f"{count} {state}" for state, count in campaign["counts"].items() if count)


def _campaign(campaign: Row) -> tuple[object, ...]:
    return (
        campaign["id"],
        campaign["name"],
        campaign["state"],
        campaign["wave"] + 1,
        _counts(campaign),
        campaign["why"],
    )
