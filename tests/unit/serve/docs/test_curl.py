"""Each operation can be pasted into a shell, whatever its example holds."""

import json
import shlex
import subprocess

import pytest
from backends import example
from pages import plan_of

from techlead.derive.openapi import openapi
from techlead.serve.docs.curl import curl


@pytest.fixture(scope="module")
def document():
    return openapi(example("marketplace"))


def test_a_change_is_sent_with_a_token_a_key_and_a_body(document):
    assert curl(document, "POST", "/listings").splitlines() == [
        'curl -X POST "$API/listings" \\',
        '  -H "Authorization: Bearer $TOKEN" \\',
        '  -H "Idempotency-Key: $(date +%s)-$RANDOM" \\',
        "  -H 'Content-Type: application/json' \\",
        """  -d '{"title": "Title", "price": {"amount": "120.00", "currency": "EUR"}}'""",
    ]


def test_what_anyone_may_read_is_asked_for_plainly(document):
    assert curl(document, "GET", "/listings") == 'curl "$API/listings"'


def test_an_id_stands_where_the_path_has_one(document):
    assert curl(document, "GET", "/listings/{id}") == 'curl "$API/listings/listing_01h455vb4pex5vsknk084sn02q"'


def test_a_stream_is_not_buffered(document):
    assert curl(document, "GET", "/inbox/events").startswith('curl -N "$API/inbox/events"')


def test_every_command_is_one_that_a_shell_can_read(document):
    for path, each in document["paths"].items():
        for method in each:
            written = curl(document, method.upper(), path).replace("curl ", "echo ", 1)
            subprocess.run(["bash", "-c", written], check=True, capture_output=True)


def test_quotes_in_an_example_stay_in_the_body(tmp_path):
    source = """
backend = Backend("quotes")

@backend.resource(read=anyone, create=anyone)
class Note(Resource):
    code: Mapped[str] = field(max_length=9, pattern="'; id; '")
"""
    written = curl(openapi(plan_of(tmp_path, source)), "POST", "/notes")

    assert json.loads(shlex.split(written.replace("\\\n", ""))[-1]) == {"code": "'; id; '"}
