"""How a rule looks here. What the rules are is in the modules beside this one."""

import re
from dataclasses import dataclass, field


class Settings:
    """settings.toml, with what somebody else's file says instead."""

    def __init__(self, defaults, own=None):
        self.values = {section: dict(values) for section, values in defaults.items()}
        for section, values in (own or {}).items():
            if section not in self.values:
                raise SettingsError(f"[{section}] is no section; there are: {', '.join(self.values)}")
            for key, value in values.items():
                known = self.values["alerts"] if section == "leave_out" else self.values[section]
                if key not in known:
                    raise SettingsError(f"[{section}] {key} is not known; there are: {', '.join(known)}")
                if section == "alerts":
                    strange = set(value) - {"severity", "for", "keep"}
                    if strange:
                        raise SettingsError(f"[alerts] {key}: {', '.join(sorted(strange))} is not known; there are: severity, for, keep")
                    value = self.values[section][key] | value
                self.values[section][key] = value

    def selector(self, more="", alert=None):
        """The matchers that every expression has, without braces; those of the expression itself at the end."""
        chosen = self.values["selector"]
        left_out = self.values["leave_out"].get(alert)
        parts = [f'job="{chosen["job"]}"', chosen["matchers"], f'process!~"{left_out}"' if left_out else "", more]
        return ",".join(p for p in parts if p)

    def threshold(self, name):
        return self.values["thresholds"][name]


class SettingsError(Exception):
    """A settings file has something that is not known here."""


@dataclass
class Rule:
    """A recording rule (`record`) or an alert."""

    name: str
    expression: str
    comment: str = ""
    labels: dict = field(default_factory=dict)
    hold: str = ""
    keep: str = ""
    annotations: dict = field(default_factory=dict)
    is_alert: bool = False


@dataclass
class Group:
    name: str
    rules: list
    interval: str = ""
    comment: str = ""


class Rules:
    """Makes the rules of a module, for some settings."""

    def __init__(self, settings):
        self.settings = settings
        self.used = set()

    def record(self, name, expression, comment=""):
        return Rule(name, tidy(expression), comment)

    def since(self, name, last, comment):
        """Records the first of the scrapes that show something, one after the other, for `again`: a single one may be a slip.

        `last`: PromQL, the time of the newest scrape if it shows it. A scrape that failed shows nothing, and parts no two others.
        """
        first, is_away = since(name), "on (job, instance) (max by (job, instance) (up{S}) == 0)"
        expression = f"{first} and {tidy(last)}\nor {first} and {is_away}\nor {tidy(last)}"
        return self.record(first.removesuffix("{S}"), self.bound(expression), comment)

    def alert(self, name, expression, summary, description, comment="", does_keep=True, looks_back=""):
        """An alert with the severity and the delays of the settings; nothing when it is off.

        `expression`: PromQL, where `{S}` is the selector and `{S,...}` the selector with further matchers.
        `looks_back`: how far back it counts what happened, which a silence that is over explains as well.
        """
        self.used.add(name)
        chosen = self.settings.values["alerts"][name]
        if chosen["severity"] == "off":
            return []
        if name.startswith(("Process", "Job")):
            # In this one place: an alert about a process wakes nobody while that is silenced.
            expression = f"(\n{indented(tidy(expression))}\n)\n{unless_silenced(looks_back)}"
        page = self.settings.values["runbooks"]["base"] + f"{name.lower()}.md#{name.lower()}"
        return [
            Rule(
                name, tidy(self.bound(expression, name)), comment, {"severity": chosen["severity"]},
                hold="" if chosen["for"] == "0s" else chosen["for"], keep=chosen.get("keep", ""),
                annotations={"summary": summary, "description": description, "runbook_url": page}, is_alert=True)
        ]  # fmt: skip

    def bound(self, expression, alert=None):
        """Puts the selector wherever the expression has `{S}`, or `{S,` before matchers of its own."""
        expression = expression.replace("{S}", "{" + self.settings.selector(alert=alert) + "}")
        return re.sub(r"\{S,([^}]*)\}", lambda m: "{" + self.settings.selector(m[1], alert) + "}", expression)


def unless_silenced(looks_back=""):
    """Leaves out what is silenced (`heartbeat silence`), or was within `looks_back`."""
    silenced = "heartbeat_silenced_until_timestamp_seconds{S}"
    return f"unless on (job, instance, process) {f'last_over_time({silenced}[{looks_back}])' if looks_back else silenced}"


def indented(text):
    return "\n".join(f"  {line}" if line else line for line in text.splitlines())


def tidy(expression):
    """Without the indentation that it has in the source."""
    lines = [line.rstrip() for line in expression.strip("\n").splitlines()]
    margin = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines).strip()


# ---------------------------------------------------------------- what expressions share

