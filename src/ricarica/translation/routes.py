"""Who handles what, and who can say what, in each dialect. Literals; nothing registers itself."""

from ricarica.ocpp.dialects import V16, V21, V201
from ricarica.translation.route import Phrases, Route
from ricarica.translation.v2 import authorization as v2_authorization
from ricarica.translation.v2 import certificates as v2_certificates
from ricarica.translation.v2 import core as v2_core
from ricarica.translation.v2 import diagnostics as v2_diagnostics
from ricarica.translation.v2 import displays as v2_displays
from ricarica.translation.v2 import energy as v2_energy
from ricarica.translation.v2 import firmware as v2_firmware
from ricarica.translation.v2 import monitoring as v2_monitoring
from ricarica.translation.v2 import phrases as v2_phrases
from ricarica.translation.v2 import reservations as v2_reservations
from ricarica.translation.v2 import security as v2_security
from ricarica.translation.v2 import settings as v2_settings
from ricarica.translation.v2 import transactions as v2_transactions
from ricarica.translation.v2 import transfers as v2_transfers
from ricarica.translation.v16 import authorization as v16_authorization
from ricarica.translation.v16 import certificates as v16_certificates
from ricarica.translation.v16 import core as v16_core
from ricarica.translation.v16 import diagnostics as v16_diagnostics
from ricarica.translation.v16 import energy as v16_energy
from ricarica.translation.v16 import firmware as v16_firmware
from ricarica.translation.v16 import phrases as v16_phrases
from ricarica.translation.v16 import reservations as v16_reservations
from ricarica.translation.v16 import security as v16_security
from ricarica.translation.v16 import settings as v16_settings
from ricarica.translation.v16 import transactions as v16_transactions
from ricarica.translation.v16 import transfers as v16_transfers
from ricarica.translation.v21 import authorization as v21_authorization
from ricarica.translation.v21 import certificates as v21_certificates
from ricarica.translation.v21 import der as v21_der
from ricarica.translation.v21 import energy as v21_energy
from ricarica.translation.v21 import payments as v21_payments
from ricarica.translation.v21 import security as v21_security
from ricarica.translation.v21 import streams as v21_streams
from ricarica.translation.v21 import swaps as v21_swaps
from ricarica.translation.v21 import tariffs as v21_tariffs
from ricarica.translation.v21 import transactions as v21_transactions

V16_ROUTES = (
    *v16_core.ROUTES,
    *v16_transactions.ROUTES,
    *v16_firmware.ROUTES,
    *v16_diagnostics.ROUTES,
    *v16_certificates.ROUTES,
    *v16_security.ROUTES,
    *v16_authorization.ROUTES,
    *v16_transfers.ROUTES,
)
V2_ROUTES = (
    *v2_core.ROUTES,
    *v2_transactions.ROUTES,
    *v2_settings.ROUTES,
    *v2_firmware.ROUTES,
    *v2_diagnostics.ROUTES,
    *v2_certificates.ROUTES,
    *v2_security.ROUTES,
    *v2_energy.ROUTES,
    *v2_monitoring.ROUTES,
    *v2_authorization.ROUTES,
    *v2_reservations.ROUTES,
    *v2_displays.ROUTES,
    *v2_transfers.ROUTES,
)
V21_ROUTES: tuple[Route, ...] = (
    *V2_ROUTES,
    *v21_streams.ROUTES,
    *v21_certificates.ROUTES,
    *v21_authorization.ROUTES,
    *v21_energy.ROUTES,
    *v21_der.ROUTES,
    *v21_transactions.ROUTES,
    *v21_payments.ROUTES,
    *v21_swaps.ROUTES,
)

V16_PHRASES = (
    v16_phrases.PHRASES
    | v16_settings.PHRASES
    | v16_firmware.PHRASES
    | v16_diagnostics.PHRASES
    | v16_certificates.PHRASES
    | v16_security.PHRASES
    | v16_energy.PHRASES
    | v16_authorization.PHRASES
    | v16_reservations.PHRASES
)  # fmt: skip
V2_PHRASES = (
    v2_phrases.PHRASES
    | v2_transactions.PHRASES
    | v2_settings.PHRASES
    | v2_firmware.PHRASES
    | v2_diagnostics.PHRASES
    | v2_certificates.PHRASES
    | v2_security.PHRASES
    | v2_energy.PHRASES
    | v2_monitoring.PHRASES
    | v2_authorization.PHRASES
    | v2_reservations.PHRASES
    | v2_displays.PHRASES
)  # fmt: skip
V21_PHRASES = (
    V2_PHRASES
    | v21_streams.PHRASES
    | v21_security.PHRASES
    | v21_energy.PHRASES
    | v21_der.PHRASES
    | v21_payments.PHRASES
    | v21_swaps.PHRASES
    | v21_tariffs.PHRASES
    | v21_authorization.PHRASES
    | v2_displays.PHRASES_21
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
