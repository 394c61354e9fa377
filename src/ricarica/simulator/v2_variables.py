"""Reading, writing and reporting a station's device model in 2.0.1 and 2.1."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import Station
from ricarica.simulator.device_model import described, find, has_component, same_component
from ricarica.simulator.settings import Access, Described, Place

ACTUAL = (None, v2.Attribute.Actual)
WRITABLE = (Access.READ_WRITE, Access.WRITE_ONLY)
SUMMARY = ("AvailabilityState", "Available", "Problem", "Enabled")
VALUE_MAX = 1000  # characters of a value in a report


def get_variables(station: Station, request: v2.GetVariablesRequest) -> Payload:
    results = [_got(station, asked) for asked in request.get_variable_data]
    return v2.GetVariablesResponse(get_variable_result=results)


def _got(station: Station, asked: v2.GetVariableData) -> v2.GetVariableResult:
    place = place_from(asked.component, asked.variable)
    found = find(station, place)
    status, value = v2.GetVariableStatus.Accepted, None
    if found is None:
        known = has_component(station, place)
        status = _unknown_to_get(known=known)
    elif asked.attribute_type not in ACTUAL:
        value = _bound(found, asked.attribute_type)  # B06.FR.13: an empty text if it is unset
        if value is None:
            status = v2.GetVariableStatus.NotSupportedAttributeType
    elif found.access is Access.WRITE_ONLY:
        status = v2.GetVariableStatus.Rejected  # B06.FR.09
    else:
        value = found.value
    return v2.GetVariableResult(
        attribute_status=status,
        attribute_type=asked.attribute_type,
        attribute_value=value,
        component=asked.component,
        variable=asked.variable,
    )


BOUNDS = {
    v2.Attribute.Target: "target",
    v2.Attribute.MinSet: "min_set",
    v2.Attribute.MaxSet: "max_set",
}


def _bound(found: Described, attribute: v2.Attribute | None) -> str | None:
    if found.bounds is None or attribute not in BOUNDS:
        return None
    value: str = getattr(found.bounds, BOUNDS[attribute])
    return value


def _unknown_to_get(*, known: bool) -> v2.GetVariableStatus:
    if known:
        return v2.GetVariableStatus.UnknownVariable
    return v2.GetVariableStatus.UnknownComponent


def set_variables(station: Station, request: v2.SetVariablesRequest) -> Payload:
    results = [_set(station, asked) for asked in request.set_variable_data]
    return v2.SetVariablesResponse(set_variable_result=results)


def _set(station: Station, asked: v2.SetVariableData) -> v2.SetVariableResult:
    return v2.SetVariableResult(
        attribute_status=_changed(station, asked),
        attribute_type=asked.attribute_type,
        component=asked.component,
        variable=asked.variable,
    )


def _changed(station: Station, asked: v2.SetVariableData) -> v2.SetVariableStatus:
    place = place_from(asked.component, asked.variable)
    found = find(station, place)
    if found is None:
        known = has_component(station, place)
        return _unknown_to_set(known=known)
    if asked.attribute_type not in ACTUAL:
        return _wished(found, asked)
    if found.setting is None:
        return v2.SetVariableStatus.Rejected
    outcome = station.settings.change(found.setting, asked.attribute_value)
    return v2.SetVariableStatus(outcome.value)


def _wished(found: Described, asked: v2.SetVariableData) -> v2.SetVariableStatus:
    if found.bounds is None or asked.attribute_type not in BOUNDS:
        return v2.SetVariableStatus.NotSupportedAttributeType
    try:
        number = Decimal(asked.attribute_value)
    except InvalidOperation:
        return v2.SetVariableStatus.Rejected  # B05.FR.07
    too_low = found.lowest is not None and number < found.lowest
    if too_low or (found.highest is not None and number > found.highest):
        return v2.SetVariableStatus.Rejected  # B05.FR.08
    setattr(found.bounds, BOUNDS[asked.attribute_type], asked.attribute_value)
    return v2.SetVariableStatus.Accepted


def _unknown_to_set(*, known: bool) -> v2.SetVariableStatus:
    if known:
        return v2.SetVariableStatus.UnknownVariable
    return v2.SetVariableStatus.UnknownComponent


def place_from(component: v2.Component, variable: v2.Variable) -> Place:
    evse = component.evse
    return Place(
        component.name,
        variable.name,
        variable.instance,
        evse.id if evse else None,
        evse.connector_id if evse else None,
    )


# Reports


def base_report(station: Station, request: v2.GetBaseReportRequest) -> Payload:
    belongs = BELONGS[request.report_base]
    found = [each for each in described(station) if belongs(each)]
    _report(station, request.request_id, found)
    return v2.GetBaseReportResponse(status=v2.GenericDeviceModelStatus.Accepted)


BELONGS: dict[v2.ReportBase, Callable[[Described], bool]] = {
    v2.ReportBase.FullInventory: lambda each: True,
    v2.ReportBase.ConfigurationInventory: lambda each: each.access in WRITABLE,
    v2.ReportBase.SummaryInventory: lambda each: each.place.variable in SUMMARY,
}


def report(station: Station, request: v2.GetReportRequest) -> Payload:
    """Chosen components and variables. (B08)"""
    everything = list(described(station))
    criteria = request.component_criteria or ()
    found = [
        each
        for each in everything
        if _is_asked_for(each.place, request.component_variable)
        and (not criteria or any(_meets(each, criterion, everything) for criterion in criteria))
    ]
    if not found:
        return v2.GetReportResponse(status=v2.GenericDeviceModelStatus.EmptyResultSet)
    _report(station, request.request_id, found)
    return v2.GetReportResponse(status=v2.GenericDeviceModelStatus.Accepted)


def _meets(
    each: Described, criterion: v2.ComponentCriterion, everything: Sequence[Described]
) -> bool:
    """B08.FR.07–FR.10: what a component says of itself; without a word it is as it should be."""
    said = [
        other.value
        for other in everything
        if same_component(other.place, each.place) and other.place.variable == criterion.value
    ]
    is_problem = criterion is v2.ComponentCriterion.Problem
    return said[0] == "true" if said else not is_problem


def _is_asked_for(place: Place, wanted: Sequence[v2.ComponentVariable] | None) -> bool:
    return not wanted or any(matches(place, choice) for choice in wanted)


def matches(place: Place, choice: v2.ComponentVariable) -> bool:
    """A choice without EVSE or variable takes them all. (B08.FR.11, FR.20 ff.)"""
    component, variable = choice.component, choice.variable
    if component.name.casefold() != place.component.casefold():
        return False
    if component.evse is not None and component.evse.id != place.evse:
        return False
    if component.evse is not None and component.evse.connector_id not in (None, place.connector):
        return False
    if variable is None:
        return True
    return variable.name.casefold() == place.variable.casefold() and variable.instance in (
        None,
        place.instance,
    )


def _report(station: Station, request_id: int, found: Sequence[Described]) -> None:
    """In parts, so that none is longer than the station's memory. (B07.FR.10)"""
    size = station.settings.integer("report_items")
    parts = [found[begin : begin + size] for begin in range(0, len(found), size)]
    for seq_no, part in enumerate(parts):
        station.ask(
            v2.NotifyReportRequest(
                request_id=request_id,
                generated_at=station.clock,
                report_data=[_report_data(each) for each in part],
                tbc=seq_no < len(parts) - 1,
                seq_no=seq_no,
            ),
            before_acceptance=True,
        )


