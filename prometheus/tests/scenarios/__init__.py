"""The truth suite: what happens on hosts, and which alerts it must raise, within how long, and no others.

`truth.py`, one folder up, records what the real exporter serves in each scenario, and makes promtool's unit tests of it.
"""
