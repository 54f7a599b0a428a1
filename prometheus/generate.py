#!/usr/bin/env python3
"""Makes rules/*.yml of source/ and settings.toml. Needs Python 3.11 or newer, nothing else.

  python3 prometheus/generate.py                                     writes them
  python3 prometheus/generate.py --check                             says which differ, and ends with 1 if any does
  python3 prometheus/generate.py --settings my.toml --output FOLDER  with settings of your own, elsewhere
"""

import argparse
import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from prometheus.source import exporter, host, jobs, kit, processes, recording  # noqa: E402

MADE = "Made by prometheus/generate.py of prometheus/source and settings.toml: change it there."


def settings(own=None):
    """The settings; `own`: the path of a file that says some of them otherwise."""
    read = tomllib.loads((FOLDER / "settings.toml").read_text())
    return kit.Settings(read, tomllib.loads(own.read_text()) if own else None)


def files(chosen, folder):
    """{path: text} of everything that is made."""
    made = {}
    for module in (recording, processes, jobs, exporter, host):
        name = module.__name__.rsplit(".", 1)[1]
        made[folder / f"{name}.yml"] = kit.yaml_of(f"{module.__doc__}\n{MADE}", module.groups(chosen))
    return made


def main():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is not what would be made")
    flags.add_argument("--settings", type=Path, metavar="FILE", help="settings that differ from settings.toml")
    flags.add_argument("--output", type=Path, metavar="FOLDER", default=FOLDER / "rules", help="where the rules go")
    given = flags.parse_args()
    try:
        made = files(settings(given.settings), given.output)
    except (OSError, tomllib.TOMLDecodeError, kit.SettingsError) as error:
        sys.exit(f"{given.settings or FOLDER / 'settings.toml'}: {error}")
    stale = [p for p, text in made.items() if not p.exists() or p.read_text() != text]
    if given.check:
        for path in stale:
            print(f"{path} is not what generate.py makes", file=sys.stderr)
        return 1 if stale else 0
    given.output.mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
