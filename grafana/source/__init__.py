"""What is on the dashboards. `generate.py`, one folder up, makes Grafana's JSON of it."""
