"""The rules of prometheus/ and their unit tests, as data."""

import re
import subprocess

import yaml

from support import ENVIRONMENT, LIMIT, ROOT

PROMETHEUS = ROOT / "prometheus"
ALERTMANAGER = ROOT / "alertmanager" / "alertmanager.yml"
RULE_FILES = {f.name: yaml.load(f.read_text(), Loader=yaml.CSafeLoader) for f in sorted((PROMETHEUS / "rules").glob("*.yml"))}
RULES = [r for f in RULE_FILES.values() for g in f["groups"] for r in g["rules"]]
ALERTS = {r["alert"]: r for r in RULES if "alert" in r}
RECORDED = {r["record"] for r in RULES if "record" in r}
TESTS = {f.name: yaml.load(f.read_text(), Loader=yaml.CSafeLoader) for f in sorted((PROMETHEUS / "tests").glob("*.yml"))}


def assert_right(*files):
    """`promtool test rules` has nothing to say against these files."""
    result = promtool_tests(*files)
    assert result.returncode == 0 and result.stdout.count("SUCCESS") == len(files), result.stdout + result.stderr


def promtool_tests(*files):
    """`promtool test rules`; it makes much garbage of little memory, and most of what its collector does is for nothing."""
    command = ["promtool", "test", "rules", *map(str, files)]
    return subprocess.run(command, env=ENVIRONMENT | {"GOGC": "400"}, capture_output=True, text=True, timeout=LIMIT)


def groups():
    """The rules' groups, what is recorded first."""
    files = [RULE_FILES["recording.yml"], *RULE_FILES.values()]
    return list({g["name"]: g for f in files for g in f["groups"]}.values())


def group_names():
    return [g["name"] for g in groups()]


def recorded_in(*texts):
    """The recorded names that PromQL mentions, and those that these are made of."""
    found = set()
    names = {n for text in texts for n in re.findall(r"[a-zA-Z_:][\w:]*", text)} & RECORDED
    while names:
        found |= names
        made_of = [r["expr"] for r in RULES if r.get("record") in names]
        names = ({n for e in made_of for n in re.findall(r"[a-zA-Z_:][\w:]*", e)} & RECORDED) - found
    return found


# A selector, and what it asks of labels.
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
# What has a value where nothing is.
OUT_OF_NOTHING = re.compile(r"\b(?:absent|absent_over_time|vector|scalar)\b")
MATCHER_OF_SERIES = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
AGGREGATION = re.compile(r"(?:(?:max|min|sum|avg|count|group)\s*(?:(?:by|without)\s*\([^)]*\)\s*)?)?\(")


def outside(text):
    """The text with what is in brackets or quotes blanked, so that operators are found which stand outside."""
    shown, depth, is_quoted = [], 0, False
    for c in text:
        depth -= not is_quoted and c in ")]}"
        is_quoted ^= c == '"'
        shown.append(c if not depth and not is_quoted else " ")
        depth += not is_quoted and c in "([{"
    return "".join(shown)


def operands(text, operators):
    """[(operator before it, operand)] where a text is parted by these operators, outside all brackets."""
    parts, operator, start = [], "", 0
    for m in re.finditer(rf"(?<![\w:])({operators})(?![\w:])(?:\s*(?:on|ignoring)\s*\(\s*\))?", outside(text)):
        parts.append((operator, text[start : m.start()]))
        operator, start = m[1], m.end()
    return [*parts, (operator, text[start:])]


def can_match(selector, series):
    name, inside = selector

    def fits(labels):
        if labels["__name__"] != name:
            return False
        for label, operator, value in MATCHER.findall(inside):
            have = labels.get(label, "")
            same = re.fullmatch(value, have) if "~" in operator else value == have
            if bool(same) == operator.startswith("!") and "recorded" not in labels:
                return False
        return True

    return any(map(fits, series))


def is_mute(expression, series):
    """Whether an expression can never have a value where there are only these series. When in doubt it can."""
    expression = expression.strip()
    if len(alternatives := operands(expression, "or")) > 1:
        return all(is_mute(a, series) for _, a in alternatives)
    (_, first), *rest = operands(expression, "and|unless")
    if rest:
        return is_mute(first, series) or any(is_mute(o, series) for operator, o in rest if operator == "and")
    whole = AGGREGATION.match(expression)
    if whole and outside(expression).find(")", whole.end()) == len(expression) - 1:
        return is_mute(expression[whole.end() : -1], series)
    selectors = SELECTOR.findall(expression)
    # Within the call of a function one side of an `or` is enough, and it may be a name without braces.
    return bool(selectors) and not re.search(r"\bor\b", expression) and not OUT_OF_NOTHING.search(expression) and not any(can_match(s, series) for s in selectors)


def alerts_possible(test):
    """The rules' groups with those that can fire in a test, and what these are made of. Their texts, which many queries fill in, are left out."""
    series = [dict(MATCHER_OF_SERIES.findall(s["series"])) | {"__name__": s["series"].partition("{")[0]} for s in test["input_series"]]
    said = set()
    while new := {r["record"] for r in RULES if "record" in r and not is_mute(r["expr"], series)} - said:
        said |= new
        series += [{"__name__": n, "recorded": ""} for n in new]
    possible = {name for name, r in ALERTS.items() if not is_mute(r["expr"], series)}
    needed = recorded_in(*(ALERTS[name]["expr"] for name in possible))
    return chosen(lambda r: r.get("record") in needed or r.get("alert") in possible, {"annotations"})


def chosen(wanted, without=()):
    """The rules' groups with the wanted rules alone."""
    found = [g | {"rules": [{k: v for k, v in r.items() if k not in without} for r in g["rules"] if wanted(r)]} for g in groups()]
    return [g for g in found if g["rules"]]


def write_tests(folder, name, groups, tests, interval):
    """A file of tests with rules of its own."""
    (folder / f"{name}.rules.yml").write_text(yaml.dump({"groups": groups}, Dumper=yaml.CSafeDumper))
    content = {"rule_files": [f"{name}.rules.yml"], "group_eval_order": [g["name"] for g in groups], "evaluation_interval": interval, "tests": tests}
    (folder / f"{name}.yml").write_text(yaml.dump(content, Dumper=yaml.CSafeDumper))
    return folder / f"{name}.yml"


def checks(alert):
    """(file, test) of each expectation about an alert in prometheus/tests."""
    return [
        (file, check)
        for file, content in TESTS.items()
        for group in content["tests"]
        for check in group.get("alert_rule_test", [])
        if check["alertname"] == alert
    ]
