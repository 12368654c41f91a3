"""The clients of Magento BI."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from tenantry.client import AsyncSession, Closing, Session
from tenantry.options import CallOptions, Listener, Seconds, call_options, sealed_headers, sealed_proxy
from tenantry.secret import Secret, as_secret, hidden

from .onboarding import AsyncOnboardings, Onboardings
from .resources import AsyncResources, Resources

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_SYSTEM = "magento_bi"


class _Settings(Closing):
    """The constructor of both clients.

    If no connection argument (`base_url` to `client_secret`) is given, all are taken from the environment:
    `TENANTRY_MAGENTO_BI_USERNAME`, `_PASSWORD`, `_OAUTH_CLIENT_ID`, `_CLIENT_SECRET`, `_BASE_URL`, `_DASHBOARD_URL`. If
    any is given, none is. Making a client connects to nothing.

    Args:
        base_url: The API's base URL; default `https://api.rjmetrics.com`.
        dashboard_url: The dashboard's base URL; default `https://dashboard.rjmetrics.com`.
        username: The e-mail address of an existing user who may onboard.
        password: That user's password.
        oauth_client_id: The OAuth client that Magento BI gave with the client secret; not the client of an onboarding.
        client_secret: The secret of the OAuth client.
        auth_style: How calls that take both show the token, `bearer` or `cookie`; default: as the vendor's own client.
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
        base_url: str | None = None,
        dashboard_url: str | None = None,
        username: str | None = None,
        password: str | Secret | None = None,
        oauth_client_id: int | None = None,
        client_secret: str | Secret | None = None,
        auth_style: Literal["bearer", "cookie"] | None = None,
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
        password, client_secret, proxy = as_secret(password), as_secret(client_secret), sealed_proxy(proxy)
        extra_headers = sealed_headers(extra_headers)
        connection: dict[str, Any] = {
            "base_url": base_url,
            "dashboard_url": dashboard_url,
            "username": username,
            "password": password,
            "oauth_client_id": oauth_client_id,
            "client_secret": client_secret,
            "auth_style": auth_style,
        }
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
    """A client of Magento BI's Cloud Onboarding API, whose calls block.

    Safe to share between threads, and to use in a forked child. Calls give the interpreter free, and Ctrl-C ends them
    within 50 ms.

    Example:
        >>> import tenantry
        >>> with tenantry.Sandbox.start() as sandbox, tenantry.magento_bi.Client(**sandbox.magento_bi) as bi:
        ...     bi.tokens.create().token_type
        'bearer'
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: Session

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = Session(_SYSTEM, connection, options)

    @property
    def onboardings(self) -> Onboardings:
        """Onboarding flows."""
        return Onboardings(self._session)

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        dashboard: bool = False,
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
            path: The path, from `/` on, without a query.
            query: The query, by name; not together with `json`.
            json: The body.
            dashboard: Sends it to the dashboard's host, with its cookies.
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
        return self._session.value(f"{_SYSTEM}.request", _raw(method, path, query, json, dashboard), options)

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
    """A client of Magento BI's Cloud Onboarding API, whose calls are awaited.

    One client serves several event loops. Cancelling a call drops its request at once: what was sent stays sent. Needs
    asyncio; trio is not supported.
    """

    __doc__ = f"{__doc__}\n{(_Settings.__doc__ or '').partition(chr(10))[2]}"

    _session: AsyncSession

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = AsyncSession(_SYSTEM, connection, options)

    @property
    def onboardings(self) -> AsyncOnboardings:
        """Onboarding flows."""
        return AsyncOnboardings(self._session)

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        dashboard: bool = False,
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
        return await self._session.value(f"{_SYSTEM}.request", _raw(method, path, query, json, dashboard), options)

    async def aclose(self) -> None:
        """Ends the calls under way and refuses further ones. May be called again."""
        self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _raw(method: str, path: str, query: Mapping[str, str] | None, json: object, dashboard: bool) -> dict[str, Any]:
    return {"method": method, "path": path, "query": query, "json": json, "dashboard": dashboard}
