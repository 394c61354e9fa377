"""What a driver is told of prices when their token is accepted. I01"""

from msgspec.structs import replace

from ricarica.authorization.model import Judgement, Token, Verdict
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.tariffs.model import Tariff
from ricarica.translation.route import Origin
from ricarica.translation.v2.words import token_from


async def priced(
    response: v2.AuthorizeResponse,
    req: v2.AuthorizeRequest,
    judgement: Judgement,
    origin: Origin,
    slices: Slices,
) -> tuple[v2.AuthorizeResponse, Token | None, Tariff | None]:
    """The answer with the prices in words, where the station can show them; and the prices."""
    if judgement.verdict is not Verdict.ACCEPTED:
        return response, None, None
    token = await slices.authorization.meant(origin.station.tenant, token_from(req.id_token))
    tariff = await slices.station_plans.in_force(origin.station, token.tariff if token else None)
    info = response.id_token_info
    if tariff is None or info.personal_message is not None:
        return response, token, tariff
    language = judgement.treatment.language
    text = await slices.station_plans.shown(origin.station, tariff, language)
    if text is None:
        return response, token, tariff
    message = v2.MessageContent(
        format=v2.MessageFormat.UTF8, language=text.language, content=text.content
    )
    return replace(response, id_token_info=replace(info, personal_message=message)), token, tariff
