"""The marketplaces of an app: their configuration, fetched from the developer platform and kept fresh."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

from tenantry.client import AsyncSession, Closing, Session
from tenantry.encoding import plain
from tenantry.errors import ConfigError
from tenantry.options import (
    CallOptions,
    ConnectionOptions,
    Options,
    Seconds,
    Unpack,
    call_options,
    milliseconds,
    sealed_options,
)
from tenantry.secret import Secret, as_secret

from .client import AsyncClient, Client
from .models import Marketplace
from .refresh import AsyncWatch, Refreshed, Watch
from .webhooks import Webhooks

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tenantry import _native

__all__ = ["AsyncMarketplaces", "Marketplaces"]

_SYSTEM = "maestrano.marketplaces"
_REFRESH = "maestrano.marketplaces.refresh"
_TTL = 3600
_S = TypeVar("_S", Session, AsyncSession)


class _Set(Closing, Generic[_S]):
    """The constructor of both sets.

    If no connection argument (`base_url`, `api_key`, `api_secret`, `api_path`) is given, all are taken from the
    environment: `MNO_DEVPL_HOST`, `MNO_DEVPL_ENV_KEY`, `MNO_DEVPL_ENV_SECRET`, `MNO_DEVPL_API_PATH`. If any is given,
    none is. Making a set connects to nothing: `fetch` and `from_json` fill it.

    Args:
        base_url: The developer platform's URL; default `https://developer.maestrano.com`.
        api_key: The environment's API key.
        api_secret: The environment's API secret.
        api_path: The path of the configuration, with or without `/marketplaces` at its end; default
            `/api/config/v1/marketplaces`.
        json: The configuration itself, in the place of the platform's.
        trusted_hosts: Hosts that may be sent credentials besides those of `maestrano.com` and `maestrano.io`, and the
            platform's own: a name with all its subdomains.
        ttl: Seconds, as a number or a `timedelta`, for which a configuration counts as fresh; default an hour.
        **options: Options of the platform's connection and of those of all clients; see
            `tenantry.options.ConnectionOptions`.

    Raises:
        ConfigError: A setting is missing or cannot be used; the message names it.
    """

    _settings: dict[str, Any]
    _session: _S
    _is_fetched: bool
    _shown: ClassVar[tuple[str, ...]] = ("base_url",)

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        api_secret: str | Secret | None = None,
        api_path: str | None = None,
        json: str | Secret | None = None,
        trusted_hosts: Sequence[str] = (),
        ttl: Seconds = _TTL,
        **options: Unpack[ConnectionOptions],
    ) -> None:
        # Wrapped before anything can fail: a traceback that shows locals shows no secret. A configuration holds keys.
        api_key, api_secret, json = as_secret(api_key), as_secret(api_secret), as_secret(json)
        given = sealed_options(options)
        del options
        connection: dict[str, Any] = {
            "base_url": base_url,
            "api_key": api_key,
            "api_secret": api_secret,
            "api_path": api_path,
            "json": json,
            "trusted_hosts": [trusted_hosts] if isinstance(trusted_hosts, str) else list(trusted_hosts),
        }
        self._settings = {**connection, "ttl": ttl, **given}
        self._is_fetched = json is not None
        self._clients: WeakSet[_S] = WeakSet()
        self._open({**connection, "ttl_ms": milliseconds("ttl", ttl)}, call_options(**given))

    @abstractmethod
    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        """Takes the checked settings in."""

    @abstractmethod
    def _native(self) -> _native.Client:
        """The native handle, when there is a configuration in it."""

    def _local(self, function: str, **arguments: Any) -> str:
        self._native()
        return self._session.local(function, arguments)

    def names(self) -> list[str]:
        """The names of the marketplaces that can be used, in the configuration's order."""
        return plain(self._local("maestrano.marketplaces.names"))

    def problems(self) -> dict[str, str]:
        """What is wrong with the marketplaces that cannot be used, by name."""
        return plain(self._local("maestrano.marketplaces.problems"))

    def config(self, name: str) -> Marketplace:
        """The configuration of a marketplace; its key is masked.

        Args:
            name: The marketplace's name.

        Raises:
            ConfigError: There is none of that name: the message lists those there are. Or what is wrong with this one.
        """
        return Marketplace(self._local("maestrano.marketplaces.config", name=name))

    def find_by_credentials(self, *, app_id: str, app_key: str | Secret) -> str | None:
        """The name of the marketplace that calls with these credentials, compared in constant time; None if none does.

        Args:
            app_id: The app's id.
            app_key: The app's key.
        """
        app_key = as_secret(app_key)
        return plain(self._local("maestrano.marketplaces.find_by_credentials", app_id=app_id, app_key=app_key))

    @property
    def webhooks(self) -> Webhooks:
        """What the marketplaces tell the app."""
        return Webhooks(self._local)

    def _close(self) -> None:
        self._session.close()
        for session in tuple(self._clients):
            session.close()


