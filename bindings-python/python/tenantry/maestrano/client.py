"""The clients of one marketplace."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from tenantry.client import AsyncSession, Closing, Session
from tenantry.encoding import encode
from tenantry.options import (
    CallOptions,
    ConnectionOptions,
    Options,
    Seconds,
    Unpack,
    call_options,
    sealed_options,
)
from tenantry.secret import Secret, as_secret, hidden

from .changes import AsyncChanges, Changes
from .connec import AsyncConnec, Connec
from .models import Bill, Group, RecurringBill, User
from .recurring import AsyncRecurringBills, RecurringBills
from .resources import AsyncResources, Resources
from .sso import AsyncSso, Sso

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tenantry import _native

    from .marketplaces import AsyncMarketplaces, Marketplaces

_SYSTEM = "maestrano"


class _Settings(Closing):
    """The constructor of both clients.

    Makes a client of the account API alone. Sign-on, sessions and data sharing need a marketplace's configuration:
    `Marketplaces.client` makes a client of all. Making a client connects to nothing.

    Args:
        app_id: The app's id.
        app_key: The app's key.
        base_url: The account API's base URL; default `https://api-hub.maestrano.com/api/v1`.
        **options: Options of the connection; see `tenantry.options.ConnectionOptions`.

    Raises:
        ConfigError: A setting is missing or cannot be used; the message names it.
    """

    _settings: dict[str, Any]
    _shown: ClassVar[tuple[str, ...]] = ("base_url", "app_id", "marketplace")

    def __init__(
        self,
        *,
        app_id: str,
        app_key: str | Secret,
        base_url: str | None = None,
        **options: Unpack[ConnectionOptions],
    ) -> None:
        # Wrapped before anything can fail: a traceback that shows locals shows no secret.
        app_key = as_secret(app_key)
        given = sealed_options(options)
        del options
        connection: dict[str, Any] = {"app_id": app_id, "app_key": app_key, "base_url": base_url}
        self._settings = {**connection, **given}
        self._open(connection, call_options(**given))

    @abstractmethod
    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        """Takes the checked settings in."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        marketplaces = self._settings.get("marketplaces")
        if marketplaces is None:
            return super().__reduce__()
        options = {name: value for name, value in self._settings.items() if name not in ("marketplaces", "marketplace")}
        return _remake, (type(self), marketplaces, self._settings["marketplace"], options)


def _remake(kind: Any, marketplaces: object, name: str, options: dict[str, Any]) -> object:
    return kind._of(marketplaces, name, options)  # noqa: SLF001 - its own


def _opener(
    native: Callable[[], _native.Client], name: str, options: CallOptions
) -> Callable[[dict[str, Any]], _native.Client | str]:
    return lambda callbacks: native().marketplace(name, encode(options.settings, callbacks))


