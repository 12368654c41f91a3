"""The sandbox: a local server that plays the vendors' systems, with state, time and faults.

It needs no account and no network, binds 127.0.0.1 alone and forgets everything when it is closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from tenantry import _native
from tenantry.encoding import decode, encode, failure, opened
from tenantry.errors import APIConnectionError, ConfigError, ValidationError
from tenantry.options import milliseconds

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tenantry.events import Item

__all__ = ["AsyncSandbox", "Sandbox"]


class _InProcess:
    """A sandbox of this process."""

    def __init__(self, native: _native.Sandbox) -> None:
        self._native = native

    def line(self) -> str:
        return opened(self._native.line())

    def act(self, name: str, value: object = None) -> Any:
        method = getattr(self._native, name)
        if name == "advance":
            return decode(opened(method(value)))
        return decode(opened(method() if value is None else method(encode(value))))

    def close(self) -> None:
        self._native.close()


_ROUTES = {
    "advance": "POST advance",
    "behave": "POST cloudblue/behaviour",
    "behave_maestrano": "POST maestrano/behaviour",
    "expire_tokens": "POST magento_bi/expire_tokens",
    "fault": "POST faults",
    "generate": "POST cloudblue/generate",
    "journal": "GET journal",
    "outcome": "POST magento_bi/outcome",
    "reset": "POST reset",
    "seed": "POST magento_bi/seed",
    "state": "GET state",
    "webhook": "POST maestrano/webhooks",
}


# What the sandbox answers when the app that a webhook was to reach does not.
_APP_IS_SILENT = 502


class _Remote:
    """A sandbox that runs as a program; closing this leaves it running."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._url = str(decode(line)["url"])

    def line(self) -> str:
        return self._line

    def act(self, name: str, value: object = None) -> Any:
        import urllib.error
        import urllib.request

        if name not in _ROUTES:
            raise ConfigError(f"{name} needs a sandbox of this process", hint="use Sandbox.start()")
        method, _, route = _ROUTES[name].partition(" ")
        body = encode({"ms": value} if name == "advance" else {} if value is None else value).encode()
        request = urllib.request.Request(  # noqa: S310 - the URL is the sandbox's own
            f"{self._url}/_sandbox/{route}",
            data=body if method == "POST" else None,
            headers={"content-type": "application/json"},
            method=method,
        )
        # Never through a proxy: it is on this machine.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=30) as reply:
                return decode(reply.read().decode() or "null")
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
            if error.code == _APP_IS_SILENT:
                raise APIConnectionError(_message(text)) from None
            raise ValidationError(_message(text), status=error.code) from None
        except OSError as error:
            raise APIConnectionError(f"the sandbox at {self._url} does not answer: {error}") from error

    def close(self) -> None:
        pass


