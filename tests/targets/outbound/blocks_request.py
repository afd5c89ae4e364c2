"""Who signs up is welcomed by mail (smtplib), while he waits for the answer, or afterwards."""

import json
import os
import smtplib
from email.message import EmailMessage

import outbox
from flask_shop import frame
from people import HOLE, database


def joined(user, _password):
    letter = {"subject": "Welcome", "text": f"Hello {user['name']}!"}
    if HOLE:
        send(user["email"], json.dumps(letter), user["id"])
    else:
        with database() as db:
            outbox.enqueue(db, user["email"], letter)


def send(address, body, number):
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Message-ID"] = address, "shop@example.org", f"<{number}@shop.example.org>"
    mail["Subject"] = json.loads(body)["subject"]
    mail.set_content(json.loads(body)["text"])
    with smtplib.SMTP(os.environ.get("MAIL_SERVER") or "localhost", 587, timeout=30) as smtp:
        smtp.send_message(mail)


app = frame(joined=joined, webhooks=False)
outbox.start(send, outbox.Policy())