class Client(_Settings, Resources):
    """A client of one marketplace, whose calls block.

    Safe to share between threads, and to use in a forked child. Calls give the interpreter free, and Ctrl-C ends them
    within 50 ms.

    Example:
        >>> import tenantry
        >>> from tenantry import maestrano
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         account = marketplaces.client("some-telco")
        ...         bill = account.bills.create(
        ...             group_id="cld-4",
        ...             price_cents=2000,
        ...             currency="USD",
        ...             description="Product purchase",
        ...             reference="order-123",
        ...         )
        ...         account.bills.get(bill.id).status
        'submitted'
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: Session

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = Session(_SYSTEM, connection, options)

    @classmethod
    def _of(cls, marketplaces: Marketplaces, name: str, options: Mapping[str, Any], *, now: bool = False) -> Self:
        """A client of a marketplace, as `Marketplaces.client` makes it; opened `now`, or when it is first used."""
        client = cls.__new__(cls)
        client._settings = {"marketplaces": marketplaces, "marketplace": name, **options}  # noqa: SLF001 - its own
        session = marketplaces._session_of(_opener, name, call_options(**options))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        client._session = session  # noqa: SLF001 - its own
        if now:
            session.open()
        return client

    @property
    def recurring_bills(self) -> RecurringBills:
        """Recurring bills: what a group is charged again and again."""
        return RecurringBills(self._session)

    @property
    def sso(self) -> Sso:
        """Single sign-on."""
        return Sso(self._session)

    def connec(self, group_id: str) -> Connec:
        """Data sharing: the entities of one group.

        Args:
            group_id: The group's id, e.g. `cld-4`.
        """
        return Connec(self._session, group_id)

    def ping(self, **options: Unpack[Options]) -> Any:
        """Asks whether the account API is there and knows the credentials.

        Args:
            **options: Options of the call; see `tenantry.options.Options`.

        Raises:
            AuthenticationError: The credentials are refused.
        """
        return self._session.value("maestrano.client.ping", {}, call_options(**options))

    @overload
    def changes(
        self,
        resource: Literal["groups"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> Changes[Group]: ...
    @overload
    def changes(
        self,
        resource: Literal["users"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> Changes[User]: ...
    @overload
    def changes(
        self,
        resource: Literal["bills"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> Changes[Bill]: ...
    @overload
    def changes(
        self,
        resource: Literal["recurring_bills"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> Changes[RecurringBill]: ...
    def changes(
        self,
        resource: str,
        *,
        since: datetime | str | None = None,
        cursor: str | None = None,
        interval: Seconds | None = None,
        max_wait: Seconds | None = None,
        **options: Unpack[Options],
    ) -> Changes[Any]:
        """Waits for what changes, the oldest change first; endless. Nothing is read before the first step.

        The vendor tells nobody of changes: the list is read again and again, with some overlap, and each change is
        handed out once. Of a thing that changed twice between two looks, the latter state alone is seen.

        Args:
            resource: `groups`, `users`, `bills` or `recurring_bills`.
            since: From when on, at the first time: an aware `datetime`, or RFC 3339 text.
            cursor: Where to go on: the `cursor` that was kept. Either this or `since`.
            interval: Seconds, as a number or a `timedelta`, between two looks; default: 30 growing to 300.
            max_wait: Seconds that one step waits at most; default: no limit.
            **options: Options of the calls; see `tenantry.options.Options`.

        Raises:
            ValidationError: An argument is missing or of another form.
            WaitTimeoutError: By a step: nothing changed in time. The step may be repeated.
        """
        settings = {"since": since, "cursor": cursor, "interval": interval, "max_wait": max_wait}
        return Changes(self._session, resource, options=call_options(**options), **settings)

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        **options: Unpack[Options],
    ) -> Any:
        """Sends a request of the account API that this client has no method for, with its credentials.

        A POST or PATCH is never repeated while its fate is unknown; GET, PUT and DELETE are, up to `max_retries` times.

        Args:
            method: The HTTP method.
            path: The path below the base URL, from `/` on, without a query.
            query: The query, by name.
            json: The body.
            **options: Options of the call; see `tenantry.options.Options`.

        Returns:
            The reply's JSON as plain Python values, its envelope included; None for an empty reply.
        """
        json = hidden(json)
        asked = {"method": method, "path": path, "query": query, "json": json}
        return self._session.value("maestrano.request", asked, call_options(**options))

    def close(self) -> None:
        """Ends the calls under way, in other threads too, and refuses further ones. May be called again."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Settings, AsyncResources):
    """A client of one marketplace, whose calls are awaited.

    One client serves several event loops. Cancelling a call drops its request at once: what was sent stays sent. Needs
    asyncio; trio is not supported.
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: AsyncSession

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = AsyncSession(_SYSTEM, connection, options)

    @classmethod
    def _of(cls, marketplaces: AsyncMarketplaces, name: str, options: Mapping[str, Any], *, now: bool = False) -> Self:
        """A client of a marketplace, as `Marketplaces.client` makes it; opened `now`, or when it is first used."""
        client = cls.__new__(cls)
        client._settings = {"marketplaces": marketplaces, "marketplace": name, **options}  # noqa: SLF001 - its own
        session = marketplaces._session_of(_opener, name, call_options(**options))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        client._session = session  # noqa: SLF001 - its own
        if now:
            session.open()
        return client

    @property
    def recurring_bills(self) -> AsyncRecurringBills:
        """Recurring bills: what a group is charged again and again."""
        return AsyncRecurringBills(self._session)

    @property
    def sso(self) -> AsyncSso:
        """Single sign-on."""
        return AsyncSso(self._session)

    def connec(self, group_id: str) -> AsyncConnec:
        """Data sharing: the entities of one group; see `Client.connec`."""
        return AsyncConnec(self._session, group_id)

    async def ping(self, **options: Unpack[Options]) -> Any:
        """Asks whether the account API is there and knows the credentials; see `Client.ping`."""
        return await self._session.value("maestrano.client.ping", {}, call_options(**options))

    @overload
    def changes(
        self,
        resource: Literal["groups"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> AsyncChanges[Group]: ...
    @overload
    def changes(
        self,
        resource: Literal["users"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> AsyncChanges[User]: ...
    @overload
    def changes(
        self,
        resource: Literal["bills"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> AsyncChanges[Bill]: ...
    @overload
    def changes(
        self,
        resource: Literal["recurring_bills"],
        *,
        since: datetime | str | None = ...,
        cursor: str | None = ...,
        interval: Seconds | None = ...,
        max_wait: Seconds | None = ...,
        **options: Unpack[Options],
    ) -> AsyncChanges[RecurringBill]: ...
    def changes(
        self,
        resource: str,
        *,
        since: datetime | str | None = None,
        cursor: str | None = None,
        interval: Seconds | None = None,
        max_wait: Seconds | None = None,
        **options: Unpack[Options],
    ) -> AsyncChanges[Any]:
        """Waits for what changes, for `async for`; see `Client.changes`."""
        settings = {"since": since, "cursor": cursor, "interval": interval, "max_wait": max_wait}
        return AsyncChanges(self._session, resource, options=call_options(**options), **settings)

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        **options: Unpack[Options],
    ) -> Any:
        """Sends a request of the account API that this client has no method for; see `Client.request`."""
        json = hidden(json)
        asked = {"method": method, "path": path, "query": query, "json": json}
        return await self._session.value("maestrano.request", asked, call_options(**options))

    async def aclose(self) -> None:
        """Ends the calls under way and refuses further ones. May be called again."""
        self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
