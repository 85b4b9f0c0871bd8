"""The container files: start refused without secrets, migrate once, one scheduler, no root, nothing embedded."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
APP = ("migrate", "web", "worker", "sender", "beat")
SECRETS = {"CRM_SECRET_KEY", "CRM_ALLOWED_HOSTS", "POSTGRES_PASSWORD"}


def test_the_parts_are_these() -> None:
    assert set(SERVICES) == {*APP, "db", "valkey"}
    assert SERVICES["db"]["image"] == "postgres:18"
    assert SERVICES["valkey"]["image"].startswith("valkey/valkey:")


def test_a_start_without_secrets_is_refused() -> None:
    variables = dict(re.findall(r"\$\{([A-Z_]+)(:[?-])", COMPOSE))
    assert {name for name, kind in variables.items() if kind == ":?"} == SECRETS
    assert not re.search(r"\$\{[A-Z_]+\}", COMPOSE), (
        "a variable without default or refusal becomes empty silently"
    )
    for line in COMPOSE.splitlines():
        key = line.strip().split(":")[0]
        if key in SECRETS:
            assert f"${{{key}:?" in line


@pytest.mark.parametrize("name", APP)
def test_the_application_runs_in_production_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["environment"]["CRM_ENV"] == "production"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "user" not in service


def test_it_migrates_once_and_everything_waits_for_that() -> None:
    commands = {name: " ".join(SERVICES[name].get("command", [])) for name in APP}
    assert commands["migrate"] == "python manage.py migrate_once"
    assert SERVICES["migrate"]["restart"] == "no"
    assert [name for name in APP if "migrate" in commands[name]] == ["migrate"]
    for name in ("web", "worker", "sender", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for name in APP:
        for server in ("db", "valkey"):
            assert SERVICES[name]["depends_on"][server]["condition"] == "service_healthy"


def test_there_is_one_scheduler() -> None:
    beats = [name for name in APP if "beat" in SERVICES[name].get("command", [])]
    assert beats == ["beat"]
    assert SERVICES["beat"]["deploy"]["replicas"] == 1
    assert not any("-B" in SERVICES[name].get("command", []) for name in APP)


def test_every_part_that_stays_has_a_health_check() -> None:
    for name in ("web", "worker", "sender", "beat", "db", "valkey"):
        assert SERVICES[name]["healthcheck"]["test"], name


def test_only_the_web_is_reachable_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_the_database_logs_no_statement_and_no_detail() -> None:
    words = SERVICES["db"]["command"]
    assert {"log_min_error_statement=panic", "log_error_verbosity=terse"} <= set(words)


def test_data_outlives_the_containers() -> None:
    assert SERVICES["db"]["volumes"] == ["database:/var/lib/postgresql"]
    assert (
        SERVICES["web"]["volumes"]
        == SERVICES["beat"]["volumes"]
        == [
            "data:/data",
            "backups:/backups",
        ]
    )
    assert SERVICES["valkey"]["volumes"] == ["broker:/data"]


def test_the_image_holds_production_requirements_only_and_no_secret() -> None:
    stages = DOCKERFILE.split("\nFROM ")[1:]
    assert len(stages) == 2
    assert re.findall(r"requirements/\w+\.txt", DOCKERFILE) == ["requirements/prod.txt"]
    assert "--require-hashes --no-deps" in DOCKERFILE
    last = stages[-1]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert last.index("USER 10001") < last.index("CMD [")
    assert "collectstatic" in stages[0]
    assert "HEALTHCHECK" in last
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD)", DOCKERFILE, re.MULTILINE)


def test_the_builder_sees_only_what_the_image_needs() -> None:
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "*"
    assert set(lines[1:-1]) >= {"!crm", "!leads", "!templates", "!manage.py", "!requirements/prod.txt"}
    assert not {"!tests", "!var", "!.git"} & set(lines)
