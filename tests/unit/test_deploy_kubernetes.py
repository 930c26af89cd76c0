"""deploy/kubernetes: valid by the schemas, and held against the code."""

from __future__ import annotations

import copy
import importlib
import re
import shutil
import subprocess
from typing import Final

import pytest
from pydantic import ValidationError

from tests.deployed import KUBERNETES, Document, documents, kustomizations, manifests, pod
from worker.rabbitmq.topology import HERVAT, NOTIFICATIE_EMAIL, REGISTRATIE_QUEUES, ZAKEN
from worker.rabbitmq.topology import definitions as topology
from worker.role import Role
from worker.settings import Settings

_MODELS: Final = {
    "v1": "kubernetes.core.v1",
    "apps/v1": "kubernetes.apps.v1",
    "batch/v1": "kubernetes.batch.v1",
    "networking.k8s.io/v1": "kubernetes.networking.v1",
    "policy/v1": "kubernetes.policy.v1",
    "keda.sh/v1alpha1": "keda.v1alpha1",
    "monitoring.coreos.com/v1": "prometheus_operator.v1",
}
_MANIFESTS: Final = manifests()
_DEPLOYMENTS: Final = [f"Deployment klantcontact-{role}" for role in Role]
_PODS: Final = [*_DEPLOYMENTS, "Job klantcontact-migrate"]


def _validate(manifest: Document) -> None:
    """Raises ValidationError, for a field that the schema does not know, too."""
    models = importlib.import_module(f"cloudcoil.models.{_MODELS[manifest['apiVersion']]}")
    getattr(models, manifest["kind"]).model_validate(manifest, extra="forbid")


def _built() -> list[Document]:
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl, which has kustomize in it")
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays/example")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return documents(done.stdout)


def _queues(name: str) -> set[str]:
    """Which queues a ScaledObject looks at."""
    (trigger,) = _MANIFESTS[f"ScaledObject klantcontact-{name}"]["spec"]["triggers"]
    asked = trigger["metadata"]
    pattern = asked["queueName"] if "useRegex" in asked else re.escape(asked["queueName"])
    # RabbitMQ looks for it anywhere in the name, as Python's search does.
    names = [queue["name"] for queue in topology()["queues"]]
    return {name for name in names if re.search(pattern, name)}


def _without_the_role(name: str) -> str:
    """A Deployment, less what a role may have of its own."""
    manifest = copy.deepcopy(_MANIFESTS[name])
    (container,) = pod(manifest)["containers"]
    del container["resources"]["requests"]["cpu"]
    container["env"], container["volumeMounts"] = (
        container["env"][:2],
        container["volumeMounts"][:1],
    )
    pod(manifest)["volumes"] = pod(manifest)["volumes"][:1]
    role = name.rpartition("-")[2]
    return re.sub(rf"\b{role}\b", "ROLE", repr(manifest))


@pytest.mark.parametrize("name", _MANIFESTS)
def test_every_manifest_keeps_to_its_schema(name: str) -> None:
    _validate(_MANIFESTS[name])


def test_a_misspelt_field_keeps_to_no_schema() -> None:
    manifest = copy.deepcopy(_MANIFESTS["Deployment klantcontact-intake"])
    pod(manifest)["containers"][0]["readinesProbe"] = {}
    with pytest.raises(ValidationError, match="readinesProbe"):
        _validate(manifest)


def test_the_example_can_be_built_and_keeps_to_its_schemas() -> None:
    built = _built()
    for manifest in built:
        _validate(manifest)
    # And one ConfigMap, which kustomize makes.
    assert len(built) == len(_MANIFESTS) + 1


def test_every_manifest_is_listed_and_every_listed_file_is_there() -> None:
    listed = {
        (KUBERNETES / folder / entry).resolve()
        for folder, each in kustomizations().items()
        for entry in (*each["resources"], *each.get("components", ()))
    }
    files = set(KUBERNETES.rglob("*.yaml")) - set(KUBERNETES.rglob("kustomization.yaml"))
    assert {path for path in listed if not path.is_dir()} == files
    assert all((path / "kustomization.yaml").is_file() for path in listed - files)


