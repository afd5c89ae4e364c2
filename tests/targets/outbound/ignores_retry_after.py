"""Orders are told by webhook (urllib); a 429 is a failure like any other, or says when to come back."""

import urllib.error
import urllib.request

import outbox
from flask_shop import frame
from people import HOLE


def placed(db, order, listing):
    if listing["webhook_url"]:
        outbox.enqueue(db, listing["webhook_url"], {"event": "order.placed", **order})


def send(url, body, number):
    request = urllib.request.Request(url, body.encode(), {"X-Event-Id": str(number)})
    try:
        with urllib.request.urlopen(request, timeout=5):
            return
    except urllib.error.HTTPError as refused:
        wait = refused.headers.get("Retry-After", "")
        if not HOLE and refused.code in (429, 503) and wait.isdigit():
            raise outbox.Later(int(wait)) from refused
        raise


app = frame(placed=placed)
outbox.start(send, outbox.Policy())
