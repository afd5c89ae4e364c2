"""A report with everything in it, and one whose every text is hostile."""

from __future__ import annotations

from techlead.audit.finding import Exchange, Finding, Note, NotTested, Question, Report, Severity

HOSTILE = "<script>alert('x')</script>\x1b[2J\x00\u202e\"&]]>\ud800\n`--"

TAKEN_OVER = Finding(
    kind="access.object-write",
    operation="PUT /users/{username}/password",
    severity=Severity.CRITICAL,
    claim="Bob set Alice's password and logged in as her.",
    places=("PUT /users/{username}/password", "PUT /users/{username}/email"),
    evidence={"logged_in_as": "alice", "status": 204, "source": "app/views.py:41"},
    steps=(
        Exchange("PUT", "/users/alice/password", "bob", {}, {"password": "a new one"}, 204),
        Exchange("POST", "/login", None, {}, {"username": "alice", "password": "a new one"}, 200, '{"token": "…"}'),
    ),
    reproducer="print('hello')\n",
)
COUNTED = Finding("exposure.internal-id", "GET /orders/{id}", Severity.LOW, "Orders are numbered 1, 2, 3.")
STUCK = Finding(
    "outbound.head-of-line",
    "worker: e-mail",
    Severity.HIGH,
    "While one mail server hung, another user's mail came 37 seconds late.",
    evidence={"seconds": 37.2},
)
QUESTION = Question(
    "GET /orders",
    "access.object-read",
    "Anyone signed in reads every order: meant?",
    ("yes, it is a shop's desk", "no"),
)
REPORT = Report(
    target="app:app",
    seconds=41.23,
    requests=5210,
    findings=(COUNTED, TAKEN_OVER, STUCK),
    questions=(QUESTION,),
    not_tested=(
        NotTested("money.float", "no field for money was seen"),
        NotTested("money.overflow", "no field for money was seen"),
    ),
    notes=(Note("session.weak-signing-key", "app/config.py:3", "a fallback secret stands in the source"),),
    inferred={
        "framework": "flask",
        "sign_up": "POST /register",
        "sources": {"PUT /users/{username}/email": "app/views.py:77"},
    },
)
CLEAN = Report("app:app", 3.0, 120)
ATTACKED = Report(
    target=HOSTILE,
    seconds=1.0,
    requests=1,
    findings=(
        Finding(
            "input.injection",
            HOSTILE,
            Severity.CRITICAL,
            HOSTILE,
            (HOSTILE, HOSTILE + "2"),
            {HOSTILE: HOSTILE, "bytes": b"\xff", "number": float("nan"), "deep": [[{"x": {HOSTILE}}]]},
            (Exchange("GET", HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE, 200, HOSTILE),),
            HOSTILE,
        ),
    ),
    questions=(Question(HOSTILE, "rule.bypass", HOSTILE, (HOSTILE,)),),
    not_tested=(NotTested("money.float", HOSTILE),),
    notes=(Note("money.float", HOSTILE, HOSTILE),),
    inferred={"framework": HOSTILE, HOSTILE: HOSTILE},
)