@pytest.mark.parametrize("role", Role)
def test_every_role_is_a_deployment(role: Role) -> None:
    deployment = _MANIFESTS[f"Deployment klantcontact-{role}"]
    assert pod(deployment)["containers"][0]["args"] == ["worker", "--role", role.value]


@pytest.mark.parametrize("name", _DEPLOYMENTS[1:])
def test_deployments_differ_in_their_role_alone(name: str) -> None:
    assert _without_the_role(name) == _without_the_role(_DEPLOYMENTS[0])


@pytest.mark.parametrize("role", Role)
def test_every_role_loses_one_pod_at_a_time(role: Role) -> None:
    budget = _MANIFESTS[f"PodDisruptionBudget klantcontact-{role}"]["spec"]
    deployment = _MANIFESTS[f"Deployment klantcontact-{role}"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == deployment["selector"]


@pytest.mark.parametrize("name", _PODS)
def test_every_pod_keeps_to_the_restricted_profile(name: str) -> None:
    context = pod(_MANIFESTS[name])["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod(_MANIFESTS[name])["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("name", _PODS)
def test_every_pod_says_what_it_takes(name: str) -> None:
    for container in pod(_MANIFESTS[name])["containers"]:
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", _PODS)
def test_every_secret_that_is_named_is_a_file_that_is_mounted(name: str) -> None:
    (container,) = pod(_MANIFESTS[name])["containers"]
    named = {
        each["value"].rpartition("/")[0]
        for each in container["env"]
        if each["name"].endswith("_FILE")
    }
    assert named == {mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in pod(_MANIFESTS[name])["volumes"]}
    assert volumes == {mount["name"] for mount in container["volumeMounts"]}


def test_no_secret_is_in_a_manifest() -> None:
    assert [name for name in _MANIFESTS if name.startswith("Secret ")] == []


def test_every_secret_is_told_of_in_the_example() -> None:
    text = (KUBERNETES / "overlays/example/kustomization.yaml").read_text(encoding="utf-8")
    of_pods = {
        volume["secret"]["secretName"]
        for name in _PODS
        for volume in pod(_MANIFESTS[name])["volumes"]
    }
    of_keda = {
        each["name"]
        for each in _MANIFESTS["TriggerAuthentication klantcontact-broker"]["spec"][
            "secretTargetRef"
        ]
    }
    assert set(re.findall(r"^#   (klantcontact-\w+) ", text, re.MULTILINE)) == of_pods | of_keda


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_the_worker_gives_up_before_it_is_killed(name: str) -> None:
    grace = pod(_MANIFESTS[name])["terminationGracePeriodSeconds"]
    assert grace > Settings.model_fields["drain"].default.total_seconds()


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_the_worker_has_twice_the_memory_that_it_keeps_within(name: str) -> None:
    (container,) = pod(_MANIFESTS[name])["containers"]
    limit = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
    assert limit * 1024 * 1024 == 2 * Settings.model_fields["memory_budget"].default


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("startupProbe", "/startupz"),
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
    ],
)
def test_each_probe_asks_its_own_question(probe: str, path: str) -> None:
    (container,) = pod(_MANIFESTS["Deployment klantcontact-intake"])["containers"]
    assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]


def test_the_intake_is_scaled_by_all_that_it_takes() -> None:
    assert _queues("intake") == {*REGISTRATIE_QUEUES, ZAKEN, HERVAT}


def test_the_mailer_is_scaled_by_its_jobs() -> None:
    assert _queues("mailer") == {NOTIFICATIE_EMAIL}


def test_what_is_scaled_is_a_deployment_whose_number_is_not_set() -> None:
    scaled = [each for name, each in _MANIFESTS.items() if name.startswith("ScaledObject ")]
    targets = {each["spec"]["scaleTargetRef"]["name"] for each in scaled}
    (patch,) = kustomizations()["components/keda"]["patches"]
    unset = {
        name for name in _MANIFESTS if re.fullmatch(f"Deployment {patch['target']['name']}", name)
    }
    assert unset == {f"Deployment {name}" for name in targets}
