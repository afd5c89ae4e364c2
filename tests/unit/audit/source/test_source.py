"""The static companion: certain or silent. Each rule has lines that it notes, and lines beside them that it must pass over."""

from __future__ import annotations

from pathlib import Path

import pytest

from techlead.audit.finding import Finding, Note, Report, Severity
from techlead.audit.source import RULES, beside, notes
from techlead.audit.source.module import parse

NOTED = [
    ("session.weak-signing-key", "SECRET_KEY = 'dev'"),
    ("session.weak-signing-key", "import os\nJWT_SECRET = os.environ.get('JWT_SECRET', 'change-me')"),
    ("session.weak-signing-key", "import os\nkey = os.getenv('SECRET_KEY') or 'supersecret'"),
    ("session.weak-signing-key", "app.config['SECRET_KEY'] = 'random'"),
    ("session.weak-signing-key", "class Settings:\n    jwt_secret_key: str = 'insecure-default'"),
    ("session.weak-signing-key", "SECRET_KEY = config('SECRET_KEY', default='django-insecure-x')"),
    ("exposure.default-admin", "import os\nADMIN_PASSWORD = os.getenv('ADMIN_PASSWORD', 'admin123')"),
    ("outbound.unbounded-retry", "from tenacity import retry\n@retry\ndef send(): ..."),
    ("outbound.unbounded-retry", "import tenacity\n@tenacity.retry(wait=1)\nasync def send(): ..."),
    ("outbound.unbounded-retry", "import backoff\n@backoff.on_exception(backoff.expo, Exception)\ndef send(): ..."),
    ("outbound.no-timeout", "import requests\nrequests.post('http://x', json={})"),
    ("outbound.no-timeout", "from requests import get\nget('http://x')"),
    ("outbound.no-timeout", "import requests\nwith requests.Session() as http:\n    http.put('http://x')"),
    ("outbound.no-timeout", "import requests\nclass A:\n    def __init__(self):\n        self.http = requests.Session()\n    def f(self):\n        self.http.get('u')"),
    ("outbound.no-timeout", "from urllib.request import urlopen\nurlopen('http://x')"),
    ("outbound.no-timeout", "import smtplib\nsmtplib.SMTP('mail', 25)"),
    ("outbound.no-timeout", "import httpx\nhttpx.AsyncClient(timeout=None)"),
    ("outbound.tls-unverified", "import smtplib\ndef f(smtp):\n    smtp.starttls()"),
    ("outbound.tls-unverified", "import smtplib\nsmtplib.SMTP_SSL('mail', 465, timeout=9)"),
    ("outbound.tls-unverified", "import requests\nrequests.get('https://x', verify=False, timeout=3)"),
    ("money.float", "class Item(BaseModel):\n    price: float"),
    ("money.float", "class Item(BaseModel):\n    unit_price: float | None = None"),
    ("money.float", "class Item(Base):\n    balance = Column(Float, default=0)"),
    ("money.float", "class Item(Base):\n    amount: Mapped[float]"),
    ("money.float", "class Item(models.Model):\n    total = models.FloatField()"),
    ("money.float", "db.execute('CREATE TABLE items (id INTEGER, price REAL NOT NULL)')"),
    ("race.torn-read", "import sqlite3\ndb = sqlite3.connect('a.db', check_same_thread=False)"),
    ("exposure.log-personal", "def f():\n    log.info('body %s', request.get_json())"),
    ("exposure.log-personal", "def f():\n    data = request.json\n    app.logger.debug(f'got {data}')"),
    ("exposure.log-personal", "async def f(request):\n    body = await request.body()\n    logger.info('%s', body.decode())"),
    ("exposure.log-personal", "def f():\n    print(dict(request.headers))"),
]  # fmt: skip
PASSED_OVER = [
    "import os\nSECRET_KEY = os.environ['SECRET_KEY']",
    "import os\nSECRET_KEY = os.getenv('SECRET_KEY', '')",
    "import secrets\nSECRET_KEY = os.getenv('SECRET_KEY') or secrets.token_hex(32)",
    "WEBHOOK_SECRET_HEADER = 'X-Webhook-Secret'\nJWT_ALGORITHM = 'HS256'\nSECRET_NAME = 'db'",
    "SECRET_KEY: str",
    "PRIMARY_KEY = 'id'\nsort_key = 'name'\npassword = 'x'",
    "from tenacity import retry, stop_after_attempt\n@retry(stop=stop_after_attempt(3))\ndef send(): ...",
    "import stamina\n@stamina.retry(on=ValueError)\ndef send(): ...",
    "from mine import retry\n@retry\ndef send(): ...",
    "import tenacity\n@tenacity.retry(**OPTIONS)\ndef send(): ...",
    "import requests\nrequests.post('http://x', timeout=(3, 10))",
    "import requests\nrequests.post('http://x', **options)",
    "import httpx\nhttpx.get('http://x')",
    "cache.get('x')\nclient.post('/login')\nself.session.get(User, 1)",
    "from urllib.request import urlopen\nurlopen('http://x', None, 5)",
    "import smtplib\nsmtplib.SMTP('mail', 25, timeout=10)",
    "import smtplib, ssl\nsmtp.starttls(context=ssl.create_default_context())",
    "import aiosmtplib\nsmtp.starttls()",
    "class Item(BaseModel):\n    price: Decimal\n    amount_cents: int\n    rating: float\n    discount_percent: float\n    total_seconds: float",
    "class Item(Base):\n    price = Column(Numeric(12, 2))",
    "db.execute('CREATE TABLE items (price INTEGER, weight REAL)')",
    "import sqlite3\ndb = sqlite3.connect('a.db')",
    "create_engine(url, connect_args={'check_same_thread': False})",
    "def f():\n    log.info('order %s', request.json['id'])",
    "def f():\n    log.info('%s %s', request.method, request.path)",
    "def f():\n    log.info('%d bytes', len(request.data))",
    "def f():\n    data = request.json\n    log.info('user %s', data['id'])\n    save(data)",
    "def f():\n    data = request.json\n    user = save(data)\n    log.info('user %s', user.id)",
    "def f(response):\n    log.info('%s', response.json())",
]


