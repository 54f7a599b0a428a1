"""The unit tests of the rules. `generate.py`, one folder up, makes promtool's YAML of them."""
