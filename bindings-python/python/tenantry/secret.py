"""Secrets: text that is never shown, or where to find it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from os import PathLike, fspath
from typing import Any, cast, overload

__all__ = ["Secret"]

SecretCallback = Callable[[], "str | Awaitable[str]"]

_numbers = count(1)
_CREDENTIAL = re.compile("auth|cookie|credential|key|passw|secret|session|token", re.IGNORECASE)


class Secret:
    """A secret that no display shows, or where to find it each time it is needed.

    Every argument that takes a secret takes text as well; text is wrapped at once. Only references go through pickle:
    an inline secret refuses.

    Example:
        >>> import tenantry
        >>> tenantry.Secret("hunter2")
        Secret('***')
        >>> tenantry.Secret.env("STORE_DB_PASSWORD")
        Secret.env('STORE_DB_PASSWORD')
    """

    __slots__ = ("_kind", "_name", "_source")

    _kind: str
    _source: str | SecretCallback
    _name: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a secret is text, not {type(text).__name__}; see also Secret.env, .file and .callback")
        self._kind, self._source, self._name = "text", text, ""

    @classmethod
    def _of(cls, kind: str, source: str | SecretCallback, name: str) -> Secret:
        secret = cls("")
        secret._kind, secret._source, secret._name = kind, source, name
        return secret

    @classmethod
    def env(cls, name: str) -> Secret:
        """The environment variable that holds the secret, read each time it is needed.

        Args:
            name: The variable's name. A call raises `ConfigError` while it is unset or empty.
        """
        return cls._of("env", name, name)

    @classmethod
    def file(cls, path: str | PathLike[str]) -> Secret:
        """The file that holds the secret, read each time it is needed.

        Args:
            path: One line of UTF-8; only the owner may read the file (mode 0600), or a call raises `ConfigError`.
        """
        return cls._of("file", fspath(path), fspath(path))

    @classmethod
    def callback(cls, function: SecretCallback) -> Secret:
        """A function that returns the secret, called on the calling thread each time it is needed.

        Args:
            function: Takes nothing, returns text. With an asynchronous client it may be `async`. When it raises, the
                call raises `ConfigError` from that exception.
        """
        if not callable(function):
            raise TypeError(f"Secret.callback takes a function, not {type(function).__name__}")
        name = getattr(function, "__qualname__", type(function).__name__)
        return cls._of("callback", function, f"{name}#{next(_numbers)}")

    @property
    def is_inline(self) -> bool:
        """Whether it holds the secret's text itself."""
        return self._kind == "text"

    def __repr__(self) -> str:
        return "Secret('***')" if self.is_inline else f"Secret.{self._kind}({self._name!r})"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[Callable[..., Secret], tuple[Any, ...]]:
        if self.is_inline:
            raise TypeError(
                "an inline secret cannot be pickled: give it by reference, as Secret.env(name), Secret.file(path) or "
                "Secret.callback(function)"
            )
        return _restore, (self._kind, self._source, self._name)


def _restore(kind: str, source: str | SecretCallback, name: str) -> Secret:
    return Secret._of(kind, source, name)  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001


@overload
def as_secret(value: str | Secret) -> Secret: ...
@overload
def as_secret(value: str | Secret | None) -> Secret | None: ...
def as_secret(value: str | Secret | None) -> Secret | None:
    """Wraps text, so that no frame of a traceback shows it."""
    return value if value is None or isinstance(value, Secret) else Secret(value)


def sealed(value: Any, *names: str) -> Any:
    """A copy of the mapping `value` whose texts at `names` are secrets; another value as it is."""
    if not isinstance(value, Mapping):
        return value
    items: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
    return {key: Secret(item) if key in names and isinstance(item, str) else item for key, item in items.items()}


def sealed_by_name(value: Any) -> Any:
    """A copy of the mapping `value` with secrets for the texts whose name speaks of a credential."""
    if not isinstance(value, Mapping):
        return value
    return sealed(value, *(name for name in cast("Mapping[str, Any]", value) if _CREDENTIAL.search(name)))


class Hidden:
    """A value on its way to the core that no frame of a traceback shows."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "'***'"


def hidden(value: Any) -> Any:
    """Hides what a customer may have filled in; None stays None."""
    return None if value is None else Hidden(value)


def revealed(secret: Secret, callbacks: dict[str, SecretCallback]) -> str | dict[str, str]:
    """The form in which a secret goes to the core; a callback is kept in `callbacks` under its name."""
    kind, source, name = secret._kind, secret._source, secret._name  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001
    if not isinstance(source, str):
        callbacks[name] = source
        return {"callback": name}
    return source if kind == "text" else {kind: source}


def described(secret: Secret) -> str | dict[str, str]:
    """The form in which a secret may be shown: a reference as it is, text as `***`."""
    return "***" if secret.is_inline else revealed(secret, {})
