"""The onboarding of a merchant: all eleven steps as one flow that survives whatever happens between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from tenantry.encoding import encode
from tenantry.errors import ConfigError
from tenantry.fleet import AsyncFleet, Fleet, Flows
from tenantry.flow import AsyncFlow, Flow, started
from tenantry.options import Listener, limit, milliseconds

from .result import OnboardingResult
from .spec import OnboardingSpec

if TYPE_CHECKING:
    from tenantry import _native
    from tenantry.client import AsyncSession, Session
    from tenantry.driver import CheckpointStore, FleetStore, Host
    from tenantry.secret import SecretCallback

__all__ = ["AsyncOnboardings", "Onboardings", "Poll"]

_KIND = "magento_bi.onboarding"
_TWO_HOURS = 7200.0
_Mode = Literal["start", "resume", "start_or_resume"]


class Poll(TypedDict, total=False):
    """How a flow looks again: the first look at once, then after growing delays."""

    min: float | timedelta
    """Seconds after the first look; default 3."""
    max: float | timedelta
    """The longest delay in seconds; default 30."""
    factor: float
    """Growth from one delay to the next; default 1.5, at least 1."""
    jitter: float
    """Part of a delay by which it varies both ways; default 0.2, at most 1."""
    max_errors: int
    """Failed looks in a row that are tolerated; default 5."""


class _Onboardings:
    __slots__ = ("_session",)

    def __init__(self, session: Any) -> None:
        self._session = session

    def _open(
        self,
        mode: _Mode,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore | None,
        on_event: Listener | None,
        options: dict[str, Any],
    ) -> tuple[_native.Flow, Host]:
        spec = spec if isinstance(spec, OnboardingSpec) else OnboardingSpec.from_dict(spec)
        is_file = isinstance(checkpoint, (str, PathLike))
        store = None if is_file else checkpoint
        if store is not None and not (hasattr(store, "load") and hasattr(store, "save")):
            raise ConfigError("checkpoint has no load or no save", hint="give a path, or an object with both")
        place = {"file": fspath(checkpoint)} if is_file else {"host": True} if store is not None else None
        callbacks: dict[str, SecretCallback] = {}
        given = {name: value for name, value in options.items() if value is not None or name == "max_wait_ms"}
        settings = encode({"mode": mode, "checkpoint": place, **given})
        # Its text, secrets and all, is kept in no variable.
        flow = self._session.native.flow(_KIND, spec.encoded(callbacks), settings)
        return started(flow), self._session.host(callbacks, on_event, store)

    def _fleet(
        self,
        checkpoint: str | PathLike[str] | FleetStore | None,
        at_once: int,
        on_event: Listener | None,
        options: dict[str, Any],
    ) -> tuple[_native.Fleet | str, Host]:
        is_folder = isinstance(checkpoint, (str, PathLike))
        store = None if is_folder else checkpoint
        if store is not None and not (hasattr(store, "load") and hasattr(store, "save")):
            raise ConfigError("checkpoint has no load or no save", hint="give a folder's path, or an object with both")
        place = {"file": fspath(checkpoint)} if is_folder else {"host": True} if store is not None else None
        host = self._session.host({} if store is None else {"fleet": store}, on_event)
        given = {name: value for name, value in options.items() if value is not None or name == "max_wait_ms"}
        flow = {"mode": "start_or_resume", "checkpoint": place, **given}
        settings = encode({"flow": flow, "at_once": at_once})
        return self._session.native.fleet(_KIND, settings, host.wants_events), host


def _encoded(spec: OnboardingSpec | Mapping[str, Any], callbacks: dict[str, Any]) -> str:
    return spec.encoded(callbacks) if isinstance(spec, OnboardingSpec) else encode(spec, callbacks)


def _options(
    *,
    flow_id: str | None,
    max_wait: float | timedelta | None,
    step_max_wait: Mapping[str, float | timedelta | None] | None,
    poll: Poll | None,
    accept_changed_spec: bool,
    connection_id_from: Literal["meta_id", "id"],
    require_established: bool,
    done_words: Sequence[str] | None,
    failed_words: Sequence[str] | None,
) -> dict[str, Any]:
    steps: Mapping[str, float | timedelta | None] = step_max_wait or {}
    return {
        "flow_id": flow_id,
        "max_wait_ms": limit("max_wait", max_wait),
        "step_max_wait_ms": {step: limit(f"step_max_wait[{step!r}]", value) for step, value in steps.items()},
        "poll": None if poll is None else _poll(poll),
        "accept_changed_spec": accept_changed_spec,
        "connection_id_from": connection_id_from,
        "require_established": require_established,
        "done_words": None if done_words is None else list(done_words),
        "failed_words": None if failed_words is None else list(failed_words),
    }


def _poll(poll: Poll) -> dict[str, Any]:
    times: dict[str, Any] = {name: poll.get(name) for name in ("min", "max")}
    rest = {name: value for name, value in poll.items() if name not in times}
    return {
        **{f"{name}_ms": milliseconds(f"poll[{name!r}]", time) for name, time in times.items() if time is not None},
        **rest,
    }


class Onboardings(_Onboardings):
    """Onboarding flows."""

    __slots__ = ()

    _session: Session

    def start(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore | None = None,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> Flow[OnboardingResult]:
        """Prepares an onboarding. Nothing is sent before its first step is asked for.

        Args:
            spec: The merchant, as an `OnboardingSpec` or a mapping of the same form.
            checkpoint: Where the flow is kept: a file's path, or an object with `load()` and `save(text)`. It
                holds no secret. None: nowhere, so that only this object can go on.
            flow_id: Your name for the flow, 1 to 128 bytes; default a random UUID.
            max_wait: Seconds that the flow may take each time it is driven; default 2 hours, None for no limit.
            step_max_wait: Seconds by step, None for no limit: `await_client` (default 30 minutes), `await_connection`
                (5), `await_structure_sync` (30), `await_dashboards` (15).
            poll: How it looks again; see `Poll`.
            accept_changed_spec: Resumes although the spec differs from the one that the flow was started with.
            connection_id_from: Which of a connection's two ids the later steps use.
            require_established: Waits until the connection is `established` before it is tested.
            done_words: Status words that mean success; default completed, complete, success, succeeded.
            failed_words: Status words that mean failure. A word in neither list means that it is under way.
            on_event: Called with each event of the requests beneath; default the client's.

        Raises:
            ValidationError: The spec has problems; `details["errors"]` lists them all.
            ConfigError: An option cannot be used.
            CheckpointError: There is a checkpoint already, or it is in use.
        """
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("start", spec, checkpoint, on_event, options)
        return Flow(self._session, flow, host, OnboardingResult)

    def resume(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> Flow[OnboardingResult]:
        """Takes an onboarding up again from its checkpoint.

        It may have been left in another language or on another machine.

        A finished one gives its result and sends nothing.

        Args:
            spec: The merchant, as an `OnboardingSpec` or a mapping of the same form.
            checkpoint: Where the flow is kept: a file's path, or an object with `load()` and `save(text)`. It
                holds no secret. None: nowhere, so that only this object can go on.
            flow_id: Your name for the flow, 1 to 128 bytes; default a random UUID.
            max_wait: Seconds that the flow may take each time it is driven; default 2 hours, None for no limit.
            step_max_wait: Seconds by step, None for no limit: `await_client` (default 30 minutes), `await_connection`
                (5), `await_structure_sync` (30), `await_dashboards` (15).
            poll: How it looks again; see `Poll`.
            accept_changed_spec: Resumes although the spec differs from the one that the flow was started with.
            connection_id_from: Which of a connection's two ids the later steps use.
            require_established: Waits until the connection is `established` before it is tested.
            done_words: Status words that mean success; default completed, complete, success, succeeded.
            failed_words: Status words that mean failure. A word in neither list means that it is under way.
            on_event: Called with each event of the requests beneath; default the client's.

        Raises:
            ValidationError: The spec has problems; `details["errors"]` lists them all.
            ConfigError: An option cannot be used.
            CheckpointError: There is none, or it is in use, broken, from the future, or of another spec or endpoint.
        """
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("resume", spec, checkpoint, on_event, options)
        return Flow(self._session, flow, host, OnboardingResult)

    def start_or_resume(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore | None = None,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> Flow[OnboardingResult]:
        """Takes an onboarding up again if there is a checkpoint, and else prepares it.

        Args:
            spec: The merchant, as an `OnboardingSpec` or a mapping of the same form.
            checkpoint: Where the flow is kept: a file's path, or an object with `load()` and `save(text)`. It
                holds no secret. None: nowhere, so that only this object can go on.
            flow_id: Your name for the flow, 1 to 128 bytes; default a random UUID.
            max_wait: Seconds that the flow may take each time it is driven; default 2 hours, None for no limit.
            step_max_wait: Seconds by step, None for no limit: `await_client` (default 30 minutes), `await_connection`
                (5), `await_structure_sync` (30), `await_dashboards` (15).
            poll: How it looks again; see `Poll`.
            accept_changed_spec: Resumes although the spec differs from the one that the flow was started with.
            connection_id_from: Which of a connection's two ids the later steps use.
            require_established: Waits until the connection is `established` before it is tested.
            done_words: Status words that mean success; default completed, complete, success, succeeded.
            failed_words: Status words that mean failure. A word in neither list means that it is under way.
            on_event: Called with each event of the requests beneath; default the client's.

        Raises:
            ValidationError: The spec has problems; `details["errors"]` lists them all.
            ConfigError: An option cannot be used.
            CheckpointError: It is in use, broken, from the future, or of another spec or endpoint.
        """
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("start_or_resume", spec, checkpoint, on_event, options)
        return Flow(self._session, flow, host, OnboardingResult)

    def run_all(
        self,
        keys: Iterable[str],
        spec: Callable[[str], OnboardingSpec | Mapping[str, Any]],
        checkpoint: str | PathLike[str] | FleetStore | None = None,
        *,
        at_once: int = 64,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> Fleet[OnboardingResult]:
        """Prepares the onboarding of many merchants, which one loop drives.

        A hundred thousand that wait for their client take some thirty megabytes: a flow keeps no spec while it waits,
        and asks for it again when there is more to do. Flows with a checkpoint are resumed. Polls are spread over their
        interval.

        Args:
            keys: What the flows are called, each 1 to 128 bytes; read little by little. It is the `flow_id` too.
            spec: Gives the merchant of a key: the same whenever it is called.
            checkpoint: Where the flows are kept: a folder's path, or an object with `load(key)` and `save(key, text)`.
                None: nowhere, so that only this object can go on.
            at_once: Requests under way at one time, at most.
            max_wait: As for `start`, for each flow.
            step_max_wait: As for `start`.
            poll: As for `start`.
            accept_changed_spec: As for `start`.
            connection_id_from: As for `start`.
            require_established: As for `start`.
            done_words: As for `start`.
            failed_words: As for `start`.
            on_event: As for `start`.

        Raises:
            ConfigError: An option cannot be used.
            CheckpointError: The folder is in use.
        """
        options = _options(
            flow_id=None,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        fleet, host = self._fleet(checkpoint, at_once, on_event, options)
        return Fleet(self._session, fleet, host, Flows(keys, spec, _encoded, OnboardingResult))


class AsyncOnboardings(_Onboardings):
    """Onboarding flows whose steps are awaited."""

    __slots__ = ()

    _session: AsyncSession

    def start(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore | None = None,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> AsyncFlow[OnboardingResult]:
        """See `Onboardings.start`; a checkpoint object's `load` and `save` may be `async`."""
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("start", spec, checkpoint, on_event, options)
        return AsyncFlow(self._session, flow, host, OnboardingResult)

    def resume(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> AsyncFlow[OnboardingResult]:
        """See `Onboardings.resume`; a checkpoint object's `load` and `save` may be `async`."""
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("resume", spec, checkpoint, on_event, options)
        return AsyncFlow(self._session, flow, host, OnboardingResult)

    def start_or_resume(
        self,
        spec: OnboardingSpec | Mapping[str, Any],
        checkpoint: str | PathLike[str] | CheckpointStore | None = None,
        *,
        flow_id: str | None = None,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> AsyncFlow[OnboardingResult]:
        """See `Onboardings.start_or_resume`; a checkpoint object's `load` and `save` may be `async`."""
        options = _options(
            flow_id=flow_id,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        flow, host = self._open("start_or_resume", spec, checkpoint, on_event, options)
        return AsyncFlow(self._session, flow, host, OnboardingResult)

    def run_all(
        self,
        keys: Iterable[str],
        spec: Callable[[str], OnboardingSpec | Mapping[str, Any] | Awaitable[OnboardingSpec | Mapping[str, Any]]],
        checkpoint: str | PathLike[str] | FleetStore | None = None,
        *,
        at_once: int = 64,
        max_wait: float | timedelta | None = _TWO_HOURS,
        step_max_wait: Mapping[str, float | timedelta | None] | None = None,
        poll: Poll | None = None,
        accept_changed_spec: bool = False,
        connection_id_from: Literal["meta_id", "id"] = "meta_id",
        require_established: bool = False,
        done_words: Sequence[str] | None = None,
        failed_words: Sequence[str] | None = None,
        on_event: Listener | None = None,
    ) -> AsyncFleet[OnboardingResult]:
        """See `Onboardings.run_all`; `spec`, and a checkpoint object's `load` and `save`, may be `async`."""
        options = _options(
            flow_id=None,
            max_wait=max_wait,
            step_max_wait=step_max_wait,
            poll=poll,
            accept_changed_spec=accept_changed_spec,
            connection_id_from=connection_id_from,
            require_established=require_established,
            done_words=done_words,
            failed_words=failed_words,
        )
        fleet, host = self._fleet(checkpoint, at_once, on_event, options)
        return AsyncFleet(self._session, fleet, host, Flows(keys, spec, _encoded, OnboardingResult))
