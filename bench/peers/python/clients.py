"""What is measured: each gives pages of requests, and single ones."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import fields
from decode import DECODERS
from fetch import ASYNC, SYNC

PAGE = 1000


class NotBuiltError(Exception):
    """tenantry cannot do that yet."""


def id_of(index: int) -> str:
    return f"PR-{index // 10_000:04}-{index % 10_000:04}-2718-001"


class Assembled:
    """An HTTP client and a decoder, put together by hand."""

    def __init__(self, name: str, base: str, connections: int) -> None:
        fetch, decoder = name.split("+")
        self.url = f"{base}/public/v1/requests"
        self.decoder = DECODERS[decoder]()
        self.use = self.decoder.use
        self.fetch: Any = (SYNC.get(fetch) or ASYNC[fetch])(connections)

    def page_url(self, start: int) -> str:
        return f"{self.url}?limit={PAGE}&offset={start}"

    def pages(self, n: int) -> Iterator[Iterable[Any]]:
        for start in range(0, n, PAGE):
            yield self.decoder.many(self.fetch.get(self.page_url(start)))

    def one(self, index: int) -> Any:
        return self.decoder.one(self.fetch.get(f"{self.url}/{id_of(index)}"))

    def rows(self, n: int) -> Iterator[tuple[str, ...]]:
        for page in self.pages(n):
            yield from map(self.decoder.row, page)

    def columns(self, n: int) -> Any:
        import pyarrow as pa

        tables = []
        for page in self.pages(n):
            columns = zip(*map(self.decoder.row, page), strict=True)
            tables.append(pa.table([list(column) for column in columns], names=list(fields.COLUMNS)))
        return pa.concat_tables(tables)

    def close(self) -> None:
        """A process that ends closes its connections."""


class AsyncAssembled(Assembled):
    async def pages(self, n: int) -> AsyncIterator[Iterable[Any]]:  # type: ignore[override]
        for start in range(0, n, PAGE):
            yield self.decoder.many(await self.fetch.get(self.page_url(start)))

    async def one(self, index: int) -> Any:
        return self.decoder.one(await self.fetch.get(f"{self.url}/{id_of(index)}"))

    async def columns(self, n: int) -> Any:
        import pyarrow as pa

        tables = []
        async for page in self.pages(n):
            columns = zip(*map(self.decoder.row, page), strict=True)
            tables.append(pa.table([list(column) for column in columns], names=list(fields.COLUMNS)))
        return pa.concat_tables(tables)

    async def close(self) -> None:
        await self.fetch.close()


class Official:
    """The vendor's client."""

    use = staticmethod(fields.of_dict)

    def __init__(self, name: str, base: str, connections: int) -> None:
        from connect.client import AsyncConnectClient, ConnectClient

        del name, connections
        kind = AsyncConnectClient if isinstance(self, AsyncOfficial) else ConnectClient
        self.client: Any = kind("ApiKey SU-000-000-000:secret", endpoint=f"{base}/public/v1")

    def pages(self, n: int) -> Iterator[Iterable[Any]]:
        yield self.client.requests.all().limit(PAGE)[0:n]

    def one(self, index: int) -> Any:
        return self.client.requests[id_of(index)].get()

    def rows(self, n: int) -> Iterator[tuple[str, ...]]:
        for row in self.client.requests.all().limit(PAGE).values_list(*fields.COLUMNS)[0:n]:
            yield tuple(row[name] for name in fields.COLUMNS)

    def columns(self, n: int) -> Any:
        import pyarrow as pa

        columns = zip(*self.rows(n), strict=True)
        return pa.table([list(column) for column in columns], names=list(fields.COLUMNS))

    def close(self) -> None:
        """It has nothing to close."""


class AsyncOfficial(Official):
    async def pages(self, n: int) -> AsyncIterator[Any]:  # type: ignore[override]
        yield self.client.requests.all().limit(PAGE)[0:n]

    async def one(self, index: int) -> Any:
        return await self.client.requests[id_of(index)].get()

    async def close(self) -> None:
        """It has nothing to close."""


class Ours:
    """tenantry; `tenantry-stable` reads sets that the caller says nobody changes, several pages at once."""

    use = staticmethod(fields.of_record)

    def __init__(self, name: str, base: str, connections: int) -> None:
        from tenantry import cloudblue

        del connections
        self.stable = "stable" in name
        kind = cloudblue.AsyncClient if isinstance(self, AsyncOurs) else cloudblue.Client
        self.client: Any = kind(api_key="ApiKey SU-000-000-000:secret", base_url=f"{base}/public/v1")

    def pager(self, n: int) -> Any:
        asked = {"stable": True} if self.stable else {}
        try:
            return self.client.requests.list(page_size=PAGE, max_items=n, **asked)
        except Exception as error:
            if self.stable:
                raise NotBuiltError("lists of stable sets") from error
            raise

    def pages(self, n: int) -> Iterator[Iterable[Any]]:
        yield self.pager(n)

    def one(self, index: int) -> Any:
        return self.client.requests.get(id_of(index))

    def rows(self, n: int) -> Iterator[tuple[str, ...]]:
        return self._part(n, "values")(*fields.COLUMNS)

    def columns(self, n: int) -> Any:
        import pyarrow as pa

        return pa.table(self._part(n, "columns")(*fields.COLUMNS))

    def _part(self, n: int, name: str) -> Any:
        pager = self.pager(n)
        if not hasattr(pager, name):
            raise NotBuiltError(f"{name}() of a list")
        return getattr(pager, name)

    def close(self) -> None:
        self.client.close()


class AsyncOurs(Ours):
    def pages(self, n: int) -> AsyncIterator[Any]:  # type: ignore[override]
        return self.pager(n).pages()

    async def one(self, index: int) -> Any:
        return await self.client.requests.get(id_of(index))

    async def close(self) -> None:  # type: ignore[override]
        await self.client.aclose()


def is_async(name: str) -> bool:
    return name.partition("+")[0].endswith("-async") or name.startswith("aiohttp")


def open_client(name: str, base: str, connections: int) -> Any:
    """The client of a runner's name: `tenantry…`, `connect…`, or `<HTTP client>+<decoder>`."""
    if name.startswith("tenantry"):
        if not importlib.util.find_spec("tenantry"):
            raise NotBuiltError("the package is not installed")
        return (AsyncOurs if is_async(name) else Ours)(name, base, connections)
    if name.startswith("connect"):
        return (AsyncOfficial if is_async(name) else Official)(name, base, connections)
    return (AsyncAssembled if is_async(name) else Assembled)(name, base, connections)
