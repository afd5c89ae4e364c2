"""Orders are told by webhook (httpx); a worker tries for ever, or six times."""

import httpx
import outbox
from fastapi_shop import frame
from people import HOLE


def placed(db, order, listing):
    if listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


def send(url, body, number):
    answer = httpx.post(url, content=body, headers={"X-Event-Id": str(number)}, timeout=5, follow_redirects=False)
    answer.raise_for_status()


app = frame(placed=placed)
outbox.start(send, outbox.Policy(tries_max=10**9 if HOLE else 6))
