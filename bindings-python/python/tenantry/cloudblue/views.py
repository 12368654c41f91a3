"""What records of Connect can tell beyond their fields."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .models import Param, Tier, Tiers

__all__ = ["AssetView", "ItemView", "ParamView"]

UNLIMITED = Decimal("Infinity")
"""The quantity of an item that has no limit."""


class AssetView:
    """Finders of an asset's parts."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def params(self) -> list[Param] | None:
            """A field of the record."""

        @property
        def tiers(self) -> Tiers | None:
            """A field of the record."""

    def param(self, id: str) -> Param | None:  # noqa: A002 - the wire's name
        """The parameter with this id; None if there is none. One without a value counts as false in a condition."""
        return next((param for param in self.params or () if param.id == id), None)

    def tier(self, name: Literal["customer", "tier1", "tier2"]) -> Tier | None:
        """The account with this name, in either of the shapes that the wire has; None if there is none."""
        if name not in ("customer", "tier1", "tier2"):
            raise ValueError(f"{name!r} is no tier: customer, tier1, tier2")
        tiers = self.tiers
        if tiers is None:
            return None
        customer = tiers.customer
        if name == "customer":
            return customer
        return getattr(tiers, name) or getattr(customer, name, None)


class ParamView:
    """What a parameter counts as."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def value(self) -> str | None:
            """A field of the record."""

        @property
        def structured_value(self) -> Any:
            """A field of the record."""

    def __bool__(self) -> bool:
        """Whether it has a value: not None, empty text, an empty list or an empty object."""
        return bool(self.value) or bool(self.structured_value)


class ItemView:
    """An item's quantities as numbers, and what became of it."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def quantity(self) -> int | str | None:
            """A field of the record."""

        @property
        def old_quantity(self) -> int | str | None:
            """A field of the record."""

        @property
        def item_type(self) -> str | None:
            """A field of the record."""

    @property
    def quantity_value(self) -> Decimal | None:
        """How much there will be, `Decimal("Infinity")` without limit; None when the wire says nothing that counts."""
        return _number(self.quantity, self.item_type)

    @property
    def old_quantity_value(self) -> Decimal | None:
        """How much there was, as `quantity_value`."""
        return _number(self.old_quantity, self.item_type)

    @property
    def is_new(self) -> bool:
        """Whether there was none and there will be some."""
        return not self.old_quantity_value and bool(self.quantity_value)

    @property
    def is_changed(self) -> bool:
        """Whether there was some and there will be another amount of it."""
        new, old = self.quantity_value, self.old_quantity_value
        return bool(old) and bool(new) and new != old

    @property
    def is_removed(self) -> bool:
        """Whether there was some and there will be none."""
        return bool(self.old_quantity_value) and not self.quantity_value


def _number(quantity: object, item_type: str | None) -> Decimal | None:
    text = str(quantity).strip()
    if text.lower() == "unlimited" or (text == "-1" and item_type == "PPU"):
        return UNLIMITED
    # Python would read more than the wire writes.
    if not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
