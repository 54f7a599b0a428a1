"""deploy/kubernetes against Kubernetes' own schemas (kubernetes-validate); what they do not know is compared with our other files."""

import json
import re

import kubernetes_validate
import pytest
import yaml

from support import EXPORTER, ROOT, eventually, run
from support.prometheus import Prometheus

FOLDER = ROOT / "deploy" / "kubernetes"
pytestmark = pytest.mark.peers


def read(name):
    return yaml.safe_load((FOLDER / name).read_text())


@pytest.mark.parametrize("name", ["daemonset.yaml", "serviceaccount.yaml", "sidecar.yaml"])
def test_the_schemas_take_it(name):
    kubernetes_validate.validate(read(name), "1.30", strict=True)


def test_the_schemas_notice_a_mistake():
    wrong = read("daemonset.yaml")
    wrong["spec"]["template"]["spec"]["hostPid"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.30", strict=True)


def test_the_kustomization_names_every_file():
    kustomization = read("kustomization.yaml")
    generated = [f for g in kustomization["configMapGenerator"] for f in g["files"]]
    named = {"kustomization.yaml", "sidecar.yaml", *kustomization["resources"], *generated}
    assert named == {p.name for p in FOLDER.iterdir()}
    maps = {g["name"] for g in kustomization["configMapGenerator"]}
    pod = read("daemonset.yaml")["spec"]["template"]["spec"]
    assert {v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v} == maps
    assert pod["serviceAccountName"] == read("serviceaccount.yaml")["metadata"]["name"]


def test_the_pod_monitor_finds_the_pods():
    monitor, pods = read("podmonitor.yaml"), read("daemonset.yaml")["spec"]["template"]
    assert (monitor["apiVersion"], monitor["kind"]) == ("monitoring.coreos.com/v1", "PodMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pods["metadata"]["labels"].items()
    ports = {p["name"]: p["containerPort"] for c in pods["spec"]["containers"] for p in c["ports"]}
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert ports[endpoint["port"]] == 9464
    # The rules look for this job.
    assert {"targetLabel": "job", "replacement": "heartbeat"} in endpoint["relabelings"]


def test_a_rollout_changes_no_label_of_a_node(tmp_path):
    """A real Prometheus, with what the operator makes of the PodMonitor: each rollout gives a node another pod with another address."""
    (endpoint,) = read("podmonitor.yaml")["spec"]["podMetricsEndpoints"]
    of_pod = [{"source_labels": [f"__meta_kubernetes_{m}"], "target_label": label} for m, label in (
        ("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod"))]  # fmt: skip
    own = [{re.sub("[A-Z]", lambda m: "_" + m[0].lower(), key): value for key, value in r.items()} for r in endpoint["relabelings"]]
    pods = [("node-1", "10.0.1.7:9464", "heartbeat-exporter-2xk9p"), ("node-1", "10.0.1.9:9464", "heartbeat-exporter-fz7wq"), ("node-2", "10.0.2.4:9464", "heartbeat-exporter-p5c8d")]
    found = [{"targets": [address], "labels": {
        "__meta_kubernetes_namespace": "monitoring", "__meta_kubernetes_pod_name": pod, "__meta_kubernetes_pod_container_name": "exporter",
        "__meta_kubernetes_pod_node_name": node}} for node, address, pod in pods]  # fmt: skip
    # A job each: of targets with the same labels Prometheus keeps one.
    jobs = [{"job_name": f"pod-{n}", "static_configs": [f], "relabel_configs": of_pod + own} for n, f in enumerate(found)]
    p = Prometheus(tmp_path, config=json.dumps({"scrape_configs": jobs}))
    try:
        targets = eventually(lambda: (t := p.api("targets")) and len(t["activeTargets"]) == 3 and t["activeTargets"], "the targets are found")
    finally:
        p.stop()
    before, after, other = ({t["scrapePool"]: t["labels"] for t in targets}[f"pod-{n}"] for n in range(3))
    assert before == after != other
    assert (before["job"], before["instance"], before["host"]) == ("heartbeat", "node-1", "node-1")


@pytest.mark.parametrize("name", ["daemonset.yaml", "sidecar.yaml"])
def test_the_exporter_takes_the_flags_and_has_no_rights(name, tmp_path):
    version = re.search(r"version (\S+)", run(EXPORTER, "--version").stdout).group(1)
    (tmp_path / "heartbeat.yml").write_text((FOLDER / "heartbeat.yml").read_text())
    pod = read(name)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65532
    for container in pod["containers"]:
        assert container["image"] == f"heartbeat-exporter:{version}"
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        if container["name"] == "exporter":
            flags = [f for f in container["args"] if not f.startswith("--config.file=")]
            checked = run(EXPORTER, *flags, f"--config.file={tmp_path / 'heartbeat.yml'}", "--check-config")
            assert checked.returncode == 0, checked.stderr
            for probe in ("livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["httpGet"]["path"] in ("/-/healthy", "/-/ready")


def test_who_sees_the_processes_of_the_host_has_its_name():
    """Beats that carry it would count as those of another host, and lose their processes."""
    pod = read("daemonset.yaml")["spec"]["template"]["spec"]
    named = {v["name"]: v["valueFrom"]["fieldRef"]["fieldPath"] for c in pod["containers"] for v in c["env"]}
    assert pod["hostPID"] and named == {"HEARTBEAT_EXPORTER_HOST_NAME": "spec.nodeName"}
    assert "--host.name" in run(EXPORTER, "--help").stdout
    exporter = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["exporter"]
    assert exporter["pid"] == "host" and exporter["environment"]["HEARTBEAT_EXPORTER_HOST_NAME"] == "${HEARTBEAT_HOST_NAME:-}"
    assert "HEARTBEAT_HOST_NAME=" in (ROOT / ".env.example").read_text().splitlines()
    (line,) = [line for line in (ROOT / "docs" / "deploying.md").read_text().splitlines() if line.startswith("docker run")]
    assert "--pid host" in line and "--uts host" in line