def _report_data(each: Described) -> v2.ReportData:
    value = each.value[:VALUE_MAX] if each.value is not None else None
    return v2.ReportData(
        component=component_for(each.place),
        variable=v2.Variable(name=each.place.variable, instance=each.place.instance),
        variable_attribute=[
            v2.VariableAttribute(
                type=v2.Attribute.Actual,
                value=value,
                mutability=v2.Mutability(each.access.value),
                persistent=each.setting is not None,
            ),
            *_bounds(each),
        ],
        variable_characteristics=v2.VariableCharacteristics(
            data_type=v2.Data(each.kind.value),
            supports_monitoring=each.is_monitorable,
            unit=each.unit,
            min_limit=_decimal(each.lowest),
            max_limit=_decimal(each.highest),
            values_list=each.choices,
        ),
    )


def _bounds(each: Described) -> list[v2.VariableAttribute]:
    """B07.FR.11: also those that are unset."""
    if each.bounds is None:
        return []
    return [
        v2.VariableAttribute(
            type=attribute, value=getattr(each.bounds, name), mutability=v2.Mutability.ReadWrite
        )
        for attribute, name in BOUNDS.items()
    ]


def component_for(place: Place) -> v2.Component:
    if place.evse is None:
        return v2.Component(name=place.component)
    evse = v2.EVSE(id=place.evse, connector_id=place.connector)
    return v2.Component(name=place.component, evse=evse)


def _decimal(number: int | None) -> Decimal | None:
    return Decimal(number) if number is not None else None
