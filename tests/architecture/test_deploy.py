"""What operators run agrees with the code: services, variables, topics, metrics, runbooks."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with the fuzzer; its types would be one more package

from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = ("customer", "feedback", "channel-router", "risk", "kpi")
ALERTS = DEPLOY / "observability/alerts.yml"


def compose() -> dict[str, Any]:
    """The compose file, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_migrated_before_its_two_roles_start(service: str) -> None:
    parts = compose()["services"]
    assert parts[f"{service}-migrate"]["command"] == ["migrate"]
    for role in ("api", "worker"):
        part = parts[f"{service}-{role}"]
        assert part["image"] == f"cxbank/{service}"
        assert part["depends_on"][f"{service}-migrate"] == {"condition": "service_completed_successfully"}
        assert part["environment"]["CXBANK_DATABASE_URL"].endswith(f"/{service.replace('-', '_')}")
        assert part.get("read_only")
    assert parts[f"{service}-api"]["build"]["args"] == {"SERVICE": service}


def test_ports_are_the_documented_ones() -> None:
    parts = compose()["services"]
    for number, service in enumerate(SERVICES, 1):
        assert parts[f"{service}-api"]["ports"] == [f"127.0.0.1:800{number}:8000"]
        assert parts[f"{service}-worker"]["ports"] == [f"127.0.0.1:900{number}:9000"]


def test_every_topic_is_made_with_twelve_partitions() -> None:
    script = compose()["services"]["topics"]["command"][-1]
    names = re.findall(r"for name in ([a-z -]+);", script)[0].split()
    assert set(names) == {*SERVICES, "external"}
    assert "--partitions 12" in script


def test_every_variable_is_a_setting() -> None:
    known = {f"CXBANK_{name.upper()}" for name in ServiceSettings.model_fields}
    operators = {"CXBANK_POSTGRES_PASSWORD", "CXBANK_MIGRATOR_PASSWORD", "CXBANK_APP_PASSWORD"}
    faults = []
    for path in [
        *DEPLOY.glob("*.yml"),
        *DEPLOY.glob("*.sh"),
        *DEPLOY.glob("*.md"),
        *DEPLOY.glob("*file"),
        *DEPLOY.glob("k8s/**/*.yaml"),
    ]:
        used = set(re.findall(r"\bCXBANK_[A-Z_]+\b", path.read_text(encoding="utf-8")))
        faults += [f"{path.relative_to(ROOT)}: {name}" for name in used - known - operators]
    assert not faults, "\n".join(faults)


def test_the_image_installs_what_is_hashed_and_nothing_else() -> None:
    text = (DEPLOY / "service.Dockerfile").read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in installs)
    assert {"ARG SERVICE", "USER 10001:10001"} <= set(text.splitlines())


@pytest.mark.parametrize("overlay", ["development", "production"])
def test_an_overlay_builds_five_services_of_two_roles(overlay: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not here; the overlays are built where it is")
    words = [kubectl, "kustomize", str(DEPLOY / "k8s/overlays" / overlay)]
    built = subprocess.run(words, capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(built.stdout))
    names = {(one["kind"], one["metadata"]["name"]) for one in made}
    for service in SERVICES:
        assert {
            ("Deployment", f"{service}-api"),
            ("Deployment", f"{service}-worker"),
            ("Job", f"{service}-migrate"),
        } <= names
    for one in made:
        if one["kind"] not in {"Deployment", "Job"}:
            continue
        service = one["metadata"]["labels"]["app.kubernetes.io/name"]
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"].startswith(f"cxbank/{service}:")
        assert {source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source} <= {
            f"{service}-secrets",
            f"{service}-migrator",
        }
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known_metrics() -> set[str]:
    """The names under which the code counts, times and gauges, as Prometheus has them."""
    found = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
    made = re.compile(r"\b(Counter|Gauge|Histogram)\(\s*\"([a-z_]+)\"")
    for path in [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]:
        for kind, name in made.findall(path.read_text(encoding="utf-8")):
            found |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "Histogram" else {name}
            found |= {f"{name.removesuffix('_total')}_total"} if kind == "Counter" else set()
    return found


def metrics_in(expression: str) -> set[str]:
    """The names in an expression that are metrics: not functions, labels or words."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|\b(by|without|on|ignoring) *\([^)]*\)", " ", expression)
    words = re.findall(r"\b([a-z][a-z_]+)\b(?!\s*\()", bare)
    return set(words) - {"and", "or", "unless", "bool", "offset"}


@pytest.mark.parametrize("alert", alerts(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_metrics_that_exist_and_links_a_runbook(alert: dict[str, Any]) -> None:
    assert metrics_in(alert["expr"]) <= known_metrics()
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert (DEPLOY / "observability" / alert["annotations"]["runbook"]).exists()


def test_every_runbook_is_linked_by_an_alert_or_by_the_operators_page() -> None:
    linked = {Path(alert["annotations"]["runbook"]).name for alert in alerts()}
    linked |= set(
        re.findall(r"observability/runbooks/([a-z-]+\.md)", (DEPLOY / "README.md").read_text(encoding="utf-8"))
    )
    assert {path.name for path in (DEPLOY / "observability/runbooks").glob("*.md")} == linked


def test_a_dashboard_shows_metrics_that_exist() -> None:
    for path in (DEPLOY / "observability/dashboards").glob("*.json"):
        board = json.loads(path.read_text(encoding="utf-8"))
        asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
        assert asked
        for expression in asked:
            assert metrics_in(expression) <= known_metrics(), expression
