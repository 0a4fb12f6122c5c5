"""What a program that uses Debian's python3-kubernetes does; each step is a function, named on the command line."""
import json
import sys
import threading
import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream

config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()
NAMESPACE = "default"
IMAGE = "k8ts.local/hello:1"
LABELS = {"of": "python"}


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=LABELS), data=data)


def status_of(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiException as error:
        return error.status, json.loads(error.body)["reason"]
    raise AssertionError("it was not refused")


def same(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def objects():
    for name in ("a", "b", "c"):
        core.create_namespaced_config_map(NAMESPACE, config_map(name, letter=name))
    first = core.list_namespaced_config_map(NAMESPACE, label_selector="of=python", limit=2)
    same([each.metadata.name for each in first.items], ["a", "b"])
    same(first.metadata.remaining_item_count, None)
    rest = core.list_namespaced_config_map(
        NAMESPACE, label_selector="of=python", limit=2, _continue=first.metadata._continue)
    same([each.metadata.name for each in rest.items], ["c"])
    read = core.read_namespaced_config_map("a", NAMESPACE)
    assert read.metadata.creation_timestamp.tzinfo is not None
    read.data = {"letter": "z"}
    same(core.replace_namespaced_config_map("a", NAMESPACE, read).data, {"letter": "z"})
    same(status_of(core.replace_namespaced_config_map, "a", NAMESPACE, read), (409, "Conflict"))
    same(status_of(core.create_namespaced_config_map, NAMESPACE, config_map("b")), (409, "AlreadyExists"))
    same(core.delete_namespaced_config_map("c", NAMESPACE).status, "Success")
    same(status_of(core.read_namespaced_config_map, "c", NAMESPACE), (404, "NotFound"))
    same(status_of(core.create_namespaced_config_map, NAMESPACE, config_map("Not a name")), (422, "Invalid"))
    dry = core.create_namespaced_config_map(NAMESPACE, config_map("dry"), dry_run="All")
    assert dry.metadata.uid
    same(status_of(core.read_namespaced_config_map, "dry", NAMESPACE), (404, "NotFound"))
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="of=python")
    same(core.list_namespaced_config_map(NAMESPACE, label_selector="of=python").items, [])


def lists():
    """Every list of every group that both know: the models refuse objects that lack what they require."""
    listed, absent = 0, set()
    for name in dir(client):
        if not name.endswith("Api") or name in ("CustomObjectsApi", "LogsApi"):
            continue
        api = getattr(client, name)()
        for method in dir(api):
            everywhere = method.startswith("list_") and not method.endswith("_with_http_info")
            if not everywhere or "_namespaced_" in method:
                continue
            # Of events, the models ask for a time that events of old do not have, with any server.
            if name == "EventsV1Api":
                continue
            try:
                getattr(api, method)()
                listed += 1
            except ApiException as error:
                same(error.status, 404)
                absent.add(name)
    gone = [name for name in absent if "beta" not in name.lower() and "alpha" not in name.lower()]
    same(gone, [])
    for api in ("Core", "Apps", "Batch", "RbacAuthorization", "Version", "Apis"):
        assert hasattr(client, api + "Api") or hasattr(client, api + "V1Api")
    same(client.VersionApi().get_code().major, "1")
    assert any(group.name == "apps" for group in client.ApisApi().get_api_versions().groups)
    assert any(each.name == "pods/exec" for each in core.get_api_resources().resources)
    assert listed > 40, listed
    print(f"{listed} lists")


def watching():
    version = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.create_namespaced_config_map(NAMESPACE, config_map("w1"))
    core.patch_namespaced_config_map("w1", NAMESPACE, {"data": {"x": "1"}})
    watching = watch.Watch()
    seen = []
    for event in watching.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="of=python",
                                 resource_version=version, timeout_seconds=60):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 2:
            watching.stop()
    same(seen, [("ADDED", "w1"), ("MODIFIED", "w1")])
    # It goes on where it was, and hears what happened in between.
    core.delete_namespaced_config_map("w1", NAMESPACE)
    again = watch.Watch()
    for event in again.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="of=python",
                              resource_version=watching.resource_version, timeout_seconds=60):
        same((event["type"], event["raw_object"]["metadata"]["name"]), ("DELETED", "w1"))
        again.stop()
    # One that runs into its time is asked for anew by the client, from where it was, until it is stopped.
    quiet = watch.Watch()
    timer = threading.Timer(2.5, lambda: core.create_namespaced_config_map(NAMESPACE, config_map("w2")))
    timer.start()
    # Without a time of its own, the client asks again whenever the server ends the stream.
    for event in quiet.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="of=python",
                              resource_version=again.resource_version):
        same((event["type"], event["object"].metadata.name), ("ADDED", "w2"))
        quiet.stop()
    timer.join()
    core.delete_namespaced_config_map("w2", NAMESPACE)
    begun = time.monotonic()
    same(list(watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, label_selector="of=none",
                                   timeout_seconds=1)), [])
    assert time.monotonic() - begun < 30


