"""What 2.0.1 and 2.1 say of energy in one word, in ours and back. A test keeps them complete."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.der import DerKind, DerUnit
from ricarica.energy.model import Kind, Mode, Purpose, Recurrence, Unit
from ricarica.ocpp.v2 import messages as v2

K = TypeVar("K", bound=StrEnum)
W = TypeVar("W", bound=StrEnum)

PURPOSE = {
    Purpose.STATION_MAX: v2.ChargingProfilePurpose.ChargingStationMaxProfile,
    Purpose.TX_DEFAULT: v2.ChargingProfilePurpose.TxDefaultProfile,
    Purpose.TRANSACTION: v2.ChargingProfilePurpose.TxProfile,
    Purpose.PRIORITY: v2.ChargingProfilePurpose.PriorityCharging,
    Purpose.LOCAL_GENERATION: v2.ChargingProfilePurpose.LocalGeneration,
    Purpose.EXTERNAL: v2.ChargingProfilePurpose.ChargingStationExternalConstraints,
}
KIND = {
    Kind.ABSOLUTE: v2.ChargingProfileKind.Absolute,
    Kind.RECURRING: v2.ChargingProfileKind.Recurring,
    Kind.RELATIVE: v2.ChargingProfileKind.Relative,
    Kind.DYNAMIC: v2.ChargingProfileKind.Dynamic,
}
RECURRENCE = {
    Recurrence.DAILY: v2.RecurrencyKind.Daily,
    Recurrence.WEEKLY: v2.RecurrencyKind.Weekly,
}
UNIT = {Unit.A: v2.ChargingRateUnit.A, Unit.W: v2.ChargingRateUnit.W}
MODE = {
    Mode.CHARGING_ONLY: v2.OperationMode.ChargingOnly,
    Mode.CENTRAL_SETPOINT: v2.OperationMode.CentralSetpoint,
    Mode.EXTERNAL_SETPOINT: v2.OperationMode.ExternalSetpoint,
    Mode.EXTERNAL_LIMITS: v2.OperationMode.ExternalLimits,
    Mode.CENTRAL_FREQUENCY: v2.OperationMode.CentralFrequency,
    Mode.LOCAL_FREQUENCY: v2.OperationMode.LocalFrequency,
    Mode.LOCAL_LOAD_BALANCING: v2.OperationMode.LocalLoadBalancing,
    Mode.IDLE: v2.OperationMode.Idle,
}
TRANSFER = {
    EnergyTransfer.AC_SINGLE_PHASE: v2.EnergyTransferMode.AC_single_phase,
    EnergyTransfer.AC_TWO_PHASE: v2.EnergyTransferMode.AC_two_phase,
    EnergyTransfer.AC_THREE_PHASE: v2.EnergyTransferMode.AC_three_phase,
    EnergyTransfer.DC: v2.EnergyTransferMode.DC,
    EnergyTransfer.AC_BPT: v2.EnergyTransferMode.AC_BPT,
    EnergyTransfer.AC_BPT_DER: v2.EnergyTransferMode.AC_BPT_DER,
    EnergyTransfer.AC_DER: v2.EnergyTransferMode.AC_DER,
    EnergyTransfer.DC_BPT: v2.EnergyTransferMode.DC_BPT,
    EnergyTransfer.DC_ACDP: v2.EnergyTransferMode.DC_ACDP,
    EnergyTransfer.DC_ACDP_BPT: v2.EnergyTransferMode.DC_ACDP_BPT,
    EnergyTransfer.WPT: v2.EnergyTransferMode.WPT,
}
DER_KIND = {
    DerKind.ENTER_SERVICE: v2.DERControl.EnterService,
    DerKind.FREQ_DROOP: v2.DERControl.FreqDroop,
    DerKind.FREQ_WATT: v2.DERControl.FreqWatt,
    DerKind.FIXED_PF_ABSORB: v2.DERControl.FixedPFAbsorb,
    DerKind.FIXED_PF_INJECT: v2.DERControl.FixedPFInject,
    DerKind.FIXED_VAR: v2.DERControl.FixedVar,
    DerKind.GRADIENTS: v2.DERControl.Gradients,
    DerKind.HF_MUST_TRIP: v2.DERControl.HFMustTrip,
    DerKind.HF_MAY_TRIP: v2.DERControl.HFMayTrip,
    DerKind.HV_MUST_TRIP: v2.DERControl.HVMustTrip,
    DerKind.HV_MOM_CESS: v2.DERControl.HVMomCess,
    DerKind.HV_MAY_TRIP: v2.DERControl.HVMayTrip,
    DerKind.LIMIT_MAX_DISCHARGE: v2.DERControl.LimitMaxDischarge,
    DerKind.LF_MUST_TRIP: v2.DERControl.LFMustTrip,
    DerKind.LV_MUST_TRIP: v2.DERControl.LVMustTrip,
    DerKind.LV_MOM_CESS: v2.DERControl.LVMomCess,
    DerKind.LV_MAY_TRIP: v2.DERControl.LVMayTrip,
    DerKind.POWER_MONITORING_MUST_TRIP: v2.DERControl.PowerMonitoringMustTrip,
    DerKind.VOLT_VAR: v2.DERControl.VoltVar,
    DerKind.VOLT_WATT: v2.DERControl.VoltWatt,
    DerKind.WATT_PF: v2.DERControl.WattPF,
    DerKind.WATT_VAR: v2.DERControl.WattVar,
}
DER_UNIT = {
    DerUnit.NOT_APPLICABLE: v2.DERUnit.Not_Applicable,
    DerUnit.PCT_MAX_W: v2.DERUnit.PctMaxW,
    DerUnit.PCT_MAX_VAR: v2.DERUnit.PctMaxVar,
    DerUnit.PCT_W_AVAIL: v2.DERUnit.PctWAvail,
    DerUnit.PCT_VAR_AVAIL: v2.DERUnit.PctVarAvail,
    DerUnit.PCT_EFFECTIVE_V: v2.DERUnit.PctEffectiveV,
}


def back(table: Mapping[K, W], word: W) -> K:
    """Our word for one of theirs."""
    return next(ours for ours, theirs in table.items() if theirs == word)
