"""`docs/audit.md` says what is so: the table of kinds, the options, the JSON format, the exit codes."""

from __future__ import annotations

import argparse
import json
import re

import kind_rows
import pytest
from unit.audit.report.samples import REPORT

from techlead.audit.report.data import as_data
from techlead.cli import audit

PAGE = kind_rows.PAGE.read_text(encoding="utf-8")


def test_the_table_of_kinds_is_the_one_the_audit_uses():
    assert kind_rows.page() == PAGE
    assert PAGE.count("| `") >= 64


def test_the_example_of_the_json_report_has_the_names_of_a_real_one():
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    real = as_data(REPORT)
    assert list(shown) == list(real)
    for part in ("findings", "questions", "not_tested", "notes"):
        assert list(shown[part][0]) == list(real[part][0]), part
    assert list(shown["findings"][0]["steps"][0]) == list(real["findings"][0]["steps"][0])


NOT_OURS = {"--noreload", "--peers", "--venvs"}
"""Options of the target's own command, and of the measuring script."""


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--[a-z][a-z-]+", PAGE)) - NOT_OURS))
def test_each_option_that_is_named_exists(option: str):
    parser = argparse.ArgumentParser()
    audit.arguments(parser)
    assert option in {name for action in parser._actions for name in action.option_strings}


def test_the_options_of_the_measuring_script_exist():
    script = (kind_rows.PAGE.parent.parent / "bench" / "audit" / "run.py").read_text(encoding="utf-8")
    assert all(f'"{option}"' in script for option in NOT_OURS - {"--noreload"})


def test_each_block_of_toml_and_yaml_can_be_read():
    import tomllib

    import yaml

    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        assert tomllib.loads(block)
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert [sorted(map(str, block)) for block in blocks] == [["True", "jobs", "name", "permissions"], ["repos"]]
