"""Single sign-on by SAML: where users are sent, and who came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, cast

from tenantry.client import AsyncSession, Session
from tenantry.encoding import decode, plain
from tenantry.events import Item
from tenantry.journal import ReplayStore
from tenantry.options import Options, Unpack, call_options
from tenantry.secret import Secret, as_secret, hidden

from .models import Identity, Login

__all__ = ["AsyncSso", "Sso"]

_S = TypeVar("_S", Session, AsyncSession)
_CONSUME = "maestrano.sso.consume"


class _Addresses(Generic[_S]):
    """What is made of the configuration alone, without a request."""

    __slots__ = ("_session",)

    _session: _S

    def _text(self, function: str, arguments: Mapping[str, Any] | None = None) -> Any:
        return plain(self._session.local(f"maestrano.sso.{function}", arguments))

    def login_url(self, params: Mapping[str, str] | None = None) -> Login:
        """Begins a sign-on: where to send the browser, and the request's id.

        Args:
            params: The parameters with which Maestrano opened the app's init URL, `group_id` among them; they are
                passed on.

        Returns:
            `url`, and `request_id`: keep it in the browser's own session, and give it to `consume`.

        Raises:
            ConfigError: The client knows no marketplace's configuration, or it names no usable host.
        """
        return Login(self._session.local("maestrano.sso.login_url", {"params": dict(params or {})}))

    def logout_url(self, uid: str) -> str:
        """Where to send a user who signs out, so that the other apps' sessions end too.

        Args:
            uid: The user's id, e.g. `usr-1`.
        """
        return self._text("logout_url", {"uid": uid})

    def unauthorized_url(self) -> str:
        """Where to send a user who may not use the app."""
        return self._text("unauthorized_url")

    def session_check_url(self, uid: str, token: str | Secret) -> str:
        """Where it can be asked whether a session lasts; `sessions.check` asks. The URL holds the token: a secret.

        Args:
            uid: The user's id.
            token: The session's token, from the sign-on.
        """
        token = as_secret(token)
        return self._text("session_check_url", {"uid": uid, "token": token})

    def openid_provider_url(self) -> str:
        """The provider's address for OpenID 2.0: dead technology, which tenantry does not speak. Use `login_url`."""
        return self._text("openid_provider_url")

    def init_url(self) -> str:
        """The app's own URL where Maestrano begins a sign-on."""
        return self._text("init_url")

    def consume_url(self) -> str:
        """The app's own URL where the provider posts its response."""
        return self._text("consume_url")

    def fingerprint(self, certificate: str | None = None) -> Item:
        """The fingerprints of a certificate: `sha1` and `sha256`, in hexadecimal with colons.

        Args:
            certificate: PEM, or base64 alone; default: the configured one.

        Raises:
            SamlError: There is no certificate, or it is none.
        """
        return cast("Item", decode(self._session.local("maestrano.sso.fingerprint", {"certificate": certificate})))


def _posted(response: Any) -> Any:
    """The posted field, hidden from tracebacks; some frameworks give bytes."""
    return hidden(bytes(response).decode("ascii", "replace") if isinstance(response, (bytes, bytearray)) else response)


class Sso(_Addresses[Session]):
    """Single sign-on of one marketplace.

    Example:
        >>> import tenantry
        >>> from tenantry import maestrano
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         login = marketplaces.client("some-telco").sso.login_url({"group_id": "cld-4"})
        >>> "SAMLRequest=" in login.url
        True
    """

    __slots__ = ()

    _session: Session

    def __init__(self, session: Session) -> None:
        self._session = session

    def consume(
        self,
        saml_response: str,
        *,
        request_id: str | None = None,
        allow_unsolicited: bool = False,
        allow_sha1: bool = False,
        allow_sha1_fingerprint: bool = False,
        replay_store: ReplayStore | None = None,
        **options: Unpack[Options],
    ) -> Identity:
        """Verifies the response that the provider had posted to the consume URL, and tells who signed in.

        Neither the response nor the request that it answers is taken twice: this client and those of the same
        `Marketplaces` remember them. Several processes need a `replay_store`. Sends nothing.

        Args:
            saml_response: The form field `SAMLResponse`, as it was posted.
            request_id: The id that `login_url` gave, from the browser's own session.
            allow_unsolicited: Accepts a response that answers no request, and where no `request_id` is given one that
                answers any. Whoever catches a response can then use it in another browser, once.
            allow_sha1: Accepts SHA-1, with which the vendor's provider signs unless set otherwise, and keys of 1024
                bits and more.
            allow_sha1_fingerprint: Accepts that all trust hangs on a SHA-1 fingerprint, where no certificate is
                configured.
            replay_store: Where to remember what was used; see `tenantry.ReplayStore`.
            **options: Options of the call; see `tenantry.options.Options`. Only `on_event` has a meaning here.

        Returns:
            The user, the group, the session and more, all of it signed.

        Raises:
            SamlError: The response is refused; `reason` tells why. Nothing of it is returned.
            ConfigError: The client knows no marketplace's configuration, or the replay store failed.
        """
        saml_response = _posted(saml_response)
        given = {
            "saml_response": saml_response,
            "request_id": request_id,
            "allow_unsolicited": allow_unsolicited,
            "allow_sha1": allow_sha1,
            "allow_sha1_fingerprint": allow_sha1_fingerprint,
            "replay_store": replay_store,
        }
        return self._session.record(_CONSUME, given, Identity, call_options(**options))


class AsyncSso(_Addresses[AsyncSession]):
    """Single sign-on of one marketplace; see `Sso`. What sends nothing is not awaited."""

    __slots__ = ()

    _session: AsyncSession

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def consume(
        self,
        saml_response: str,
        *,
        request_id: str | None = None,
        allow_unsolicited: bool = False,
        allow_sha1: bool = False,
        allow_sha1_fingerprint: bool = False,
        replay_store: ReplayStore | None = None,
        **options: Unpack[Options],
    ) -> Identity:
        """Verifies a posted response, and tells who signed in; see `Sso.consume`."""
        saml_response = _posted(saml_response)
        given = {
            "saml_response": saml_response,
            "request_id": request_id,
            "allow_unsolicited": allow_unsolicited,
            "allow_sha1": allow_sha1,
            "allow_sha1_fingerprint": allow_sha1_fingerprint,
            "replay_store": replay_store,
        }
        return await self._session.record(_CONSUME, given, Identity, call_options(**options))
