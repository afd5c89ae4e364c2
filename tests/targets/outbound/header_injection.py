"""Orders are told by mail (smtplib) put together as text: the title ends up among the headers, or is made one line first."""

import json
import os
import re
import smtplib

import outbox
from flask_shop import frame
from people import HOLE


def placed(db, order, listing):
    outbox.enqueue(db, listing["email"], {"subject": f"Sold: {listing['title']}", "text": f"Order {order['id']}."})


def send(address, body, number):
    letter = json.loads(body)
    subject = letter["subject"] if HOLE else " ".join(letter["subject"].split())
    text = f"From: shop@example.org\r\nTo: {address}\r\nMessage-ID: <{number}@shop.example.org>\r\nSubject: {subject}\r\n\r\n{letter['text']}"
    recipients = [address, *re.findall(r"^Bcc: (\S+)", text.partition("\r\n\r\n")[0], re.MULTILINE)]
    with smtplib.SMTP(os.environ.get("SMTP_HOST") or "localhost", 587, timeout=10) as smtp:
        smtp.sendmail("shop@example.org", recipients, text.encode())


app = frame(placed=placed, webhooks=False)
outbox.start(send, outbox.Policy())
