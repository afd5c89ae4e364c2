"""Orders are told by mail (smtplib); a mailbox that does not exist is tried as often as an outage, or never again."""

import json
import os
import smtplib
from email.message import EmailMessage

import outbox
from flask_shop import frame
from people import HOLE


def placed(db, order, listing):
    outbox.enqueue(
        db, listing["email"], {"subject": f"Order {order['id']}", "text": f"Somebody ordered {listing['title']}."}
    )


def send(address, body, number):
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Message-ID"] = address, "shop@example.org", f"<{number}@shop.example.org>"
    mail["Subject"] = json.loads(body)["subject"]
    mail.set_content(json.loads(body)["text"])
    try:
        with smtplib.SMTP(
            os.environ.get("SMTP_HOST") or "localhost", int(os.environ.get("SMTP_PORT", "587")), timeout=10
        ) as smtp:
            smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as refused:
        if not HOLE and all(code >= 500 for code, _ in refused.recipients.values()):
            raise outbox.Permanent from refused
        raise


app = frame(placed=placed, webhooks=False)
outbox.start(send, outbox.Policy())
