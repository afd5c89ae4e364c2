"""The table of lines in the docs is what its script counts."""

from pathlib import Path

from bench.lines import EXAMPLES, counted, derived

ROOT = Path(__file__).resolve().parents[3]


def test_the_table_says_what_the_script_counts_today():
    rows = [
        line.strip("|").split("|")
        for line in (ROOT / "docs" / "lines.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    told = {row[0].strip(): (int(row[1]), int(row[3])) for row in rows[1:]}
    assert told == {name: (counted(ROOT / "examples" / name / "backend.py"), derived(name)) for name in EXAMPLES}


def test_comments_docstrings_and_empty_lines_do_not_count(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(
        '"""Words.\n\nMore."""\n\n# A comment.\nx = """two\nlines"""  # and words\n\n\ndef f():\n    """Words."""\n    return x\n'
    )
    assert counted(file) == 4