def found(text: str) -> set[str]:
    module = parse(text, "app.py")
    return {note.kind for rule in RULES for note in rule(module)}


@pytest.mark.parametrize(("kind", "text"), NOTED)
def test_what_is_certain_is_noted(kind: str, text: str):
    assert found(text) == {kind}


@pytest.mark.parametrize("text", PASSED_OVER)
def test_what_is_right_or_cannot_be_known_is_passed_over(text: str):
    assert found(text) == set()


def test_a_note_says_where(tmp_path: Path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "config.py").write_text("\nSECRET_KEY = 'dev'\n")
    assert [note.where for note in notes(tmp_path)] == ["app/config.py:2"]


@pytest.mark.parametrize("folder", ["tests", ".venv", "venv/lib/site-packages", "node_modules"])
def test_what_is_not_the_targets_own_is_not_read(tmp_path: Path, folder: str):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "config.py").write_text("SECRET_KEY = 'dev'\n")
    assert notes(tmp_path) == ()


@pytest.mark.parametrize("text", ["def (", "\x00", "(" * 5000, "x = '\\d'"])
def test_a_file_that_cannot_be_read_is_passed_over_in_silence(tmp_path: Path, text: str):
    (tmp_path / "broken.py").write_text(text)
    (tmp_path / "latin.py").write_bytes(b"# \xff\n")
    (tmp_path / "right.py").write_text("SECRET_KEY = 'dev'\n")
    assert [note.where for note in notes(tmp_path)] == ["right.py:1"]


def test_a_note_stands_beside_the_finding_of_its_kind_and_changes_no_score():
    finding = Finding("money.float", "POST /items", Severity.MEDIUM, "0.1 + 0.2")
    report = Report("app:app", 1.0, 1, (finding,))
    noted = (Note("money.float", "app.py:3", "`price` is a float"), Note("race.torn-read", "db.py:1", "shared"))
    with_notes = beside(report, noted)
    assert with_notes.findings[0].evidence["in_the_source"] == ["app.py:3: `price` is a float"]
    assert with_notes.findings[0].severity is finding.severity
    assert with_notes.notes == (noted[1],)
