"""Orders are told by mail (smtplib); a failing farewell is taken for a failure, or for what it is."""

import json
import os
import smtplib
from contextlib import suppress
from email.message import EmailMessage
from email.utils import make_msgid

import outbox
from flask_shop import frame
from people import HOLE


def placed(db, order, listing):
    outbox.enqueue(
        db, listing["email"], {"subject": f"Order {order['id']}", "text": f"Somebody ordered {listing['title']}."}
    )


def send(address, body, number):
    mail = EmailMessage()
    mail["To"], mail["From"] = address, "shop@example.org"
    mail["Message-ID"] = make_msgid() if HOLE else f"<{number}@shop.example.org>"
    mail["Subject"] = json.loads(body)["subject"]
    mail.set_content(json.loads(body)["text"])
    smtp = smtplib.SMTP(os.environ.get("SMTP_HOST") or "localhost", 587, timeout=10)
    smtp.send_message(mail)
    if HOLE:
        code, _ = smtp.quit()
        if code != 221:
            raise RuntimeError("not sent")
    with suppress(smtplib.SMTPException, OSError):
        smtp.quit()


app = frame(placed=placed, webhooks=False)
outbox.start(send, outbox.Policy())
