# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes manifests and the Dockerfile: what an agent needs and nothing more, and the same as its systemd unit."""

import pathlib
import re
import unittest

import yaml

import metric_catalogue
import unit_file

DEPLOY = metric_catalogue.TOP / "deploy"
FOLDER = DEPLOY / "kubernetes"
DOCUMENTS = {path.name: list(yaml.safe_load_all(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.yaml"))}
DAEMON_SET = DOCUMENTS["daemonset.yaml"][0]
POD = DAEMON_SET["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
AGENT_CONF = dict(
    line.split(" = ", 1) for line in (FOLDER / "agent.conf").read_text(encoding="utf-8").splitlines() if re.match(r"[a-z]", line)
)


class Manifests(unittest.TestCase):
    def test_kinds_are_these_and_none_that_gives_rights(self):
        kinds = sorted(document["kind"] for documents in DOCUMENTS.values() for document in documents)
        self.assertEqual(kinds, ["DaemonSet", "Kustomization", "Namespace", "NetworkPolicy"])

    def test_the_kustomization_has_them_all(self):
        kustomization = DOCUMENTS["kustomization.yaml"][0]
        self.assertEqual(sorted(kustomization["resources"]), sorted(set(DOCUMENTS) - {"kustomization.yaml"}))
        for generated in kustomization["configMapGenerator"]:
            for name in generated["files"]:
                self.assertTrue((FOLDER / name).is_file(), name)
        self.assertEqual([image["name"] for image in kustomization["images"]], [CONTAINER["image"]])

    def test_no_secret_and_no_token(self):
        self.assertIs(POD["automountServiceAccountToken"], False)
        self.assertNotIn("serviceAccountName", POD)
        for documents in DOCUMENTS.values():
            self.assertNotRegex(yaml.safe_dump(documents), r"(?i)secret|password|\btoken\b")

    def test_labels_and_names_belong_together(self):
        labels = {"app.kubernetes.io/name": "oomtrace"}
        self.assertEqual(DAEMON_SET["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(DAEMON_SET["spec"]["template"]["metadata"]["labels"], labels)
        self.assertEqual(DOCUMENTS["networkpolicy.yaml"][0]["spec"]["podSelector"]["matchLabels"], labels)
        self.assertEqual(POD["volumes"][0], {"name": "config", "configMap": {"name": "oomtrace"}})
        self.assertEqual(DOCUMENTS["kustomization.yaml"][0]["configMapGenerator"][0]["name"], "oomtrace")

    def test_it_is_on_every_node_and_not_evicted(self):
        self.assertEqual(POD["tolerations"], [{"operator": "Exists"}])
        self.assertEqual(POD["priorityClassName"], "system-node-critical")
        self.assertNotIn("hostPID", POD, "nothing of other processes is read but by the BPF programs")
        self.assertNotIn("hostNetwork", POD)
        self.assertNotIn("hostIPC", POD)
        self.assertNotIn("limits", CONTAINER["resources"], "a limit could kill the agent")

    def test_what_it_may_do(self):
        security = CONTAINER["securityContext"]
        self.assertIs(security["privileged"], False)
        self.assertIs(security["allowPrivilegeEscalation"], False)
        self.assertIs(security["readOnlyRootFilesystem"], True)
        self.assertEqual(security["capabilities"]["drop"], ["ALL"])
        self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})

    def test_capabilities_are_those_of_the_unit(self):
        expected = sorted(unit_file.read()["CapabilityBoundingSet"][0].replace("CAP_", "").split())
        self.assertEqual(sorted(CONTAINER["securityContext"]["capabilities"]["add"]), expected)
        run = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
        self.assertEqual(sorted(re.findall(r"--cap-add (\w+)", run)), expected)
        self.assertIn("--cap-drop ALL", run)

    def test_of_the_host_it_writes_to_its_own_folders_only(self):
        volumes = {volume["name"]: volume for volume in POD["volumes"]}
        mounts = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}
        self.assertEqual(set(mounts), set(volumes))
        paths = {name: volume["hostPath"]["path"] for name, volume in volumes.items() if "hostPath" in volume}
        writable = {paths[name] for name in paths if not mounts[name].get("readOnly")}
        self.assertEqual(writable, {"/var/lib/oomtrace", "/run/oomtrace"})
        read_only = set(paths.values()) - writable
        self.assertEqual(read_only, {"/sys/kernel/tracing", "/sys/fs/cgroup", "/var/log/pods", "/var/log/containers"})
        # What is not a path of the kernel's or the agent's own is seen under host-root.
        for name, path in paths.items():
            where = mounts[name]["mountPath"]
            under_root = AGENT_CONF["host-root"] + path
            self.assertEqual(where, under_root if path.startswith("/var/log/") else path)

    def test_probes_and_scrapes_find_the_port(self):
        port = CONTAINER["ports"][0]
        self.assertEqual(AGENT_CONF["web.listen-address"], f"0.0.0.0:{port['containerPort']}")
        self.assertEqual(CONTAINER["livenessProbe"]["httpGet"], {"path": "/healthz", "port": port["name"]})
        self.assertEqual(CONTAINER["startupProbe"]["httpGet"], {"path": "/healthz", "port": port["name"]})
        self.assertEqual(CONTAINER["readinessProbe"]["httpGet"], {"path": "/readyz", "port": port["name"]})
        annotations = DAEMON_SET["spec"]["template"]["metadata"]["annotations"]
        self.assertEqual(annotations["prometheus.io/scrape"], "true")
        self.assertEqual(annotations["prometheus.io/port"], str(port["containerPort"]))
        self.assertEqual(DOCUMENTS["networkpolicy.yaml"][0]["spec"]["ingress"][0]["ports"][0]["port"], port["name"])


class Dockerfile(unittest.TestCase):
    def test_what_it_runs_is_there(self):
        text = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
        for script in re.findall(r"\bscripts/[\w.-]+\.sh\b", text):
            self.assertTrue((metric_catalogue.TOP / script).is_file(), script)
        self.assertEqual(set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)), {"debian:12", "debian:12-slim"})
        self.assertIn('ENTRYPOINT ["/usr/bin/oomtrace"]\nCMD ["agent"]', text)


if __name__ == "__main__":
    unittest.main()
