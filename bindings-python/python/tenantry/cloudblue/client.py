"""The clients of CloudBlue Connect."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from tenantry.client import AsyncSession, Closing, Session
from tenantry.options import CallOptions, Listener, Seconds, call_options, milliseconds, sealed_headers, sealed_proxy
from tenantry.pager import Unpack, tree_of
from tenantry.secret import Secret, as_secret, hidden

from . import models
from .query import Query
from .resources import AsyncResources, Resources
from .worker import AsyncFulfillmentWorker, FulfillmentWorker

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_SYSTEM = "cloudblue"


class _Settings(Closing):
    """The constructor of both clients.

    If no connection argument (`api_key`, `base_url`) is given, both are taken from the environment:
    `TENANTRY_CLOUDBLUE_API_KEY`, `_BASE_URL`. If any is given, none is. Making a client connects to nothing.

    Args:
        api_key: The key, `<key id>:<key secret>`, with or without the word `ApiKey` before it.
        base_url: The API's base URL; default `https://api.connect.cloudblue.com/public/v1`.
        timeout: Seconds for one request, its reply included; default 30.
        connect_timeout: Seconds for connecting, TLS included; default 10.
        max_retries: How often a failed request is sent again where that is safe, 0 to 10; default 2.
        proxy: The proxy's URL, or False for none; default: the environment's. Never used for the loopback.
        ca_file: A file of PEM certificates to trust besides the system's.
        allow_insecure_http: Allows plain http to other machines; default False. Each call then emits `insecure_http`.
        user_agent: Put in front of tenantry's own user agent.
        extra_headers: Sent with every request; not credentials, nor what frames a request.
        max_response_bytes: Bytes of a decoded reply that are read at most; default 16 MiB.
        on_event: Called with each event of each call, on the calling thread. What it raises goes to
            `sys.unraisablehook` and changes nothing else; while it runs, its call waits.

    Raises:
        ConfigError: A setting is missing or cannot be used; the message names it.
    """

    _settings: dict[str, Any]

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        timeout: Seconds | None = None,
        connect_timeout: Seconds | None = None,
        max_retries: int | None = None,
        proxy: str | Secret | Literal[False] | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_insecure_http: bool | None = None,
        user_agent: str | None = None,
        extra_headers: Mapping[str, Any] | None = None,
        max_response_bytes: int | None = None,
        on_event: Listener | None = None,
    ) -> None:
        # Wrapped before anything can fail: a traceback that shows locals shows no secret.
        api_key, proxy, extra_headers = as_secret(api_key), sealed_proxy(proxy), sealed_headers(extra_headers)
        connection: dict[str, Any] = {"api_key": api_key, "base_url": base_url}
        options: dict[str, Any] = {
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "max_retries": max_retries,
            "proxy": proxy,
            "ca_file": ca_file,
            "allow_insecure_http": allow_insecure_http,
            "user_agent": user_agent,
            "extra_headers": extra_headers,
            "max_response_bytes": max_response_bytes,
            "on_event": on_event,
        }
        self._settings = {**connection, **options}
        self._open(connection, call_options(**options))

    @abstractmethod
    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        """Takes the checked settings in."""


class Client(_Settings, Resources):
    """A client of CloudBlue Connect, whose calls block.

    Safe to share between threads, and to use in a forked child. Calls give the interpreter free, and Ctrl-C ends them
    within 50 ms.

    Example:
        >>> import tenantry
        >>> from tenantry import cloudblue
        >>> with tenantry.Sandbox.start() as sandbox, cloudblue.Client(**sandbox.cloudblue) as connect:
        ...     for request in connect.requests.list(product_id="PRD-1", type="purchase"):
        ...         done = connect.requests.approve(request.id, template_id="TL-1")
        >>> done.status
        'approved'
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: Session

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = Session(_SYSTEM, connection, options)

    def fulfillment_worker(
        self,
        *,
        product_ids: Sequence[str] | str | None = None,
        types: Sequence[str] | str | None = None,
        query: Query | None = None,
        lanes: Sequence[Literal["pending", "revoking"]] | None = None,
        interval: Seconds = 180,
        any_interval: bool = False,
        concurrency: int = 1,
        page_size: int | None = None,
        max_per_cycle: int | None = None,
        recheck_after: Seconds = 10,
        select: str | Sequence[str] | None = None,
        timeout: Seconds | None = None,
        max_retries: int | None = None,
        proxy: str | Literal[False] | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_insecure_http: bool | None = None,
        user_agent: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        on_event: Listener | None = None,
        **filters: Unpack[models.RequestFilters],
    ) -> FulfillmentWorker:
        """Makes a worker that handles fulfillment requests; nothing is sent before it runs.

        Args:
            product_ids: The products whose requests it handles; default all.
            types: The types of requests that it handles; default all.
            query: A condition made with `R`, besides; not about `status`.
            lanes: The queues that it works off, in this order; default `revoking`, then `pending`.
            interval: Seconds from the start of a cycle to the start of the next, spread by a tenth; 120 to 300.
            any_interval: Allows any other interval than the vendor recommends.
            concurrency: Requests in hand at the same time: as many threads, or tasks, call the handler. Those of one
                asset come one after the other, whatever it is.
            page_size: Rows of a page at most; default 100.
            max_per_cycle: Requests of a cycle at most; default: no limit.
            recheck_after: The age in seconds at which what is known of a request is read again before it counts.
            select: Fields to leave out (`-template`) or to put in.
            timeout: Seconds for one request, its reply included; default the client's.
            max_retries: How often a failed request is sent again where that is safe, 0 to 10; default the client's.
            proxy: The proxy's URL, or False for none; default the client's.
            ca_file: A file of PEM certificates to trust besides the system's; default the client's.
            allow_insecure_http: Allows plain http to other machines; default the client's.
            user_agent: Put in front of tenantry's own user agent; default the client's.
            extra_headers: Sent with the request; default the client's.
            on_event: Called with each event of the worker and its calls, on the thread that handles; default the
                client's.
            **filters: Filters by keyword; see `models.RequestFilters`. Not by status: the lanes are.

        Raises:
            ValidationError: An argument cannot be used; its name is in `details["field"]`.
        """
        settings = _worker_settings(
            product_ids=product_ids,
            types=types,
            query=query,
            lanes=lanes,
            interval=interval,
            any_interval=any_interval,
            concurrency=concurrency,
            page_size=page_size,
            max_per_cycle=max_per_cycle,
            recheck_after=recheck_after,
            select=select,
            filters=filters,
        )
        options = call_options(
            timeout=timeout,
            max_retries=max_retries,
            proxy=proxy,
            ca_file=ca_file,
            allow_insecure_http=allow_insecure_http,
            user_agent=user_agent,
            extra_headers=extra_headers,
            on_event=on_event,
        )
        return FulfillmentWorker(self._session, settings, options)

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | Query | str | None = None,
        json: object = None,
        timeout: Seconds | None = None,
        max_retries: int | None = None,
        proxy: str | Literal[False] | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_insecure_http: bool | None = None,
        user_agent: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        on_event: Listener | None = None,
    ) -> Any:
        """Sends a request that this client has no method for, with its credentials.

        A POST or PATCH is never repeated while its fate is unknown; GET, PUT and DELETE are, up to `max_retries` times.

        Args:
            method: The HTTP method.
            path: The path below the base URL, from `/` on, without a query.
            query: The query, by name, or a condition made with `R`, or text in the query language; not together with
                `json`.
            json: The body.
            timeout: Seconds for one request, its reply included; default the client's.
            max_retries: How often a failed request is sent again where that is safe, 0 to 10; default the client's.
            proxy: The proxy's URL, or False for none; default the client's.
            ca_file: A file of PEM certificates to trust besides the system's; default the client's.
            allow_insecure_http: Allows plain http to other machines; default the client's.
            user_agent: Put in front of tenantry's own user agent; default the client's.
            extra_headers: Sent with the request; default the client's.
            on_event: Called with each event of this call; default the client's.

        Returns:
            The reply's JSON as plain Python values; None for an empty reply.
        """
        json = hidden(json)
        options = call_options(
            timeout=timeout,
            max_retries=max_retries,
            proxy=proxy,
            ca_file=ca_file,
            allow_insecure_http=allow_insecure_http,
            user_agent=user_agent,
            extra_headers=extra_headers,
            on_event=on_event,
        )
        return self._session.value(f"{_SYSTEM}.request", _raw(method, path, query, json), options)

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
    """A client of CloudBlue Connect, whose calls are awaited and whose lists are read with `async for`.

    One client serves several event loops. Cancelling a call drops its request at once: what was sent stays sent. Needs
    asyncio; trio is not supported.
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: AsyncSession

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = AsyncSession(_SYSTEM, connection, options)

    def fulfillment_worker(
        self,
        *,
        product_ids: Sequence[str] | str | None = None,
        types: Sequence[str] | str | None = None,
        query: Query | None = None,
        lanes: Sequence[Literal["pending", "revoking"]] | None = None,
        interval: Seconds = 180,
        any_interval: bool = False,
        concurrency: int = 1,
        page_size: int | None = None,
        max_per_cycle: int | None = None,
        recheck_after: Seconds = 10,
        select: str | Sequence[str] | None = None,
        timeout: Seconds | None = None,
        max_retries: int | None = None,
        proxy: str | Literal[False] | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_insecure_http: bool | None = None,
        user_agent: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        on_event: Listener | None = None,
        **filters: Unpack[models.RequestFilters],
    ) -> AsyncFulfillmentWorker:
        """Makes a worker that handles fulfillment requests; see `Client.fulfillment_worker`."""
        settings = _worker_settings(
            product_ids=product_ids,
            types=types,
            query=query,
            lanes=lanes,
            interval=interval,
            any_interval=any_interval,
            concurrency=concurrency,
            page_size=page_size,
            max_per_cycle=max_per_cycle,
            recheck_after=recheck_after,
            select=select,
            filters=filters,
        )
        options = call_options(
            timeout=timeout,
            max_retries=max_retries,
            proxy=proxy,
            ca_file=ca_file,
            allow_insecure_http=allow_insecure_http,
            user_agent=user_agent,
            extra_headers=extra_headers,
            on_event=on_event,
        )
        return AsyncFulfillmentWorker(self._session, settings, options)

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | Query | str | None = None,
        json: object = None,
        timeout: Seconds | None = None,
        max_retries: int | None = None,
        proxy: str | Literal[False] | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_insecure_http: bool | None = None,
        user_agent: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        on_event: Listener | None = None,
    ) -> Any:
        """Sends a request that this client has no method for; see `Client.request`."""
        json = hidden(json)
        options = call_options(
            timeout=timeout,
            max_retries=max_retries,
            proxy=proxy,
            ca_file=ca_file,
            allow_insecure_http=allow_insecure_http,
            user_agent=user_agent,
            extra_headers=extra_headers,
            on_event=on_event,
        )
        return await self._session.value(f"{_SYSTEM}.request", _raw(method, path, query, json), options)

    async def aclose(self) -> None:
        """Ends the calls under way and refuses further ones. May be called again."""
        self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _raw(method: str, path: str, query: Mapping[str, str] | Query | str | None, json: object) -> dict[str, Any]:
    text = str(query) if isinstance(query, Query) else query
    return {"method": method, "path": path, "query": text, "json": json}


def _worker_settings(
    *,
    query: Query | None,
    interval: Seconds,
    recheck_after: Seconds,
    filters: Mapping[str, object],
    **settings: object,
) -> dict[str, Any]:
    for name in ("product_ids", "types", "select"):
        one = settings[name]
        if isinstance(one, str):
            settings[name] = [one]
    return {
        **settings,
        "query": None if query is None else tree_of(query),
        "interval_ms": milliseconds("interval", interval),
        "recheck_after_ms": milliseconds("recheck_after", recheck_after),
        "filters": filters,
    }
