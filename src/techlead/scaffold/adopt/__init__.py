"""An existing app read without running it: its models and schemas become proposed declarations."""
