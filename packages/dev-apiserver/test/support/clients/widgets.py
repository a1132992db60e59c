"""Uses the Python client on a server that has the CRD of Widgets, and prints what the server answered as JSON."""

import datetime
import json
import threading

import kubernetes
from kubernetes import client, config, dynamic, watch

config.load_kube_config()
answers = {"client": kubernetes.__version__}

try:
    answers["version"] = client.VersionApi().get_code().git_version
    answers["groups"] = [group.name for group in client.ApisApi().get_api_versions().groups]
except client.ApiException as error:
    # A server with go-restful 3.10 does not answer paths with a trailing slash.
    answers["version"] = error.status

core = client.CoreV1Api()
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="python")))
answers["namespaces"] = [item.metadata.name for item in core.list_namespace().items]

config_map = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a"), data={"a": "1"})
core.create_namespaced_config_map("python", config_map)
answers["configMap"] = core.patch_namespaced_config_map("a", "python", {"data": {"b": "2"}}).data

now = datetime.datetime.now(datetime.timezone.utc)
leases = client.CoordinationV1Api()
lease = leases.create_namespaced_lease(
    "python",
    client.V1Lease(
        metadata=client.V1ObjectMeta(name="leader"),
        spec=client.V1LeaseSpec(holder_identity="a", lease_duration_seconds=15, renew_time=now),
    ),
)
lease.spec.holder_identity = "b"
answers["lease"] = leases.replace_namespaced_lease("leader", "python", lease).spec.holder_identity

widgets = client.CustomObjectsApi()
at = {"group": "conformance.example.com", "version": "v1", "namespace": "python", "plural": "widgets"}


def widget(name, size):
    return {
        "apiVersion": "conformance.example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": size},
    }


events = []
start = widgets.list_namespaced_custom_object(**at)["metadata"]["resourceVersion"]


def follow():
    stream = watch.Watch()
    for event in stream.stream(
        widgets.list_namespaced_custom_object, **at, resource_version=start, timeout_seconds=20
    ):
        events.append([event["type"], event["object"]["metadata"]["name"]])
        if event["type"] == "DELETED":
            stream.stop()


follower = threading.Thread(target=follow)
follower.start()
widgets.create_namespaced_custom_object(**at, body=widget("w", 2))
answers["patched"] = widgets.patch_namespaced_custom_object(**at, name="w", body={"spec": {"size": 3}})["spec"]["size"]
answers["listed"] = len(widgets.list_namespaced_custom_object(**at)["items"])
try:
    widgets.create_namespaced_custom_object(**at, body=widget("large", 1000))
except client.ApiException as error:
    answers["invalid"] = [error.status, json.loads(error.body)["reason"]]
widgets.delete_namespaced_custom_object(**at, name="w")
follower.join()
answers["events"] = events

resource = dynamic.DynamicClient(client.ApiClient()).resources.get(
    api_version="conformance.example.com/v1", kind="Widget"
)
applied = resource.server_side_apply(body=widget("applied", 7), namespace="python", field_manager="python")
answers["applied"] = [applied.spec.size, applied.metadata.managedFields[0].manager]
print(json.dumps(answers))
