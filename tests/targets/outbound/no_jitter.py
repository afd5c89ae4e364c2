"""Orders are told by webhook (urllib); what failed together is tried together, or at moments of its own."""

import urllib.request

import outbox
from fastapi_shop import frame
from people import HOLE


def placed(db, order, listing):
    if listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


def send(url, body, number):
    request = urllib.request.Request(url, body.encode(), {"X-Event-Id": str(number)})
    with urllib.request.urlopen(request, timeout=5):
        return


app = frame(placed=placed)
outbox.start(send, outbox.Policy(jitter=0.0 if HOLE else 0.4, failures_before_pause=100))
