"""A FastAPI app that takes the webhooks of the sandbox whose line comes on stdin; it prints its port first."""

import socket
import sys

import fastapi
import uvicorn

import tenantry
from tenantry import maestrano

sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
marketplaces = maestrano.Marketplaces.fetch(**sandbox.maestrano)


async def handle(event: maestrano.WebhookEvent) -> None:
    print(f"   FastAPI was told by {event.marketplace}: {event.type} {event.user_id} of {event.group_id}", flush=True)


app = fastapi.FastAPI()
app.mount("/", marketplaces.webhooks.asgi(handle))

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
