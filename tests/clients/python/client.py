"""Uses the API as a program in Python does. KUBECONFIG says where, NAMESPACE
whose."""

import os
import threading
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream

namespace = os.environ["NAMESPACE"]
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def refused(code, ask, *args, **more):
    try:
        ask(*args, **more)
    except ApiException as error:
        assert error.status == code, error
        return
    raise AssertionError("not refused")


def until(what):
    """Asks until it is so; the caller's time limit ends what never is."""
    pause = threading.Event()
    while not what():
        pause.wait(0.02)


def creates_and_patches():
    core.create_namespaced_config_map(namespace, config_map("one", a="1"))
    refused(409, core.create_namespaced_config_map, namespace, config_map("one"))
    core.patch_namespaced_config_map("one", namespace, {"data": {"b": "2"}})
    got = core.read_namespaced_config_map("one", namespace)
    assert got.data == {"a": "1", "b": "2"}, got.data
    got.data = {"c": "3"}
    core.replace_namespaced_config_map("one", namespace, got)
    refused(409, core.replace_namespaced_config_map, "one", namespace, got)
    for number in range(5):
        core.create_namespaced_config_map(
            namespace, config_map("n-%d" % number, n=str(number)))
    names, more = [], None
    while True:
        page = core.list_namespaced_config_map(
            namespace, limit=2, _continue=more,
            field_selector="metadata.name!=kube-root-ca.crt")
        names += [x.metadata.name for x in page.items]
        more = page.metadata._continue
        if not more:
            break
    assert names == ["n-0", "n-1", "n-2", "n-3", "n-4", "one"], names
    core.delete_collection_namespaced_config_map(
        namespace, field_selector="metadata.name!=one")
    refused(404, core.read_namespaced_config_map, "n-1", namespace)


def watches():
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, config_map("two"))
    core.patch_namespaced_config_map("two", namespace, {"data": {"a": "b"}})
    core.delete_namespaced_config_map("two", namespace)

    def some(since, count):
        follower = watch.Watch()
        seen = []
        for event in follower.stream(core.list_namespaced_config_map, namespace,
                                     resource_version=since):
            if event["object"].metadata.name != "two":
                continue
            seen.append(event)
            if len(seen) == count:
                follower.stop()
        return seen

    whole = some(start, 3)
    assert [x["type"] for x in whole] == ["ADDED", "MODIFIED", "DELETED"]
    # From the middle on it is the same.
    since = whole[0]["object"].metadata.resource_version
    assert [x["type"] for x in some(since, 2)] == ["MODIFIED", "DELETED"]


def runs_pods():
    core.create_namespaced_pod(namespace, client.V1Pod(
        metadata=client.V1ObjectMeta(name="shell"),
        spec=client.V1PodSpec(
            termination_grace_period_seconds=0,
            containers=[client.V1Container(
                name="main", image="any",
                command=["sh", "-c", "echo one; echo two; exec sleep 600"])])))
    until(lambda: core.read_namespaced_pod(
        "shell", namespace).status.phase == "Running")
    until(lambda: core.read_namespaced_pod_log(
        "shell", namespace) == "one\ntwo\n")
    assert core.read_namespaced_pod_log(
        "shell", namespace, tail_lines=1) == "two\n"
    said = stream(core.connect_get_namespaced_pod_exec, "shell", namespace,
                  command=["echo", "hello"], stdout=True, stderr=True)
    assert said == "hello\n", said
    talk = stream(core.connect_get_namespaced_pod_exec, "shell", namespace,
                  command=["sh", "-c", "read x; echo got $x; exit 3"],
                  stdin=True, stdout=True, stderr=True, _preload_content=False)
    talk.write_stdin("it\n")
    talk.run_forever(timeout=20)
    assert talk.read_stdout() == "got it\n"
    assert talk.returncode == 3, talk.returncode
    core.delete_namespaced_pod("shell", namespace)


def serves_over_a_forwarded_port():
    server = ("import http.server as h\n"
              "class A(h.BaseHTTPRequestHandler):\n"
              "  def do_GET(self):\n"
              "    self.send_response(200); self.end_headers()\n"
              "    self.wfile.write(b'through')\n"
              "h.HTTPServer(('', 8080), A).serve_forever()\n")
    core.create_namespaced_pod(namespace, client.V1Pod(
        metadata=client.V1ObjectMeta(name="web"),
        spec=client.V1PodSpec(
            termination_grace_period_seconds=0,
            containers=[client.V1Container(
                name="main", image="any",
                command=["/usr/bin/python3", "-c", server],
                ports=[client.V1ContainerPort(container_port=8080)],
                readiness_probe=client.V1Probe(
                    period_seconds=1,
                    tcp_socket=client.V1TCPSocketAction(port=8080)))])))

    def is_ready():
        pod = core.read_namespaced_pod("web", namespace)
        return any(c.type == "Ready" and c.status == "True"
                   for c in pod.status.conditions or [])

    until(is_ready)
    forward = portforward(core.connect_get_namespaced_pod_portforward, "web",
                          namespace, ports="8080")
    socket = forward.socket(8080)
    socket.setblocking(True)
    socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    begun = time.monotonic()
    answer = b""
    while part := socket.recv(1024):
        answer += part
    assert answer.endswith(b"through"), answer
    assert time.monotonic() - begun < 5, "the end comes with the server's"
    assert forward.error(8080) is None
    said = core.connect_get_namespaced_pod_proxy("web:8080", namespace)
    assert said == "through", said
    core.delete_namespaced_pod("web", namespace)


def scales():
    labels = {"app": "web"}
    apps.create_namespaced_deployment(namespace, client.V1Deployment(
        metadata=client.V1ObjectMeta(name="web"),
        spec=client.V1DeploymentSpec(
            replicas=1, selector=client.V1LabelSelector(match_labels=labels),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels),
                spec=client.V1PodSpec(
                    termination_grace_period_seconds=0,
                    containers=[client.V1Container(
                        name="main", image="any",
                        command=["sleep", "600"])])))))
    apps.patch_namespaced_deployment_scale(
        "web", namespace, {"spec": {"replicas": 2}})
    until(lambda: apps.read_namespaced_deployment(
        "web", namespace).status.ready_replicas == 2)
    apps.delete_namespaced_deployment("web", namespace)


def leads():
    lock = ConfigMapLock("leader", namespace, "a")
    election = electionconfig.Config(
        lock, lease_duration=3, renew_deadline=2, retry_period=1,
        onstarted_leading=lambda: None, onstopped_leading=None)
    elector = leaderelection.LeaderElection(election)
    assert elector.try_acquire_or_renew()
    other = leaderelection.LeaderElection(electionconfig.Config(
        ConfigMapLock("leader", namespace, "b"), lease_duration=3,
        renew_deadline=2, retry_period=1, onstarted_leading=lambda: None,
        onstopped_leading=None))
    assert not other.try_acquire_or_renew()
    assert elector.try_acquire_or_renew()
    # Whoever does not renew is followed.
    until(other.try_acquire_or_renew)


for part in (creates_and_patches, watches, runs_pods,
             serves_over_a_forwarded_port, scales, leads):
    print(part.__name__, flush=True)
    part()
