"""Which environment variables a source wants, and which commands start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from techlead.audit.target.environment import ADMIN_LOGIN, readings, wanted_environment
from techlead.audit.target.failure import why
from techlead.audit.target.given import Given
from techlead.audit.target.launch import launch_of
from techlead.errors import TargetRefused

SETTINGS = """
import os
SECRET = os.environ["SIGNING_SECRET"]
LEVEL = os.getenv("LOG_LEVEL", "INFO")
ADMIN = os.getenv("ADMIN_EMAIL", "")
OPTIONAL = os.environ.get("FEATURE_X")
if os.getenv("GUARDED"):
    GUARDED = os.environ["GUARDED"]
"""


def test_only_what_is_missing_is_set(tmp_path: Path):
    (tmp_path / "settings.py").write_text(SETTINGS)
    chosen, told = wanted_environment(tmp_path)
    assert set(chosen) == {"SIGNING_SECRET", "ADMIN_EMAIL"}
    assert chosen["ADMIN_EMAIL"] == ADMIN_LOGIN
    assert len(told) == 2


def test_a_variable_that_is_asked_for_first_is_not_required(tmp_path: Path):
    (tmp_path / "settings.py").write_text(SETTINGS)
    assert {one.name: one.required for one in readings(tmp_path)}["GUARDED"] is False


def test_an_application_is_served_from_its_module(tmp_path: Path):
    (tmp_path / "main.py").write_text("app = 1\nif __name__ == '__main__':\n    app.run()\n")
    assert launch_of(Given(app="main:app"), tmp_path).web[-2:] == ("main", "app")


def test_a_program_that_does_more_than_serve_is_run_as_one(tmp_path: Path):
    (tmp_path / "main.py").write_text("app = 1\nif __name__ == '__main__':\n    start_worker()\n    app.run()\n")
    launch = launch_of(Given(app="main:app", python="/p"), tmp_path)
    assert launch.web == ("/p", "main.py")
    assert any("run as a program" in sentence for sentence in launch.guessed)


def test_a_django_project_is_migrated_and_its_endless_commands_are_workers(tmp_path: Path):
    (tmp_path / "manage.py").write_text("")
    commands = tmp_path / "desk" / "management" / "commands"
    commands.mkdir(parents=True)
    (commands / "notifier.py").write_text("while True:\n    pass\n")
    (commands / "once.py").write_text("print()\n")
    launch = launch_of(Given(app="desk.wsgi:application", python="/p"), tmp_path)
    assert launch.workers == (("/p", "manage.py", "notifier"),)
    assert launch.prepare[0] == ("/p", "manage.py", "migrate", "--noinput")


def test_start_commands_use_the_programs_of_the_targets_own_environment(tmp_path: Path):
    (tmp_path / "gunicorn").write_text("")
    launch = launch_of(Given(starts=("gunicorn app:app", "python worker.py"), python=f"{tmp_path}/python"), tmp_path)
    assert launch.web == (f"{tmp_path}/gunicorn", "app:app")
    assert launch.workers == ((f"{tmp_path}/python", "worker.py"),)


def test_a_target_that_is_no_application_is_refused(tmp_path: Path):
    with pytest.raises(TargetRefused, match="module:app"):
        launch_of(Given(app="main"), tmp_path)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("  File x\nKeyError: 'STRIPE_KEY'", "STRIPE_KEY: set it in techlead-audit.toml"),
        ("pydantic: 1 validation error for Settings\nsmtp_host\n  Field required", "smtp_host"),
        ("ModuleNotFoundError: No module named 'flask'", "--python PATH"),
        ("ImportError: cannot import name 'x' from partially initialized module 'models' (most", "--start"),
        ("psycopg.OperationalError: connection failed: Connection refused", "database of its own"),
        ("something odd\nin the end", "in the end"),
        ("", "wrote nothing"),
    ],
)
def test_a_failed_start_says_what_to_do(output: str, sentence: str):
    assert sentence in why(output)
