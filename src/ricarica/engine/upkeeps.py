"""Every kind of upkeep there is, in the order in which a station is told."""

from ricarica.engine.device_steps import monitors_step, settings_step
from ricarica.engine.energy_steps import charging_profiles_step
from ricarica.engine.money_steps import default_tariff_step
from ricarica.engine.security_steps import certificates_step, networks_step
from ricarica.engine.token_steps import displays_step, local_list_step
from ricarica.engine.upkeep import Upkeep

# Security before what needs it, settings before what they switch on.
UPKEEPS: tuple[Upkeep, ...] = (
    Upkeep("certificates", certificates_step),
    Upkeep("network_profiles", networks_step),
    Upkeep("settings", settings_step),
    Upkeep("monitors", monitors_step),
    Upkeep("local_list", local_list_step),
    Upkeep("displays", displays_step),
    Upkeep("charging_profiles", charging_profiles_step),
    Upkeep("default_tariff", default_tariff_step),
)
