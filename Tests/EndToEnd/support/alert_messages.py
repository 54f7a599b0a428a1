"""A real Alertmanager with our configuration, quick enough for a test, and somebody who takes its mails and Slack messages."""

import base64
import email
import email.policy
import json
import re
import ssl
import subprocess
import sys
import urllib.request

from support import ENVIRONMENT, LIMIT, eventually, free_port
from support.alert_rules import ALERTMANAGER, checks
from support.podman import STACK

# What the messages link to.
OUTSIDE = "http://alertmanager.example:9093"
BEGAN, ENDED = "2023-12-20T15:30:56.789Z", "2023-12-20T15:43:30.789Z"


def as_prometheus_sends_it(name, **labels):
    """The alert as the rules make it: labels and annotations are those that prometheus/tests expects."""
    # Those of once.yml are about times, and know little of the process.
    found = [e for file, c in checks(name) if file != "once.yml" for e in c["exp_alerts"]]
    expected = next((e for e in found if e["exp_labels"].get("process") == "bidder"), found[0])
    annotations = expected["exp_annotations"]
    for key, value in labels.items():
        annotations = {k: v.replace(expected["exp_labels"].get(key, "\0"), value) for k, v in annotations.items()}
    return {
        "labels": {"alertname": name} | expected["exp_labels"] | labels,
        "annotations": annotations,
        "startsAt": BEGAN,
        "generatorURL": "http://prometheus.example:9090/graph",
    }


class Desk:
    """`post` hands alerts to Alertmanager; `mails`, `slacks` and `pings` are what came out of it."""

    def __init__(self, folder, secure=None):
        """`secure`: an authority; then Alertmanager is encrypted, and wants the user alice with the password "secret"."""
        self.folder, self.children = folder, []
        self.scheme, self.opener, self.flags = "http", urllib.request.build_opener(), []
        if secure:
            self.secure(secure)
        self.box = folder / "mailbox"
        self.box.mkdir()
        smtp, http, self.port = free_port(), free_port(), free_port()
        try:
            self.start("mailbox", sys.executable, STACK / "mailbox.py", self.box, "127.0.0.1", smtp, http)
            config = folder / "alertmanager.yml"
            config.write_text(self.configuration(smtp, http))
            # No gossip: it is alone.
            self.start("alertmanager", "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / 'data'}",
                       f"--web.listen-address=127.0.0.1:{self.port}", f"--web.external-url={OUTSIDE}", "--cluster.listen-address=", *self.flags)  # fmt: skip
            eventually(lambda: self.get("status"), "Alertmanager answers")
        except BaseException:
            self.stop()
            raise

    def secure(self, authority):
        certificate, key = authority.issue("alertmanager")
        hashed = subprocess.run(["htpasswd", "-nbB", "-C", "4", "alice", "secret"], check=True, capture_output=True, text=True).stdout.strip().split(":", 1)[1]
        web = self.folder / "alertmanager-web.yml"
        web.write_text(json.dumps({"tls_server_config": {"cert_file": str(certificate), "key_file": str(key)}, "basic_auth_users": {"alice": hashed}}))
        self.scheme, self.flags = "https", [f"--web.config.file={web}"]
        context = ssl.create_default_context(cafile=authority.certificate)
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        self.opener.addheaders = [("Authorization", "Basic " + base64.b64encode(b"alice:secret").decode())]

    def configuration(self, smtp, http):
        """Our file with the addresses of this test, and seconds for minutes: what it says and to whom stays."""
        slack = self.folder / "slack-url"
        slack.write_text(f"http://127.0.0.1:{http}/slack")
        text = ALERTMANAGER.read_text()
        for old, new in (
            ("smtp.example.org:587", f"127.0.0.1:{smtp}\n  smtp_require_tls: false"),
            ("/etc/alertmanager/secrets/slack-url", str(slack)),
            ("https://dead-mans-switch.example.org/ping", f"http://127.0.0.1:{http}/ping"),
            ("templates/*.tmpl", str(ALERTMANAGER.parent / "templates" / "*.tmpl")),
        ):
            assert old in text, f"{ALERTMANAGER} no longer has {old}"
            text = text.replace(old, new)
        text = re.sub(r"(?m)^  smtp_auth_.*\n", "", text)
        # Repetitions stay as far off as they are, but for that of the watchdog.
        return re.sub(r"(?m)(group_wait|group_interval): \d+[sm]$|(repeat_interval): 30s$", lambda m: f"{m[1] or m[2]}: 1s", text)

    def start(self, name, *command):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.children.append(subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT))

    def get(self, path):
        assert all(c.poll() is None for c in self.children), self.logs()
        try:
            with self.opener.open(f"{self.scheme}://127.0.0.1:{self.port}/api/v2/{path}", timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return None

    def post(self, *alerts):
        self.post_to("alerts", alerts)

    def post_to(self, path, value):
        request = urllib.request.Request(
            f"{self.scheme}://127.0.0.1:{self.port}/api/v2/{path}", json.dumps(value).encode(), {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=10) as answer:
            assert answer.status == 200

    def states(self):
        """{(alert, instance, process): "active" or "suppressed"} once Alertmanager has decided."""
        found = {}
        for alert in self.get("alerts") or []:
            labels = alert["labels"]
            found[labels["alertname"], labels.get("instance"), labels.get("process")] = alert["status"]["state"]
        return found

    def taken(self, kind):
        return [p.read_bytes() for p in sorted(self.box.glob(f"*-{kind}"))]

    def mails(self):
        return [email.message_from_bytes(m, policy=email.policy.default) for m in self.taken("mail")]

    def slacks(self):
        return [json.loads(m) for m in self.taken("slack")]

    def pings(self):
        return [json.loads(m) for m in self.taken("ping")]

    def logs(self):
        return "".join(f"--- {p.name}:\n{p.read_text(errors='replace')[-4000:]}\n" for p in sorted(self.folder.glob("*.log")))

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(timeout=LIMIT)
