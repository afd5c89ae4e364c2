"""Show a finding again: a program, a pytest file, or a part of an audit."""
