"""Asking a station what it knows of a customer, and having it forget. N09, N10"""

from dataclasses import replace
from datetime import datetime

from ricarica.authorization.commands import TellCustomer
from ricarica.authorization.events import CustomerReported
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.ports import CustomerReportStore
from ricarica.authorization.reports import (
    CustomerReport,
    ReportState,
    checked,
    who_of,
    with_part,
)
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import StationKey


class CustomerService:
    def __init__(
        self, store: CustomerReportStore, lists: LocalListService, announcer: Announcer
    ) -> None:
        self._store = store
        self._lists = lists
        self._announce = announcer.announce

    async def prepare(self, key: StationKey, command: TellCustomer, at: datetime) -> TellCustomer:
        """Have a place for what the station is going to tell.

        Raises:
            InvalidError: it names nobody, or several, or asks for nothing.
        """
        asked = checked(command)
        await self._store.get(key, asked.number)
        self._store.save(
            CustomerReport(key, asked.number, at, who_of(asked), asked.report, asked.clear)
        )
        return asked

    async def answered(self, key: StationKey, command: TellCustomer, why_not: str | None) -> None:
        """It will do so, or says why not."""
        if why_not is not None:
            report = await self._store.get(key, command.number)
            if report is not None:
                refused = replace(report, state=ReportState.REFUSED, detail=why_not)
                self._store.save(refused)
        elif command.clear and command.token is not None:
            # N10.FR.02: a station never takes anybody off its local list; that is for us to do.
            await self._lists.forget(key, command.token)

    async def told(
        self, key: StationKey, number: int, seq_no: int, text: str, *, is_last: bool
    ) -> None:
        report = await self._store.get(key, number)
        if report is None:
            return  # nobody asked, so nobody may keep it
        gathered = with_part(report, seq_no, text, is_last=is_last)
        self._store.save(gathered)
        if gathered.state is ReportState.TOLD:
            self._announce(CustomerReported(key, number))
