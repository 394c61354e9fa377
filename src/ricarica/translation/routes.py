"""Who handles what, and who can say what, in each dialect. Literals; nothing registers itself."""

from ricarica.ocpp.dialects import V16, V21, V201
from ricarica.translation.route import Phrases, Route
from ricarica.translation.v2 import core as v2_core
from ricarica.translation.v2 import diagnostics as v2_diagnostics
from ricarica.translation.v2 import energy as v2_energy
from ricarica.translation.v2 import firmware as v2_firmware
from ricarica.translation.v2 import monitoring as v2_monitoring
from ricarica.translation.v2 import phrases as v2_phrases
from ricarica.translation.v2 import settings as v2_settings
from ricarica.translation.v2 import transactions as v2_transactions
from ricarica.translation.v16 import core as v16_core
from ricarica.translation.v16 import diagnostics as v16_diagnostics
from ricarica.translation.v16 import energy as v16_energy
from ricarica.translation.v16 import firmware as v16_firmware
from ricarica.translation.v16 import phrases as v16_phrases
from ricarica.translation.v16 import settings as v16_settings
from ricarica.translation.v16 import transactions as v16_transactions
from ricarica.translation.v21 import der as v21_der
from ricarica.translation.v21 import energy as v21_energy
from ricarica.translation.v21 import streams as v21_streams

V16_ROUTES = (
    *v16_core.ROUTES,
    *v16_transactions.ROUTES,
    *v16_firmware.ROUTES,
    *v16_diagnostics.ROUTES,
)
V2_ROUTES = (
    *v2_core.ROUTES,
    *v2_transactions.ROUTES,
    *v2_settings.ROUTES,
    *v2_firmware.ROUTES,
    *v2_diagnostics.ROUTES,
    *v2_energy.ROUTES,
    *v2_monitoring.ROUTES,
)
V21_ROUTES: tuple[Route, ...] = (
    *V2_ROUTES,
    *v21_streams.ROUTES,
    *v21_energy.ROUTES,
    *v21_der.ROUTES,
)

V16_PHRASES = (
    v16_phrases.PHRASES
    | v16_settings.PHRASES
    | v16_firmware.PHRASES
    | v16_diagnostics.PHRASES
    | v16_energy.PHRASES
)  # fmt: skip
V2_PHRASES = (
    v2_phrases.PHRASES
    | v2_settings.PHRASES
    | v2_firmware.PHRASES
    | v2_diagnostics.PHRASES
    | v2_energy.PHRASES
    | v2_monitoring.PHRASES
)  # fmt: skip
V21_PHRASES = (
    V2_PHRASES
    | v21_streams.PHRASES
    | v21_energy.PHRASES
    | v21_der.PHRASES
)  # fmt: skip

ROUTES: dict[str, dict[str, Route]] = {
    V16.name: {route.action: route for route in V16_ROUTES},
    V201.name: {route.action: route for route in V2_ROUTES},
    V21.name: {route.action: route for route in V21_ROUTES},
}
PHRASES: dict[str, Phrases] = {
    V16.name: V16_PHRASES,
    V201.name: V2_PHRASES,
    V21.name: V21_PHRASES,
}
