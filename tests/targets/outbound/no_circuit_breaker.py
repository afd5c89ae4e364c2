"""Orders are told by webhook (requests); a dead receiver is called for each message, or left alone for a while."""

import outbox
import requests
from flask_shop import frame
from people import HOLE


def placed(db, order, listing):
    if listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


def send(url, body, number):
    headers = {"X-Event-Id": str(number), "Content-Type": "application/json"}
    requests.post(url, data=body, headers=headers, timeout=5, allow_redirects=False).raise_for_status()


app = frame(placed=placed)
outbox.start(send, outbox.Policy(failures_before_pause=10**9 if HOLE else 5))