class Marketplaces(_Set[Session]):
    """The marketplaces of an app, for programs whose calls block.

    Refreshing swaps the whole configuration at once; a client that was made before goes on with what it was made of.
    Safe to share between threads, and to use in a forked child.

    Example:
        >>> import tenantry
        >>> from tenantry import maestrano
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         marketplaces.names()
        ['maestrano', 'some-telco']
    """

    __doc__ = f"{__doc__}\n{(_Set.__doc__ or '').partition(chr(10))[2]}"

    _session: Session

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = Session(_SYSTEM, connection, options)

    @classmethod
    def fetch(
        cls,
        *,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        api_secret: str | Secret | None = None,
        api_path: str | None = None,
        trusted_hosts: Sequence[str] = (),
        ttl: Seconds = _TTL,
        **options: Unpack[ConnectionOptions],
    ) -> Marketplaces:
        """Makes a set and fetches its configuration; the arguments are those of the constructor.

        A malformed marketplace does not lose the others: `problems()` tells of it.

        Raises:
            ConfigError: A setting is missing or cannot be used; the message names it.
            AuthenticationError: The platform refuses key and secret.
            ResponseError: What it sends is no configuration.
        """
        api_key, api_secret = as_secret(api_key), as_secret(api_secret)
        given = sealed_options(options)
        del options
        made = cls(
            base_url=base_url,
            api_key=api_key,
            api_secret=api_secret,
            api_path=api_path,
            trusted_hosts=trusted_hosts,
            ttl=ttl,
            **given,
        )
        made.refresh()
        return made

    @classmethod
    def from_json(
        cls, text: str | Secret, *, trusted_hosts: Sequence[str] = (), **options: Unpack[ConnectionOptions]
    ) -> Marketplaces:
        """Makes a set of a configuration's text, `{"marketplaces": [...]}`; it is never refreshed.

        Args:
            text: The text; JSON without comments.
            trusted_hosts: Hosts that may be sent credentials besides those of `maestrano.com` and `maestrano.io`.
            **options: Options of the clients' connections; see `tenantry.options.ConnectionOptions`.

        Raises:
            ConfigError: It is no JSON, with the place where it ends to be, or no configuration.
        """
        text = as_secret(text)
        given = sealed_options(options)
        del options
        return cls(json=text, trusted_hosts=trusted_hosts, **given)

    def _native(self) -> _native.Client:
        if not self._is_fetched:
            self.refresh()
        return self._session.native

    def _session_of(self, opener: Callable[..., Any], name: str, options: CallOptions) -> Session:
        """The session of a client of a marketplace."""
        session = Session.of(self._session, "maestrano", opener(self._native, name, options), on_event=options.on_event)
        self._clients.add(session)
        return session

    def client(self, name: str, **options: Unpack[ConnectionOptions]) -> Client:
        """A client of a marketplace, as it is configured now. Clients without options of their own share connections.

        Args:
            name: The marketplace's name.
            **options: Options of its connections, over the set's; see `tenantry.options.ConnectionOptions`.

        Raises:
            ConfigError: There is none of that name: the message lists those there are. Or what is wrong with this one.
        """
        given = sealed_options(options)
        del options
        return Client._of(self, name, given, now=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def refresh(self, *, force: bool = True, **options: Unpack[Options]) -> Refreshed:
        """Fetches the configuration again. Whoever asks meanwhile waits for the same answer.

        Args:
            force: False: only if it is older than its time to live.
            **options: Options of the call; see `tenantry.options.Options`.

        Returns:
            What changed. When fetching fails, the old configuration stays; the answer is `stale` and has the `error`.

        Raises:
            ConfigError: The set was made of JSON.
            TenantryError: Fetching failed, and there is no configuration yet.
        """
        refreshed = self._session.record(_REFRESH, {"force": force}, Refreshed, call_options(**options))
        self._is_fetched = True
        return refreshed

    def watch(self, **options: Unpack[Options]) -> Watch:
        """Waits for changes of the configuration: an endless iterator of what `refresh` returns.

        Each step waits until the configuration is old, fetches it, and goes on so until something changed or fetching
        failed.

        Args:
            **options: Options of the calls; see `tenantry.options.Options`.
        """
        return Watch(self._session, call_options(**options))

    def close(self) -> None:
        """Ends the calls under way, those of its clients too, and refuses further ones. May be called again."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncMarketplaces(_Set[AsyncSession]):
    """The marketplaces of an app, for programs whose calls are awaited.

    What sends nothing (`names`, `config`, `client`, `webhooks`, …) is not awaited.

    Example:
        >>> import asyncio, tenantry
        >>> from tenantry import maestrano
        >>> async def main(sandbox):
        ...     async with maestrano.AsyncMarketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         group = await marketplaces.client("some-telco").groups.get("cld-4")
        ...         return group.id
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     asyncio.run(main(sandbox))
        'cld-4'
    """

    __doc__ = f"{__doc__}\n{(_Set.__doc__ or '').partition(chr(10))[2]}"

    _session: AsyncSession

    def _open(self, connection: dict[str, Any], options: CallOptions) -> None:
        self._session = AsyncSession(_SYSTEM, connection, options)

    @classmethod
    def fetch(
        cls,
        *,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        api_secret: str | Secret | None = None,
        api_path: str | None = None,
        trusted_hosts: Sequence[str] = (),
        ttl: Seconds = _TTL,
        **options: Unpack[ConnectionOptions],
    ) -> Fetching:
        """Makes a set, and fetches its configuration when it is awaited or entered; see `Marketplaces.fetch`.

        Both `await AsyncMarketplaces.fetch(...)` and `async with AsyncMarketplaces.fetch(...) as marketplaces` do.
        """
        api_key, api_secret = as_secret(api_key), as_secret(api_secret)
        given = sealed_options(options)
        del options
        return Fetching(
            cls(
                base_url=base_url,
                api_key=api_key,
                api_secret=api_secret,
                api_path=api_path,
                trusted_hosts=trusted_hosts,
                ttl=ttl,
                **given,
            )
        )

    @classmethod
    def from_json(
        cls, text: str | Secret, *, trusted_hosts: Sequence[str] = (), **options: Unpack[ConnectionOptions]
    ) -> AsyncMarketplaces:
        """Makes a set of a configuration's text; see `Marketplaces.from_json`. Not awaited."""
        text = as_secret(text)
        given = sealed_options(options)
        del options
        return cls(json=text, trusted_hosts=trusted_hosts, **given)

    def _native(self) -> _native.Client:
        if not self._is_fetched:
            raise ConfigError(
                "the configuration was not fetched yet",
                outcome="not_sent",
                hint="await refresh() first, or make the set with fetch",
            )
        return self._session.native

    async def _fetched(self) -> None:
        if not self._is_fetched:
            await self.refresh()

    def _session_of(self, opener: Callable[..., Any], name: str, options: CallOptions) -> AsyncSession:
        """The session of a client of a marketplace."""
        opened = opener(self._native, name, options)
        session = AsyncSession.of(self._session, "maestrano", opened, on_event=options.on_event, ready=self._fetched)
        self._clients.add(session)
        return session

    def client(self, name: str, **options: Unpack[ConnectionOptions]) -> AsyncClient:
        """A client of a marketplace, as it is configured now; see `Marketplaces.client`. Not awaited."""
        given = sealed_options(options)
        del options
        return AsyncClient._of(self, name, given, now=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def refresh(self, *, force: bool = True, **options: Unpack[Options]) -> Refreshed:
        """Fetches the configuration again; see `Marketplaces.refresh`."""
        refreshed = await self._session.record(_REFRESH, {"force": force}, Refreshed, call_options(**options))
        self._is_fetched = True
        return refreshed

    def watch(self, **options: Unpack[Options]) -> AsyncWatch:
        """Waits for changes of the configuration, for `async for`; see `Marketplaces.watch`."""
        return AsyncWatch(self._session, call_options(**options))

    async def aclose(self) -> None:
        """Ends the calls under way, those of its clients too, and refuses further ones. May be called again."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Fetching(Coroutine[Any, Any, AsyncMarketplaces]):
    """A set whose configuration is fetched when this is awaited, or entered with `async with`.

    It is a coroutine, so that `asyncio.run` and `asyncio.create_task` take it; nothing is sent before.
    """

    __slots__ = ("_marketplaces", "_work")

    def __init__(self, marketplaces: AsyncMarketplaces) -> None:
        self._marketplaces = marketplaces
        self._work: Coroutine[Any, Any, AsyncMarketplaces] | None = None

    def _started(self) -> Coroutine[Any, Any, AsyncMarketplaces]:
        # Made when it is needed: a coroutine that is never started warns.
        self._work = self._work or self._fetch()
        return self._work

    async def _fetch(self) -> AsyncMarketplaces:
        await self._marketplaces.refresh()
        return self._marketplaces

    def __await__(self) -> Generator[Any, Any, AsyncMarketplaces]:
        return self._started().__await__()

    def send(self, value: Any, /) -> Any:
        """Goes on, as the event loop tells it to."""
        return self._started().send(value)

    def throw(self, *error: Any) -> Any:
        """Goes on with an error, as the event loop tells it to."""
        return self._started().throw(*error)

    def close(self) -> None:
        """Gives the fetching up."""
        if self._work is not None:
            self._work.close()

    async def __aenter__(self) -> AsyncMarketplaces:
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._marketplaces.aclose()