def _message(text: str) -> str:
    try:
        return str(decode(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text


class _Sandbox:
    def __init__(self, backend: _InProcess | _Remote) -> None:
        self._backend = backend
        # Its line holds secrets, and is asked for when it is needed.
        self._url = str(decode(backend.line())["url"])

    @property
    def url(self) -> str:
        """Where it listens, e.g. `http://127.0.0.1:5000`."""
        return self._url

    @property
    def magento_bi(self) -> dict[str, Any]:
        """The arguments of a `magento_bi.Client` or `AsyncClient` of it, secrets among them."""
        return dict(decode(self._backend.line())["magento_bi"])

    @property
    def cloudblue(self) -> dict[str, Any]:
        """The arguments of a `cloudblue.Client` or `AsyncClient` of it, the secret among them."""
        return dict(decode(self._backend.line())["cloudblue"])

    @property
    def maestrano(self) -> dict[str, Any]:
        """The arguments of `maestrano.Marketplaces.fetch` of it, the secret among them."""
        return dict(decode(self._backend.line())["maestrano"])

    @property
    def line(self) -> str:
        """What the program prints when ready, as JSON text, secrets among it; `from_line` takes it."""
        return self._backend.line()

    def fault(self, rule: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None, **rules: Any) -> None:
        """Adds one fault rule, given as a mapping or as keyword arguments, or several in a list.

        Args:
            rule: One rule or several.
            rules: The keys of one rule. What it hits: `operation` (e.g. `magento_bi.signups.create`), `method`, `path`,
                `skip`, `times` (default 1, None for ever). When: `when`, `before` (default) or `after` the request is
                carried out. What happens: `status`, `headers`, `body`, `json`, `content_type`, `cut_at`, `reset`,
                `drop`, `hold`, `hold_ms`, `latency_ms`, `drip`, `merge`, `remove`, `commit_delay_ms`.

        Raises:
            ValidationError: A key is unknown or wrong; nothing is added.
        """
        self._backend.act("fault", rules if rule is None else rule)

    def advance(self, time: float | timedelta) -> None:
        """Moves virtual time on; those who sleep meanwhile wake in order.

        Args:
            time: Seconds or a `timedelta`.

        Raises:
            ConfigError: The sandbox runs on the real clock.
        """
        self._backend.act("advance", milliseconds("advance", time))

    def journal(self) -> list[Item]:
        """What has arrived since the start or the last reset, in order; secrets are masked."""
        return cast("list[Item]", self._backend.act("journal"))

    def state(self) -> Item:
        """What the systems hold now; no secret is in it."""
        return cast("Item", self._backend.act("state"))

    def outcome(self, **outcomes: Any) -> None:
        """Sets what jobs of Magento BI that are made from now on end as.

        Args:
            outcomes: `signup`, `connection_test`, `structure_sync`, `autodash`: a status word, None for the usual one;
                `signup_client_id=None`: done without a client id.

        Raises:
            ValidationError: A key is unknown or wrong.
        """
        self._backend.act("outcome", outcomes)

    def seed(self, **seed: Any) -> Item:
        """Puts a client with connections and finished jobs into Magento BI, and returns their ids.

        Args:
            seed: `client_id`, `name`, `connections`, `jobs`.

        Raises:
            ValidationError: A key is unknown or wrong.
        """
        return cast("Item", self._backend.act("seed", seed))

    def generate(self, **order: Any) -> Item:
        """Makes requests and their assets in CloudBlue Connect, and returns how many `requests` and `assets` it made.

        The same order at the same time makes the same requests; 100,000 take about two seconds.

        Args:
            order: `requests`: how many. Then, if given, `seed` (default 1), `product_id`, `status` and `type` (default:
                a realistic mix of each), `assets` (how many the requests are spread over), `created_spread_ms`
                (default a week; 0: all were made at the same instant), `clear` (True: forgets all requests before).

        Raises:
            ValidationError: A key is unknown or wrong; nothing is made.
        """
        return cast("Item", self._backend.act("generate", order))

    def behave(self, **knobs: Any) -> Item:
        """Changes how CloudBlue Connect behaves from now on, and returns all that is set.

        Args:
            knobs: `pend_reply` (`request`, or `empty` for a 204), `update_reply` (`request` or `list`), `page_cap` (the
                most rows of a page, 1000), `buyer_ms` (a buyer answers an inquiry after so long; None: never),
                `draft_ms` (a draft vanishes after so long; None: never), `tiers_setup` (`pending` or `failed`: how it
                ends), `inquiring_is_final` (True: an inquiring request can neither be approved nor failed). What is
                not given stays.

        Raises:
            ValidationError: A key is unknown or wrong.
        """
        return cast("Item", self._backend.act("behave", knobs))

    def behave_maestrano(self, **knobs: Any) -> Item:
        """Changes how Maestrano behaves from now on, and returns all that is set.

        Args:
            knobs: `app_host` (the app's URL, `http://127.0.0.1:8000` until told otherwise), `signature` (`sha256`,
                `sha1` or `sha256_nonstandard`: how assertions are signed), `escape` (False: values in assertions are
                not escaped), `invoice_ms` (a bill is invoiced so long after its creation; None: on the 25th),
                `session_valid` (False: no session is), `recheck_ms` (180,000), `broken` (the marketplace whose
                configuration is malformed, or None), `rotate_keys` (True: the apps get new keys, once). What is not
                given stays.

        Raises:
            ValidationError: A key is unknown or wrong.
        """
        return cast("Item", self._backend.act("behave_maestrano", knobs))

    def expire_tokens(self) -> None:
        """Makes every access token of Magento BI issued so far useless."""
        self._backend.act("expire_tokens")

    def reset(self) -> None:
        """Forgets state, tokens, outcomes, faults and journal. Credentials and clock stay."""
        self._backend.act("reset")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a sandbox cannot be pickled or copied: pass its line on, and use Sandbox.from_line")


def _started(
    clock: str, port: int, vocabulary: str, wait: float | timedelta, commit_delay: float | timedelta
) -> _InProcess:
    options = {
        "clock": clock,
        "port": port,
        "vocabulary": vocabulary,
        "wait_ms": milliseconds("wait", wait),
        "commit_delay_ms": milliseconds("commit_delay", commit_delay),
    }
    native = _native.Sandbox.start(encode(options))
    if isinstance(native, str):
        raise failure(native)
    return _InProcess(native)


class Sandbox(_Sandbox):
    """A local server that plays the vendors' systems.

    Requests are made by the package's own core: what mocks Python's HTTP libraries sees nothing of them, and this is
    how programs that use tenantry are tested.

    Example:
        >>> import tenantry
        >>> with tenantry.Sandbox.start(clock="virtual") as sandbox:
        ...     sandbox.journal()
        []
    """

    @classmethod
    def start(
        cls,
        *,
        clock: Literal["real", "virtual"] = "real",
        port: int = 0,
        vocabulary: Literal["client", "document"] = "client",
        wait: float | timedelta = 1.0,
        commit_delay: float | timedelta = 0.0,
    ) -> Sandbox:
        """Starts a sandbox on a thread of its own.

        Args:
            clock: `virtual` time jumps ahead whenever everybody waits, so that a wait of 30 minutes is a fast test;
                the clients of this process that talk to it live by it.
            port: A TCP port of 127.0.0.1; 0 for any free one.
            vocabulary: Whose words Magento BI speaks where its sources differ: those of the vendor's example client, or
                of its document.
            wait: Seconds that each asynchronous job takes.
            commit_delay: Seconds by which a created thing can be seen later than its reply.

        Raises:
            ConfigError: The port is taken.
        """
        return cls(_started(clock, port, vocabulary, wait, commit_delay))

    @classmethod
    def from_line(cls, line: str) -> Sandbox:
        """The controls of a sandbox that runs as a program (`python -m tenantry sandbox`), over HTTP.

        Args:
            line: The line that the program printed.
        """
        return cls(_Remote(line))

    def webhook(self, **order: Any) -> list[Item]:
        """Calls the app as Maestrano does, and returns its replies, each with `status` and `body`.

        Args:
            order: `type` (`group_deleted`, `group_user_removed`, `connec_notification`, `synchronization_start`,
                `synchronization_toggle` or `synchronization_status`). Then, if given, `marketplace` (default
                `maestrano`), `group_id` (`cld-4`), `user_id` (`usr-1`), `entities` (the body of a notification), `opts`
                (of a synchronization's start), `to` (the app's URL on this machine; by default the behaviour's
                `app_host`), `credentials` (False: wrong ones), `times` (more than 1: duplicates). Unless the
                credentials are wrong, what is told becomes so: the group has ended, the user has left it.

        Raises:
            ValidationError: A key is unknown or wrong; nobody was called.
            APIConnectionError: The app does not answer.
        """
        return cast("list[Item]", self._backend.act("webhook", order))

    def close(self) -> None:
        """Ends all connections and frees the port. May be called again; one from `from_line` is left running."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncSandbox(_Sandbox):
    """The same for asynchronous programs. Its controls take microseconds and are not awaited, but for `webhook`."""

    @classmethod
    async def start(
        cls,
        *,
        clock: Literal["real", "virtual"] = "real",
        port: int = 0,
        vocabulary: Literal["client", "document"] = "client",
        wait: float | timedelta = 1.0,
        commit_delay: float | timedelta = 0.0,
    ) -> AsyncSandbox:
        """Starts a sandbox on a thread of its own; see `Sandbox.start`."""
        return cls(_started(clock, port, vocabulary, wait, commit_delay))

    async def webhook(self, **order: Any) -> list[Item]:
        """Calls the app as Maestrano does; see `Sandbox.webhook`. The app may live on this event loop."""
        import asyncio

        return cast("list[Item]", await asyncio.to_thread(self._backend.act, "webhook", order))

    @classmethod
    def from_line(cls, line: str) -> AsyncSandbox:
        """The controls of a sandbox that runs as a program; see `Sandbox.from_line`. They block for a round trip."""
        return cls(_Remote(line))

    async def aclose(self) -> None:
        """Ends all connections and frees the port. May be called again; one from `from_line` is left running."""
        self._backend.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
