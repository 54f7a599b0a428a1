"""What the rules say. `generate.py`, one folder up, makes Prometheus's YAML of it."""
