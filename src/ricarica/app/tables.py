"""Every table there is: importing this module completes the metadata."""

import ricarica.access.sql
import ricarica.alerts.sql
import ricarica.authorization.sql
import ricarica.billing.sql
import ricarica.certificates.sql
import ricarica.configuration.sql
import ricarica.diagnostics.sql
import ricarica.displays.sql
import ricarica.energy.sql
import ricarica.engine.sql
import ricarica.firmware.sql
import ricarica.monitoring.sql
import ricarica.reservations.sql
import ricarica.security.sql
import ricarica.stations.sql
import ricarica.swaps.sql
import ricarica.tariffs.sql
import ricarica.transactions.sql
import ricarica.transactions.sql.expected  # noqa: F401 - all imported for their tables
from ricarica.storage.columns import metadata

__all__ = ["metadata"]
