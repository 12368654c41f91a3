"""What an onboarding needs to know of a merchant."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from tenantry import _native
from tenantry.encoding import decode, encode, opened, plain
from tenantry.events import Item
from tenantry.secret import Secret, described, sealed

from .models import ClientRights, MagentoAccount

if TYPE_CHECKING:
    from tenantry.secret import SecretCallback

__all__ = ["AdminSpec", "ClientSettingsSpec", "ConnectionSpec", "DashboardsSpec", "OnboardingSpec", "UserSpec"]


class AdminSpec(TypedDict):
    """The administrator who onboards: an existing user of Magento BI."""

    email: str
    first_name: str
    last_name: str
    role: str


class _UserSpecRequired(TypedDict):
    email: str
    first_name: str
    last_name: str
    client_rights: ClientRights


class UserSpec(_UserSpecRequired, total=False):
    """The merchant's own user."""

    user_id: int | str
    """The user's id, where the invitation's reply does not tell it."""


class ClientSettingsSpec(TypedDict, total=False):
    """Name and properties of the client (step 5)."""

    name: str
    """Default: the company. It renames the client."""
    properties: Mapping[str, Any]


class _ConnectionSpecRequired(TypedDict):
    name: str
    type: str
    properties: Mapping[str, str | Secret | None]
    password: str | Secret


class ConnectionSpec(_ConnectionSpecRequired, total=False):
    """The merchant's database. In `properties`, `encryption_groupSecret` is a secret."""

    display_name: str
    encryption_password: str | Secret


class _DashboardsSpecRequired(TypedDict):
    package: str
    database: str


class DashboardsSpec(_DashboardsSpecRequired, total=False):
    """The dashboards to create."""

    table_prefix: str
    user_id_from: Literal["reply", "token", "omit"]
    """Who will own them: the user of the invitation's reply (default), the token's, or nobody."""


class OnboardingSpec:
    """A merchant to onboard.

    Displays and `to_dict()` hide the secrets; a spec with an inline secret cannot be pickled, one whose secrets are
    references can. Two specs are equal when they hold the same; inline secrets are equal to themselves alone.

    Args:
        company: The merchant's name.
        tier: The plan, e.g. `T100`.
        admin: The administrator who onboards.
        magento: What the merchant is to Magento.
        user: The merchant's own user, who is invited.
        connection: The merchant's database.
        dashboards: The dashboards to create.
        client_settings: Name and properties of the client; default: step 5 is left out.
        confirm_user: Waits for a person's word that the welcome mail has come, before the connection is made.
        install_public_key: Waits for a person's word that the public key is installed; default: if there is a tunnel.

    Example:
        >>> from tenantry.magento_bi import OnboardingSpec
        >>> [problem.field for problem in OnboardingSpec.from_dict({"company": "", "tier": "T100"}).check()]
        ['company', 'admin', 'magento', 'user', 'connection', 'dashboards']
    """

    __slots__ = ("_data",)

    _data: dict[str, Any]

    def __init__(
        self,
        *,
        company: str,
        tier: str,
        admin: AdminSpec,
        magento: MagentoAccount,
        user: UserSpec,
        connection: ConnectionSpec,
        dashboards: DashboardsSpec,
        client_settings: ClientSettingsSpec | None = None,
        confirm_user: bool = False,
        install_public_key: bool | None = None,
    ) -> None:
        # Wrapped first: a traceback that shows locals shows no secret.
        connection = _sealed_connection(connection)
        data: dict[str, Any] = {
            "company": company,
            "tier": tier,
            "admin": admin,
            "magento": magento,
            "user": user,
            "connection": connection,
            "dashboards": dashboards,
        }
        optional = {"client_settings": client_settings, "install_public_key": install_public_key}
        data |= {name: value for name, value in optional.items() if value is not None}
        if confirm_user:
            data["confirm_user"] = True
        self._fill(data)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OnboardingSpec:
        """Makes a spec of a mapping with the constructor's names; `check()` tells what is wrong with it.

        Args:
            data: What the constructor takes. A secret may also be `{"env": NAME}` or `{"file": PATH}`.
        """
        spec = cls.__new__(cls)
        spec._fill({**data})  # noqa: SLF001
        return spec

    def _fill(self, data: dict[str, Any]) -> None:
        if "connection" in data:
            data["connection"] = _sealed_connection(data["connection"])
        self._data = data

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> OnboardingSpec:
        """Reads a spec from a TOML file.

        Args:
            path: UTF-8. Secrets are best written as `password = {env = "NAME"}`; `warnings()` names those that are not.

        Raises:
            ValidationError: It is no TOML.
            OSError: The file cannot be read.
        """
        # Nothing of the text is kept in a variable: it may hold secrets.
        return cls.from_dict(
            plain(opened(_native.spec("magento_bi.onboarding.from_toml", Path(path).read_text("utf-8"))))
        )

    def check(self) -> list[Item]:
        """All that is wrong, each with `field` (the path of its key) and `message`; empty for a good spec."""
        return list(self._report()["errors"])

    def warnings(self) -> list[Item]:
        """What is allowed and doubtful, such as a plain password in a file; of the same form as `check()`."""
        return list(self._report()["warnings"])

    def _report(self) -> Item:
        return cast("Item", decode(opened(_native.spec("magento_bi.onboarding.check", encode(self._data)))))

    def to_dict(self, *, include_secrets: bool = False) -> dict[str, Any]:
        """The spec as plain values.

        Args:
            include_secrets: Gives inline secrets as text, where else `***` stands. References stay references.
        """
        if include_secrets:
            return cast("dict[str, Any]", plain(encode(self._data)))
        return cast("dict[str, Any]", _shown(self._data))

    def encoded(self, callbacks: dict[str, SecretCallback]) -> str:
        """The spec as JSON text for the core, its callbacks put into `callbacks`."""
        return encode(self._data, callbacks)

    def __repr__(self) -> str:
        return f"OnboardingSpec({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OnboardingSpec):
            return NotImplemented
        return self._data == other._data

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[Any, ...]:
        return OnboardingSpec.from_dict, (self._data,)


def _sealed_connection(connection: Any) -> Any:
    """The connection with its texts at secret places wrapped."""
    connection = sealed(connection, "password", "encryption_password")
    if isinstance(connection, dict) and "properties" in connection:
        connection["properties"] = sealed(connection["properties"], "encryption_groupSecret")
    return cast("Any", connection)


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return described(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {name: _shown(item) for name, item in items}
    if isinstance(value, list):
        return [_shown(item) for item in cast("list[Any]", value)]
    return value
