"""Orders are told by webhook (httpx): in a background task of the request, or from an outbox."""

import httpx
import outbox
from fastapi_shop import frame
from people import HOLE


def placed(db, order, listing):
    if not HOLE and listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


async def post(url, order):
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post(url, json={"event": "order.placed", **order})


def after(tasks, order, listing):
    if HOLE and listing["webhook_url"]:
        tasks.add_task(post, listing["webhook_url"], order)


def send(url, body, number):
    httpx.post(url, content=body, headers={"X-Event-Id": str(number)}, timeout=10).raise_for_status()


app = frame(placed=placed, after=after)
outbox.start(send, outbox.Policy())
