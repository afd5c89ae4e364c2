"""Orders are told by webhook (aiohttp, in a loop of the worker's own); each read has a limit, or the whole call has."""

import asyncio

import aiohttp
import outbox
from fastapi_shop import frame
from people import HOLE


def placed(db, order, listing):
    if listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


async def post(url, body, number):
    limit = aiohttp.ClientTimeout(total=None, sock_read=10) if HOLE else aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(timeout=limit) as session,
        session.post(url, data=body, headers={"X-Event-Id": str(number)}, allow_redirects=False) as answer,
    ):
        answer.raise_for_status()


app = frame(placed=placed)
outbox.start(lambda url, body, number: asyncio.run(post(url, body, number)), outbox.Policy())
