"""What surrounds the target: its network, names, clock, log and processes, in the hands of the audit."""
