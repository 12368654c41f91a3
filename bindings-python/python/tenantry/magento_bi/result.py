"""What an onboarding brings."""

from __future__ import annotations

from typing import ClassVar

from tenantry._native import Record

__all__ = ["OnboardedConnection", "OnboardingResult"]


class OnboardedConnection(Record):
    """The database connection that an onboarding made."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("id", "value", None),
        ("meta_id", "value", None),
        ("name", "value", None),
    )

    @property
    def id(self) -> int | str:
        """One of its two ids."""
        return self._get(0)

    @property
    def meta_id(self) -> int | str | None:
        """The other one, which jobs and dashboards use."""
        return self._get(1)

    @property
    def name(self) -> str | None:
        """Its name."""
        return self._get(2)


class OnboardingResult(Record):
    """What an onboarding brought."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("signup_id", "value", None),
        ("client_id", "value", None),
        ("pubkey", "value", None),
        ("invite_id", "value", None),
        ("user_id", "value", None),
        ("inviter_user_id", "value", None),
        ("connection", "record", OnboardedConnection),
        ("autodash_id", "value", None),
    )

    @property
    def signup_id(self) -> int | str | None:
        """The signup; None if a client was adopted instead."""
        return self._get(0)

    @property
    def client_id(self) -> int | str:
        """The client of Magento BI that the merchant now has."""
        return self._get(1)

    @property
    def pubkey(self) -> str | None:
        """The public key to install on the host of an SSH tunnel."""
        return self._get(2)

    @property
    def invite_id(self) -> int | str | None:
        """The invitation."""
        return self._get(3)

    @property
    def user_id(self) -> int | str | None:
        """The merchant's user, where it is known."""
        return self._get(4)

    @property
    def inviter_user_id(self) -> int | str | None:
        """Who invited."""
        return self._get(5)

    @property
    def connection(self) -> OnboardedConnection:
        """The connection to the merchant's database."""
        return self._get(6)

    @property
    def autodash_id(self) -> int | str | None:
        """The creation of dashboards; None if it was skipped."""
        return self._get(7)
