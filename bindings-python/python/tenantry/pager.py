"""Lists that are read page by page, when somebody iterates them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tenantry import _native
from tenantry._native import Columns
from tenantry.driver import Host
from tenantry.encoding import encode, failure, plain
from tenantry.errors import TenantryError, ValidationError

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions
    from tenantry.secret import SecretCallback
elif sys.version_info >= (3, 11):
    from typing import Unpack
else:
    # Annotations that name it can be resolved, though to less than they mean.
    from typing import Optional as Unpack

__all__ = ["AsyncPager", "Columns", "FilterValue", "Pager", "Unpack"]

_R = TypeVar("_R", bound=_native.Record)
_T = TypeVar("_T")

FilterValue = str | int | float | datetime
"""What a filter compares with. A `datetime` must be aware."""

_PLAIN = ("value", "instant")
"""Kinds of fields that are neither secret nor records."""

_SHOWN_ROWS = 20
_SHOWN_COLUMNS = 6


class _List(Generic[_R]):
    """What a list is asked for; each reading of it begins at its first row."""

    def __init__(
        self,
        session: Session | AsyncSession,
        operation: str,
        model: type[_R],
        *,
        ids: tuple[int | str, ...],
        query: object,
        filters: Mapping[str, object],
        arguments: Mapping[str, Any],
        options: CallOptions,
    ) -> None:
        self._session = session
        self._operation = operation
        self._model = model
        self._options = options
        self._asked = {name: value for name, value in arguments.items() if value is not None}
        for name in ("order_by", "select"):
            if isinstance(self._asked.get(name), str):
                self._asked[name] = [self._asked[name]]
        if ids:
            self._asked["ids"] = ids
        if filters:
            self._asked["filters"] = filters
        if query is not None:
            self._asked["query"] = tree_of(query)
        # What is wrong with the arguments is said here, where they are written, and not by the first iteration.
        self._open()[0].close()

    def _host(self) -> Host:
        callbacks: dict[str, SecretCallback] = {}
        return self._session.host(callbacks, self._options.on_event)

    def _open(self, **otherwise: object) -> tuple[_native.Pages, Host]:
        host = self._host()
        text = encode({**self._asked, **otherwise}, host.callbacks)
        settings = encode(self._options.settings, host.callbacks)
        opened = self._session.native.list(self._operation, text, settings, host.wants_events)
        if isinstance(opened, str):
            raise failure(opened)
        self._session.readings.add(opened)
        return opened, host

    def _open_for_one(self) -> tuple[_native.Pages, Host]:
        return self._open(page_size=1, max_items=1, prefetch=False)

    def _counted(self) -> tuple[_native.Call, Host]:
        host = self._host()
        settings = encode(self._options.settings, host.callbacks)
        text = encode(self._asked, host.callbacks)
        return self._session.native.count(self._operation, text, settings, host.wants_events), host

    def _rows(self, native: _native.Pages) -> list[_R] | None:
        return native.take(self._model)

    def _paths(self, names: tuple[str, ...]) -> _native.Paths:
        paths = _native.Paths.of(self._model, names)
        if isinstance(paths, str):
            raise failure(paths)
        return paths

    def _table(self, names: Sequence[str]) -> Columns:
        table = Columns.of(self._model, names)
        if isinstance(table, str):
            raise failure(table)
        return table

    def _plain_fields(self) -> list[str]:
        fields = self._model._fields  # pyright: ignore[reportPrivateUsage]
        return [name for name, kind, _ in fields if kind in _PLAIN]

    def __repr__(self) -> str:
        # Its filters may be what a customer filled in.
        return f"{type(self).__name__}({self._operation})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a list cannot be pickled or copied: its rows can, by to_list()")


class Pager(_List[_R]):
    """A list that is read when it is iterated, page by page; each iteration begins anew.

    The next page is fetched while the caller works on this one. After an error, a `for` loop begins anew as well.
    Leaving the loop ends the reading.

    Example:
        >>> import tenantry
        >>> with tenantry.Sandbox.start() as sandbox, tenantry.cloudblue.Client(**sandbox.cloudblue) as connect:
        ...     pending = connect.requests.list(product_id="PRD-1", type="purchase")
        ...     pending.count() == len(pending.to_list()) == len({request.id for request in pending})
        True
    """

    _session: Session

    def __iter__(self) -> Iterator[_R]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[_R]]:
        """Its pages, each a list of rows. The rows of a page may be fewer than `page_size`, but never none."""
        return self._read(*self._open())

    def _read(self, native: _native.Pages, host: Host) -> Iterator[list[_R]]:
        try:
            while True:
                self._session.drive(native.next(), host)
                rows = self._rows(native)
                if rows is None:
                    return
                yield rows
        finally:
            native.close()

    def values(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """These fields of each row, as tuples: far faster than rows where few fields are read.

        Values are those of the rows' attributes, but records and lists are plain dictionaries and lists, as `to_dict()`
        has them. What is absent is None.

        Args:
            names: Fields, with a dot between the names of a record and its field: `values("id", "asset.product.id")`.
                Below a field that is a dictionary any names may follow.

        Raises:
            ValidationError: The rows have no such field; nothing was sent.
        """
        return self._values(self._paths(names), *self._open())

    def _values(self, paths: _native.Paths, native: _native.Pages, host: Host) -> Iterator[tuple[Any, ...]]:
        try:
            while True:
                self._session.drive(native.next(), host)
                rows = native.take_values(paths)
                if rows is None:
                    return
                yield from rows
        finally:
            native.close()

    def columns(self, *names: str) -> Columns:
        """All its rows as columns of these fields, for data frames: `polars.DataFrame(rows.columns("id", "created"))`.

        pandas (`DataFrame.from_arrow`), polars, pyarrow (`table`) and DuckDB read it by Arrow's C data interface;
        none of them need be installed. Times become `timestamp[us, UTC]`, integers `int64`, truth values `bool`; what
        is of another type than the field's is null there. All else is text: strings as they are, any other value as
        its JSON.

        Args:
            names: Fields, named as in `values`.

        Raises:
            ValidationError: The rows have no such field, or none is named; nothing was sent.
        """
        table = self._table(names)
        native, host = self._open()
        try:
            while True:
                self._session.drive(native.next(), host)
                if not native.take_columns(table):
                    return table
        finally:
            native.close()

    def to_arrow(self) -> Columns:
        """All its rows as columns of their plain fields: all but records, lists of them, and what may be secret.

        See `columns`, which takes the names of fields.
        """
        return self.columns(*self._plain_fields())

    def first(self) -> _R | None:
        """Its first row, by a request for one row; None if there is none."""
        for page in self._read(*self._open_for_one()):
            return page[0]
        return None

    def to_list(self) -> list[_R]:
        """All its rows."""
        return [row for page in self.pages() for row in page]

    def count(self) -> int:
        """How many rows the server has now, by a request for none of them; `max_items` does not count.

        Raises:
            ResponseError: The server tells no total.
        """
        return int(self._session.drive(*self._counted()))

    def _repr_html_(self) -> str:
        """A table of its first page, for notebooks."""
        try:
            none: list[_R] = []
            rows = next(self._read(*self._open(prefetch=False)), none)
        except TenantryError as error:
            return f"<pre>{_escaped(f'{type(error).__name__}: {error}')}</pre>"
        return _table(self._model, rows)


class AsyncPager(_List[_R]):
    """A list that is read when it is iterated with `async for`; each iteration begins anew. See `Pager`."""

    _session: AsyncSession

    def __aiter__(self) -> AsyncIterator[_R]:
        return _AsyncRows(self.pages())

    def pages(self) -> AsyncIterator[list[_R]]:
        """Its pages, each a list of rows. The rows of a page may be fewer than `page_size`, but never none."""
        return _AsyncPages(self, self._rows, *self._open())

    async def bring(self, native: _native.Pages, host: Host) -> None:
        """Waits for the next page of a reading."""
        await self._session.drive(native.next(), host)

    def values(self, *names: str) -> AsyncIterator[tuple[Any, ...]]:
        """These fields of each row, as tuples; see `Pager.values`."""
        return _AsyncRows(_AsyncPages(self, self._taking_values(names), *self._open()))

    def _taking_values(self, names: tuple[str, ...]) -> Callable[[_native.Pages], list[tuple[Any, ...]] | None]:
        paths = self._paths(names)
        return lambda native: native.take_values(paths)

    async def columns(self, *names: str) -> Columns:
        """All its rows as columns of these fields; see `Pager.columns`."""
        table = self._table(names)
        native, host = self._open()
        try:
            while True:
                await self._session.drive(native.next(), host)
                if not native.take_columns(table):
                    return table
        finally:
            native.close()

    async def to_arrow(self) -> Columns:
        """All its rows as columns of their plain fields; see `Pager.to_arrow`."""
        return await self.columns(*self._plain_fields())

    async def first(self) -> _R | None:
        """Its first row, by a request for one row; None if there is none."""
        async for page in _AsyncPages(self, self._rows, *self._open_for_one()):
            return page[0]
        return None

    async def to_list(self) -> list[_R]:
        """All its rows."""
        return [row async for page in self.pages() for row in page]

    async def count(self) -> int:
        """How many rows the server has now, by a request for none of them; see `Pager.count`."""
        return int(await self._session.drive(*self._counted()))


class _AsyncPages(AsyncIterator[list[_T]]):
    """A reading. No generator: one that a loop leaves would go on until the event loop finds it."""

    def __init__(
        self,
        pager: AsyncPager[Any],
        take: Callable[[_native.Pages], list[_T] | None],
        native: _native.Pages,
        host: Host,
    ) -> None:
        self._pager = pager
        self._take = take
        self._native: _native.Pages | None = native
        self._host = host

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[_T]:
        if self._native is None:
            raise StopAsyncIteration
        await self._pager.bring(self._native, self._host)
        rows = self._take(self._native)
        if rows is None:
            self._native.close()
            self._native = None
            raise StopAsyncIteration
        return rows


class _AsyncRows(AsyncIterator[_T]):
    def __init__(self, pages: AsyncIterator[list[_T]]) -> None:
        self._pages = pages
        self._rows: Iterator[_T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        for row in self._rows:
            return row
        self._rows = iter(await self._pages.__anext__())
        return next(self._rows)


def tree_of(query: object) -> object:
    """The structure of a condition."""
    tree: object = getattr(query, "tree", None)
    if not isinstance(tree, dict):
        raise ValidationError(
            f"query is no condition, it is {type(query).__name__}",
            outcome="not_sent",
            hint='make it with R, e.g. R("status").eq("pending"), or from text with R.raw(text)',
            details={"field": "query"},
        )
    return tree  # pyright: ignore[reportUnknownVariableType]


def _table(model: type[_native.Record], rows: Sequence[_native.Record]) -> str:
    """The plain fields of rows as a table; those that may be secret are not among them."""
    fields: list[tuple[str, str]] = [(name, kind) for name, kind, _ in model._fields]  # pyright: ignore[reportPrivateUsage]
    first = ("id", "type", "status", "created", "updated", "name")
    fields.sort(key=lambda field: first.index(field[0]) if field[0] in first else len(first))
    shown: list[dict[str, Any]] = [plain(row.raw) for row in rows[:_SHOWN_ROWS]]
    columns: list[str] = []
    cells: dict[str, list[str]] = {}
    for name, kind in fields:
        values = [_cell(row.get(name)) for row in shown]
        if kind in _PLAIN and any(values) and len(columns) < _SHOWN_COLUMNS:
            columns.append(name)
            cells[name] = values
    head = "".join(f"<th>{_escaped(name)}</th>" for name in columns)
    lines = ("".join(f"<td>{_escaped(cells[name][at])}</td>" for name in columns) for at in range(len(shown)))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    caption = f"{model.__name__}: the first {len(shown)}" if shown else f"{model.__name__}: none"
    return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