def deployment(name):
    container = client.V1Container(name="web", image=IMAGE, ports=[client.V1ContainerPort(container_port=8080)])
    spec = client.V1PodSpec(containers=[container], termination_grace_period_seconds=0)
    labels = {"app": name}
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=spec)
    selector = client.V1LabelSelector(match_labels=labels)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name),
                               spec=client.V1DeploymentSpec(replicas=0, selector=selector, template=template))


def scaled(name, replicas):
    # The deployment's controller writes, too: who comes second reads again.
    while True:
        scale = apps.read_namespaced_deployment_scale(name, NAMESPACE)
        scale.spec.replicas = replicas
        try:
            return apps.replace_namespaced_deployment_scale(name, NAMESPACE, scale)
        except ApiException as error:
            if error.status != 409:
                raise


def patches():
    apps.create_namespaced_deployment(NAMESPACE, deployment("patched"))

    def containers(patched):
        return [(each.name, each.image) for each in patched.spec.template.spec.containers]
    # A dictionary is a strategic merge patch, a list a JSON patch.
    more = {"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "more:1"}]}}}}
    same(containers(apps.patch_namespaced_deployment("patched", NAMESPACE, more)), [("more", "more:1"), ("web", IMAGE)])
    operations = [{"op": "remove", "path": "/spec/template/spec/containers/0"},
                  {"op": "add", "path": "/metadata/annotations", "value": {"by": "json"}}]
    same(containers(apps.patch_namespaced_deployment("patched", NAMESPACE, operations)), [("web", IMAGE)])
    wrong = [{"op": "test", "path": "/spec/replicas", "value": 7}]
    same(status_of(apps.patch_namespaced_deployment, "patched", NAMESPACE, wrong), (422, "Invalid"))
    dynamically = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="apps/v1", kind="Deployment")
    merged = dynamically.patch(
        body={"metadata": {"annotations": {"by": None, "kind": "merge"}}}, name="patched", namespace=NAMESPACE,
        content_type="application/merge-patch+json")
    annotations = dict(merged.metadata.annotations)
    same((annotations.get("by"), annotations.get("kind")), (None, "merge"))
    applied = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "patched"}, "spec": {"paused": True}}
    result = dynamically.patch(body=json.dumps(applied), name="patched", namespace=NAMESPACE, field_manager="python",
                               content_type="application/apply-patch+yaml")
    assert result.spec.paused and "python" in [each.manager for each in result.metadata.managedFields]
    same(scaled("patched", 0).spec.replicas, 0)
    same(apps.delete_namespaced_deployment("patched", NAMESPACE, propagation_policy="Background").status, "Success")


def dynamics():
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "snakes.python.example.com"},
        "spec": {
            "group": "python.example.com", "scope": "Namespaced",
            "names": {"plural": "snakes", "singular": "snake", "kind": "Snake"},
            "versions": [{
                "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"length": {"type": "integer", "minimum": 1}}},
                    "status": {"type": "object", "properties": {"coiled": {"type": "boolean"}}}}}}}]}}
    utils.create_from_dict(client.ApiClient(), definition)
    extensions = client.ApiextensionsV1Api()

    def established():
        found = extensions.read_custom_resource_definition("snakes.python.example.com").status.conditions or []
        return any(each.type == "Established" and each.status == "True" for each in found)
    while not established():
        time.sleep(0.05)
    dynamically = dynamic.DynamicClient(client.ApiClient())
    snakes = dynamically.resources.get(api_version="python.example.com/v1", kind="Snake")
    body = {"apiVersion": "python.example.com/v1", "kind": "Snake", "metadata": {"name": "kaa"}, "spec": {"length": 9}}
    made = snakes.create(body=body, namespace=NAMESPACE)
    same(made.spec.length, 9)
    version = made.metadata.resourceVersion
    snakes.patch(body={"spec": {"length": 10}}, name="kaa", namespace=NAMESPACE,
                 content_type="application/merge-patch+json")
    snakes.status.patch(body={"status": {"coiled": True}}, name="kaa", namespace=NAMESPACE,
                        content_type="application/merge-patch+json")
    seen = []
    for event in snakes.watch(namespace=NAMESPACE, resource_version=version, timeout=60):
        seen.append((event["type"], event["object"].spec.length, event["object"].status.coiled if event["object"].status else None))
        if len(seen) == 2:
            break
    same(seen, [("MODIFIED", 10, None), ("MODIFIED", 10, True)])
    same([each.metadata.name for each in snakes.get(namespace=NAMESPACE).items], ["kaa"])
    custom = client.CustomObjectsApi()
    listed = custom.list_namespaced_custom_object("python.example.com", "v1", NAMESPACE, "snakes")
    same([each["spec"]["length"] for each in listed["items"]], [10])
    short = dict(body, metadata={"name": "short"}, spec={"length": 0})
    same(status_of(custom.create_namespaced_custom_object, "python.example.com", "v1", NAMESPACE, "snakes", short),
         (422, "Invalid"))
    try:
        snakes.get(name="none", namespace=NAMESPACE)
        raise AssertionError("it is not there")
    except dynamic.exceptions.NotFoundError as error:
        same(error.status, 404)
    snakes.delete(name="kaa", namespace=NAMESPACE)
    extensions.delete_custom_resource_definition("snakes.python.example.com")


