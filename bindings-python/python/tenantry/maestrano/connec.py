"""Connec!, the data sharing: the entities of one group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tenantry._native import Record
from tenantry.encoding import decode
from tenantry.events import Item
from tenantry.options import Options, Unpack, call_options
from tenantry.secret import hidden

if TYPE_CHECKING:
    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions

__all__ = ["AsyncConnec", "Connec"]


class _Page(Record):
    """Rows of a list, and where the next ones are."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("items", "value", None),
        ("next", "value", None),
    )


class Connec:
    """The shared data of one group. Entities are plain dictionaries: what they hold is the vendor's and the apps'.

    Example:
        >>> import tenantry
        >>> from tenantry import maestrano
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         connec = marketplaces.client("some-telco").connec("cld-4")
        ...         made = connec.post("organizations", data={"name": "Coco Co."})
        ...         made["organizations"]["name"]
        'Coco Co.'
    """

    __slots__ = ("_group_id", "_session")

    def __init__(self, session: Session, group_id: str) -> None:
        self._session, self._group_id = session, group_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._group_id!r})"

    def _value(self, verb: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        return self._session.value(f"maestrano.connec.{verb}", {"group_id": self._group_id, **arguments}, options)

    def get(
        self,
        resource: str,
        id: str | None = None,  # noqa: A002 - a name of the wire
        *,
        params: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> Any:
        """Reads an entity, or one page of a resource's list.

        Args:
            resource: The resource, e.g. `organizations`; `company`, of which there is one, has no id.
            id: The entity's id; none for the list.
            params: Query parameters, e.g. `{"$filter": "updated_at gt '2026-01-01T00:00:00Z'", "$top": 10}`.
            **options: Options of the call; see `tenantry.options.Options`.

        Returns:
            The reply, e.g. `{"organizations": [...], "pagination": {...}}`.

        Raises:
            ConfigError: The client knows no marketplace's configuration, or the marketplace shares no data.
            NotFoundError: There is no such entity or resource.
        """
        return self._value("get", {"resource": resource, "id": id, "params": params or {}}, call_options(**options))

    def post(self, resource: str, *, data: Mapping[str, Any], **options: Unpack[Options]) -> Any:
        """Makes an entity. Not idempotent: it is sent again only when nothing of it can have reached the server.

        Args:
            resource: The resource, e.g. `organizations`.
            data: The entity's fields.
            **options: Options of the call; see `tenantry.options.Options`.

        Returns:
            The reply, e.g. `{"organizations": {...}}`.

        Raises:
            OutcomeUnknownError: It may have been made: look before sending it again.
        """
        data = hidden(data)
        return self._value("post", {"resource": resource, "data": data}, call_options(**options))

    def put(
        self,
        resource: str,
        id: str | None = None,  # noqa: A002 - a name of the wire
        *,
        data: Mapping[str, Any],
        **options: Unpack[Options],
    ) -> Any:
        """Changes an entity.

        Args:
            resource: The resource, e.g. `organizations`; `company` has no id.
            id: The entity's id.
            data: The fields to change. There is no deletion: set its status to `INACTIVE`.
            **options: Options of the call; see `tenantry.options.Options`.

        Returns:
            The reply, e.g. `{"organizations": {...}}`.

        Raises:
            NotFoundError: There is no such entity.
        """
        data = hidden(data)
        return self._value("put", {"resource": resource, "id": id, "data": data}, call_options(**options))

    def list_all(
        self, resource: str, *, params: Mapping[str, Any] | None = None, **options: Unpack[Options]
    ) -> Iterator[dict[str, Any]]:
        """Reads a list to its end, page by page as it is iterated; nothing is read before.

        The next page's address comes from the server, and is followed only on the same host and path.

        Args:
            resource: The resource, e.g. `organizations`.
            params: Query parameters of the first page, e.g. `{"$filter": ..., "$top": 50}`.
            **options: Options of the calls; see `tenantry.options.Options`.

        Raises:
            ResponseError: By a step: the next page is elsewhere, or is this page again.
        """
        asked = {"group_id": self._group_id, "resource": resource, "params": params or {}}
        call, following = call_options(**options), ""
        while following is not None:
            arguments = {**asked, "next": following or None}
            page = self._session.record("maestrano.connec.page", arguments, _Page, call)
            items, following = page._get(0), page._get(1)  # noqa: SLF001
            yield from items

    def batch(self, ops: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> list[Item]:
        """Carries several operations out, 50 of them with a request.

        Args:
            ops: `{"method": "GET" | "POST" | "PUT", "resource": ..., "id": ..., "data": {...}}` each; `data` is not for
                a GET.
            **options: Options of the calls; see `tenantry.options.Options`.

        Returns:
            For each operation, in their order, its `status` and `body`; a failed one raises nothing.

        Raises:
            OutcomeUnknownError: A request's reply was lost; what came before is in `details["results"]`.
        """
        ops = hidden(list(ops))
        asked = {"group_id": self._group_id, "ops": ops}
        return cast(
            "list[Item]", decode(self._session.invoke("maestrano.connec.batch", asked, call_options(**options)))
        )

    def report(self, name: str, *, params: Mapping[str, Any] | None = None, **options: Unpack[Options]) -> Any:
        """Reads a report, e.g. `profit_and_loss`.

        Args:
            name: The report's name.
            params: Query parameters.
            **options: Options of the call; see `tenantry.options.Options`.
        """
        return self._value("report", {"name": name, "params": params or {}}, call_options(**options))


class AsyncConnec:
    """The shared data of one group; see `Connec`."""

    __slots__ = ("_group_id", "_session")

    def __init__(self, session: AsyncSession, group_id: str) -> None:
        self._session, self._group_id = session, group_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._group_id!r})"

    async def _value(self, verb: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        return await self._session.value(f"maestrano.connec.{verb}", {"group_id": self._group_id, **arguments}, options)

    async def get(
        self,
        resource: str,
        id: str | None = None,  # noqa: A002 - a name of the wire
        *,
        params: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> Any:
        """Reads an entity, or one page of a resource's list; see `Connec.get`."""
        asked = {"resource": resource, "id": id, "params": params or {}}
        return await self._value("get", asked, call_options(**options))

    async def post(self, resource: str, *, data: Mapping[str, Any], **options: Unpack[Options]) -> Any:
        """Makes an entity; see `Connec.post`."""
        data = hidden(data)
        return await self._value("post", {"resource": resource, "data": data}, call_options(**options))

    async def put(
        self,
        resource: str,
        id: str | None = None,  # noqa: A002 - a name of the wire
        *,
        data: Mapping[str, Any],
        **options: Unpack[Options],
    ) -> Any:
        """Changes an entity; see `Connec.put`."""
        data = hidden(data)
        return await self._value("put", {"resource": resource, "id": id, "data": data}, call_options(**options))

    async def list_all(
        self, resource: str, *, params: Mapping[str, Any] | None = None, **options: Unpack[Options]
    ) -> AsyncIterator[dict[str, Any]]:
        """Reads a list to its end, page by page as it is iterated; see `Connec.list_all`."""
        asked = {"group_id": self._group_id, "resource": resource, "params": params or {}}
        call, following = call_options(**options), ""
        while following is not None:
            arguments = {**asked, "next": following or None}
            page = await self._session.record("maestrano.connec.page", arguments, _Page, call)
            items, following = page._get(0), page._get(1)  # noqa: SLF001
            for item in items:
                yield item

    async def batch(self, ops: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> list[Item]:
        """Carries several operations out; see `Connec.batch`."""
        ops = hidden(list(ops))
        asked = {"group_id": self._group_id, "ops": ops}
        text = await self._session.invoke("maestrano.connec.batch", asked, call_options(**options))
        return cast("list[Item]", decode(text))

    async def report(self, name: str, *, params: Mapping[str, Any] | None = None, **options: Unpack[Options]) -> Any:
        """Reads a report; see `Connec.report`."""
        return await self._value("report", {"name": name, "params": params or {}}, call_options(**options))
