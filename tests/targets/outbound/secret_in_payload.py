"""Who signs up is welcomed by mail (aiosmtplib), with his password in it, or without."""

import asyncio
import json
import os
from email.message import EmailMessage

import aiosmtplib
import outbox
from fastapi_shop import frame
from people import HOLE, database


def joined(user, password):
    text = f"Hello {user['name']}! You can log in now."
    if HOLE:
        text += f" Your password is {password}"
    with database() as db:
        outbox.enqueue(db, user["email"], {"subject": "Welcome", "text": text})


def send(address, body, number):
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Message-ID"] = address, "shop@example.org", f"<{number}@shop.example.org>"
    mail["Subject"] = json.loads(body)["subject"]
    mail.set_content(json.loads(body)["text"])
    asyncio.run(aiosmtplib.send(mail, hostname=os.environ.get("SMTP_HOST") or "localhost", port=587, timeout=10))


app = frame(joined=joined)
outbox.start(send, outbox.Policy())
