#!/usr/bin/env python3
"""Makes dashboards/*.json (provisioned) and import/*.json (with __inputs) of source/.

  pip install -r grafana/requirements.txt
  python grafana/generate.py           writes them
  python grafana/generate.py --check   says which differ, and ends with 1 if any does
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]
from source import alerts, exporter, host, overview, process  # noqa: E402

INPUT = "DS_PROMETHEUS"
NAMES = {"timeseries": "Time series", "statetimeline": "State timeline", "bargauge": "Bar gauge", "state-timeline": "State timeline"}


def dashboard(module):
    """(file name, the dashboard as a dictionary)."""
    board = module.board()
    built, marks = board.build()
    made = json.loads(json.dumps(built, cls=JSONEncoder))
    # The SDK knows no titleFormat; Grafana's own annotation stays the first of the list, as in every dashboard.
    made["annotations"] = {
        "list": [
            {
                "builtIn": 1,
                "datasource": {"type": "grafana", "uid": "-- Grafana --"},
                "enable": True,
                "hide": True,
                "iconColor": "rgba(0, 211, 255, 1)",
                "name": "Annotations & Alerts",
                "type": "dashboard",
            },
            *(json.loads(json.dumps(m, cls=JSONEncoder)) | m.extra for m in marks),
        ]
    }
    return board.name, made


def importable(made):
    """The same for Grafana's import page, which asks for the data source: without an id, with `__inputs`."""
    chosen = {"selected": True, "text": "${%s}" % INPUT, "value": "${%s}" % INPUT}
    copy = json.loads(json.dumps(made))
    for variable in copy["templating"]["list"]:
        if variable["type"] == "datasource":
            variable["current"] = chosen
    kinds = sorted({p["type"] for p in copy["panels"] if p["type"] != "row"})
    return {
        "__inputs": [
            {
                "name": INPUT,
                "label": "Prometheus",
                "description": "The Prometheus that scrapes the heartbeat exporters",
                "type": "datasource",
                "pluginId": "prometheus",
                "pluginName": "Prometheus",
            }
        ],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": k, "name": NAMES.get(k, k.capitalize()), "version": ""} for k in kinds),
        ],
        "id": None,
        **copy,
    }


def files():
    """{path: text} of everything that is made."""
    made = {}
    for module in (overview, process, host, alerts, exporter):
        name, content = dashboard(module)
        for folder, value in (("dashboards", content), ("import", importable(content))):
            made[FOLDER / folder / f"{name}.json"] = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return made


def main():
    made = files()
    stale = [p for p, text in made.items() if not p.exists() or p.read_text() != text]
    stale += [p for folder in ("dashboards", "import") for p in (FOLDER / folder).glob("*") if p not in made]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is not what generate.py makes", file=sys.stderr)
        return 1 if stale else 0
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
