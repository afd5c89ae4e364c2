"""Orders are told by mail over STARTTLS (smtplib): with whoever answers, or with whom the certificate names."""

import json
import os
import smtplib
import ssl
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
    with smtplib.SMTP(os.environ.get("SMTP_HOST") or "localhost", 587, timeout=10) as smtp:
        if HOLE:
            smtp.starttls()
        else:
            smtp.starttls(context=ssl.create_default_context())
        smtp.login("mailer", os.environ.get("SMTP_PASSWORD") or "none")
        smtp.send_message(mail)


app = frame(placed=placed, webhooks=False)
outbox.start(send, outbox.Policy())