# A beat is missed by an alert, not only late, from this age on: a tenth of the timeout, and half a minute (of short timeouts half
# of it), are no reason to wake somebody. A timeout that is as long as the period is what people configure first.
MISSED = "1.1 * heartbeat_timeout_seconds{S} + clamp_max(heartbeat_timeout_seconds{S} / 2, 24)"


def since(name):
    """What is recorded by `Rules.since`."""
    return f"heartbeat:{name}_since_timestamp_seconds{{S}}"


def again(name, last):
    """An earlier scrape has shown it already, and none since then showed anything else. `last`: that of `Rules.since`, or a part of it."""
    return f"{last} > {since(name)}"


# ---------------------------------------------------------------- what texts share

HOST = "{{ or $labels.host $labels.instance }}"
NAME = "{{ $labels.process }}"
CLOCK = '"2 Jan 15:04:05 MST"'


# The process of the alert, for the questions below. Names come from outside: %q makes a text of them, whatever they hold, and
# none stands in a command that somebody may copy.
PROCESS = "{{ $of := printf `{job=%q,instance=%q,process=%q}` $labels.job $labels.instance $labels.process }}"


def asked(question):
    """A template's question; `%s` is the selector of the alert's process."""
    return f"printf `{question}` $of | query"


def because(reasons, otherwise):
    """Why it is in its state, as a sentence."""
    known = " else ".join(f'if eq $reason "{word}" }}}}{text}{{{{' for word, text in reasons.items())
    return (
        f'{PROCESS}{{{{ with {asked("heartbeat_state%s")} }}}}{{{{ $reason := . | first | label "reason" }}}}'
        f'{{{{ {known} else }}}}{otherwise}: {{{{ reReplaceAll "_" " " $reason }}}}{{{{ end }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}.'
    )


# When its last beat was and what it said, each only where it is known.
LAST_BEAT = (
    f"{{{{ with {asked('heartbeat_last_timestamp_seconds%s')} }}}} Last beat {{{{ (. | first | value | toTime).UTC.Format {CLOCK} }}}}"
    f"{{{{ with {asked('heartbeat_age_seconds%s')} }}}}{{{{ $age := . | first | value }}}}"
    "{{ if ge $age 0.0 }} ({{ $age | humanizeDuration }} ago){{ else }} (in the future){{ end }}{{ end }}"
    f'{{{{ with {asked("heartbeat_status%s")} }}}}, status "{{{{ . | first | label "status" }}}}"{{{{ end }}}}.{{{{ end }}}}'
)

# What it used when it was last seen.
USED = (
    f"{{{{ with {asked('last_over_time(process_resident_memory_bytes%s[10m])')} }}}} Memory {{{{ . | first | value | humanize1024 }}}}B"
    f"{{{{ with {asked('rate(process_cpu_seconds_total%s[5m])')} }}}}, CPU {{{{ . | first | value | humanizePercentage }}}}{{{{ end }}}}.{{{{ end }}}}"
)


# ---------------------------------------------------------------- YAML


def scalar(text):
    """A text as YAML: plain where that is safe, else quoted."""
    if re.fullmatch(r"[A-Za-z0-9_:.-]+", text) and not re.fullmatch(r"(?i)true|false|yes|no|on|off|null|[\d.]+", text):
        return text
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def yaml_of(head, groups):
    """The text of a rules file."""
    lines = [f"# {line}" for line in head.splitlines()] + ["groups:"]
    for number, group in enumerate(groups):
        lines += [""] * bool(number) + [f"  # {line}" for line in group.comment.splitlines()]
        lines += [f"  - name: {group.name}"] + ([f"    interval: {group.interval}"] if group.interval else []) + ["    rules:"]
        for position, rule in enumerate(group.rules):
            lines += [""] * bool(position) + [f"      # {line}" for line in rule.comment.splitlines()]
            lines.append(f"      - {'alert' if rule.is_alert else 'record'}: {rule.name}")
            if "\n" in rule.expression:
                lines += ["        expr: |", *(f"          {line}".rstrip() for line in rule.expression.splitlines())]
            else:
                lines.append(f"        expr: {rule.expression if is_plain(rule.expression) else scalar(rule.expression)}")
            lines += [f"        for: {rule.hold}"] * bool(rule.hold) + [f"        keep_firing_for: {rule.keep}"] * bool(rule.keep)
            for title, values in (("labels", rule.labels), ("annotations", rule.annotations)):
                lines += [f"        {title}:", *(f"          {k}: {scalar(v)}" for k, v in values.items())] if values else []
    return "\n".join(lines) + "\n"


def is_plain(expression):
    """YAML takes it as it is: no comment, no mapping, no flow collection begins in it."""
    return not re.search(r"^[\[{\"'&*!|>%@`#-]|: | #|:$", expression)