def pod(name, command):
    container = client.V1Container(name=name, image=IMAGE, command=["sh", "-c", command])
    spec = client.V1PodSpec(containers=[container], termination_grace_period_seconds=0)
    core.create_namespaced_pod(NAMESPACE, client.V1Pod(metadata=client.V1ObjectMeta(name=name), spec=spec))
    watching = watch.Watch()
    for event in watching.stream(core.list_namespaced_pod, NAMESPACE, field_selector=f"metadata.name={name}",
                                 timeout_seconds=60):
        if event["object"].status.phase == "Running":
            watching.stop()
            return
    raise AssertionError(f"{name} does not run")


def streams():
    pod("snake", "echo one; echo two; exec httpd -f -p 8081 -h /www")
    execute = core.connect_get_namespaced_pod_exec
    same(stream(execute, "snake", NAMESPACE, command=["echo", "hello"], stdout=True, stderr=True), "hello\n")
    running = stream(execute, "snake", NAMESPACE, command=["sh", "-c", "read word; echo got $word; echo bad >&2; exit 5"],
                     stdin=True, stdout=True, stderr=True, _preload_content=False)
    running.write_stdin("this\n")
    running.run_forever(timeout=60)
    same((running.read_stdout(), running.read_stderr(), running.returncode), ("got this\n", "bad\n", 5))
    terminal = stream(execute, "snake", NAMESPACE, command=["sh", "-c", "stty size; test -t 0 && echo terminal"],
                      stdin=True, stdout=True, tty=True, _preload_content=False)
    terminal.run_forever(timeout=60)
    assert "terminal" in terminal.read_stdout()
    try:
        stream(execute, "none", NAMESPACE, command=["true"], stdout=True)
        raise AssertionError("there is no such pod")
    except ApiException as error:
        assert "404" in str(error), error

    forwarded = portforward(core.connect_get_namespaced_pod_portforward, "snake", NAMESPACE, ports="8081")
    http = forwarded.socket(8081)
    http.setblocking(True)
    http.sendall(b"GET /cgi-bin/none HTTP/1.0\r\n\r\n")
    answer = b""
    while True:
        more = http.recv(4096)
        if not more:
            break
        answer += more
    http.close()
    assert answer.startswith(b"HTTP/1."), answer
    same(forwarded.error(8081), None)

    same(core.read_namespaced_pod_log("snake", NAMESPACE), "one\ntwo\n")
    same(core.read_namespaced_pod_log("snake", NAMESPACE, tail_lines=1), "two\n")
    lines = []
    following = watch.Watch()
    for line in following.stream(core.read_namespaced_pod_log, "snake", NAMESPACE):
        lines.append(line)
        if len(lines) == 2:
            stream(execute, "snake", NAMESPACE, command=["sh", "-c", "echo three >/proc/1/fd/1"], stdout=True)
        if len(lines) == 3:
            following.stop()
    same(lines, ["one", "two", "three"])
    core.delete_namespaced_pod("snake", NAMESPACE)


def leading():
    led = []
    done = threading.Event()

    def leads(name):
        def start():
            led.append(name)
            done.set()
        return start
    lock = ConfigMapLock("leader", NAMESPACE, "first")
    settings = electionconfig.Config(lock, lease_duration=17, renew_deadline=15, retry_period=5,
                                     onstarted_leading=leads("first"), onstopped_leading=lambda: None)
    threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True).start()
    assert done.wait(60), "nobody leads"
    same(led, ["first"])
    noted = core.read_namespaced_config_map("leader", NAMESPACE).metadata.annotations
    same(json.loads(noted["control-plane.alpha.kubernetes.io/leader"])["holderIdentity"], "first")


def identities():
    account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="snake"))
    core.create_namespaced_service_account(NAMESPACE, account)
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))
    token = core.create_namespaced_service_account_token("snake", NAMESPACE, request).status.token
    review = client.AuthenticationV1Api().create_token_review(
        client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token)))
    same(review.status.user.username, "system:serviceaccount:default:snake")
    settings = client.Configuration.get_default_copy()
    settings.cert_file = settings.key_file = None
    settings.api_key = {"authorization": "Bearer " + token}
    limited = client.CoreV1Api(client.ApiClient(settings))
    same(status_of(limited.list_namespaced_pod, NAMESPACE), (403, "Forbidden"))
    attributes = client.V1ResourceAttributes(namespace=NAMESPACE, verb="list", resource="pods")
    access = client.V1SubjectAccessReview(spec=client.V1SubjectAccessReviewSpec(
        user="system:serviceaccount:default:snake", resource_attributes=attributes))
    same(client.AuthorizationV1Api().create_subject_access_review(access).status.allowed, False)


globals()[sys.argv[1]]()
