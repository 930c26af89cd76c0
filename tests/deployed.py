"""The files of deploy/, read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT: Final = Path(__file__).parents[1]
DEPLOY: Final = CHECKOUT / "deploy"
KUBERNETES: Final = DEPLOY / "kubernetes"

Document = dict[str, Any]


def documents(text: str) -> list[Document]:
    """What stands between the lines of dashes."""
    return list(yaml.safe_load_all(text))


def compose() -> Document:
    """deploy/compose.yaml, its anchors merged."""
    (document,) = documents((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return document


def manifests() -> dict[str, Document]:
    """Kubernetes' objects by `<kind> <name>`, without what kustomize makes of them."""
    found = [
        each
        for path in sorted(KUBERNETES.rglob("*.yaml"))
        for each in documents(path.read_text(encoding="utf-8"))
        if each["kind"] not in {"Kustomization", "Component"}
    ]
    return {f"{each['kind']} {each['metadata']['name']}": each for each in found}


def kustomizations() -> dict[str, Document]:
    """The kustomizations and components, by their folder."""
    return {
        str(path.parent.relative_to(KUBERNETES)): documents(path.read_text(encoding="utf-8"))[0]
        for path in sorted(KUBERNETES.rglob("kustomization.yaml"))
    }


def pod(manifest: Mapping[str, Any]) -> Document:
    """What a Deployment's or a Job's pods are."""
    specification: Document = manifest["spec"]["template"]["spec"]
    return specification


def literals(kustomization: Mapping[str, Any]) -> dict[str, str]:
    """The settings that a kustomization makes a ConfigMap of."""
    given = [line for each in kustomization["configMapGenerator"] for line in each["literals"]]
    return dict(line.split("=", 1) for line in given)
