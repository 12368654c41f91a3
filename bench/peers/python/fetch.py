"""HTTP clients, each set up as its users would: kept alive, and with as many connections as are asked for."""

from __future__ import annotations

import io
import threading
from typing import Any, Protocol


class Fetch(Protocol):
    """A client whose calls block."""

    def get(self, url: str) -> bytes: ...


class AsyncFetch(Protocol):
    async def get(self, url: str) -> bytes: ...
    async def post(self, url: str) -> bytes: ...
    async def close(self) -> None: ...


class Urllib3:
    def __init__(self, connections: int) -> None:
        import urllib3

        self._pool = urllib3.PoolManager(num_pools=1, maxsize=connections, block=True)

    def get(self, url: str) -> bytes:
        return self._pool.request("GET", url).data


class Pycurl:
    def __init__(self, connections: int) -> None:
        del connections  # a handle has one, and each thread a handle
        self._own = threading.local()

    def get(self, url: str) -> bytes:
        import pycurl

        if not hasattr(self._own, "curl"):
            self._own.curl = pycurl.Curl()
        curl, body = self._own.curl, io.BytesIO()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.WRITEDATA, body)
        curl.perform()
        return body.getvalue()


class Pyreqwest:
    def __init__(self, connections: int) -> None:
        from pyreqwest.client import SyncClientBuilder

        self._client = SyncClientBuilder().max_connections(connections).build()

    def get(self, url: str) -> Any:
        # Its bytes are a class of its own: decoders take a view of them.
        return memoryview(self._client.get(url).build().send().bytes())


class Wreq:
    def __init__(self, connections: int) -> None:
        import wreq.blocking

        del connections
        self._client = wreq.blocking.Client()

    def get(self, url: str) -> bytes:
        return self._client.get(url).bytes()


class Aiohttp:
    def __init__(self, connections: int) -> None:
        import aiohttp

        connector, timeout = aiohttp.TCPConnector(limit=connections), aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def get(self, url: str) -> bytes:
        async with self._session.get(url) as response:
            return await response.read()

    async def post(self, url: str) -> bytes:
        async with self._session.post(url, json={}) as response:
            return await response.read()

    async def close(self) -> None:
        await self._session.close()


class AsyncPyreqwest:
    def __init__(self, connections: int) -> None:
        from pyreqwest.client import ClientBuilder

        self._client = ClientBuilder().max_connections(connections).build()

    async def get(self, url: str) -> Any:
        return memoryview(await (await self._client.get(url).build().send()).bytes())

    async def post(self, url: str) -> Any:
        return memoryview(await (await self._client.post(url).body_json({}).build().send()).bytes())

    async def close(self) -> None:
        await self._client.close()


class AsyncWreq:
    def __init__(self, connections: int) -> None:
        import wreq

        del connections
        self._client = wreq.Client()

    async def get(self, url: str) -> bytes:
        return await (await self._client.get(url)).bytes()

    async def post(self, url: str) -> bytes:
        return await (await self._client.post(url, json={})).bytes()

    async def close(self) -> None:
        """It has nothing to close."""


SYNC = {"urllib3": Urllib3, "pycurl": Pycurl, "pyreqwest": Pyreqwest, "wreq": Wreq}
ASYNC = {"aiohttp": Aiohttp, "pyreqwest-async": AsyncPyreqwest, "wreq-async": AsyncWreq}
