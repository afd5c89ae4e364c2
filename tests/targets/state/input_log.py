"""A service that logs the path of each request: control characters in it forge lines and colours."""

from __future__ import annotations

import logging

from flask import request
from flask_people import frame
from people import HOLE, prepare

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logging.getLogger("werkzeug").setLevel(logging.ERROR)
prepare("")
app = frame("log")


@app.after_request
def logged(answer):
    path = request.path if HOLE else ascii(request.path)
    logging.getLogger("app").info("%s %s -> %s", request.method, path, answer.status_code)
    return answer
