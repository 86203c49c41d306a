# SPDX-License-Identifier: Apache-2.0
"""The house: floors without circles, light imports, public names that resolve."""

import ast
import importlib
import os
import pathlib
import pkgutil
import subprocess
import sys
import tomllib

import pytest

import netket

PACKAGE = pathlib.Path(netket.__file__).parent
ROOT = pathlib.Path(__file__).parent.parent

# which package stands on which floor; imports only point down
FLOORS = {
    "_inner_paths": 0,
    "_version": 0,
    "config": 1,
    "errors": 1,
    "utils": 1,
    "jax": 2,
    "stats": 2,
    "graph": 2,
    "hilbert": 3,
    "nn": 3,
    "operator": 4,
    "exact": 4,
    "symmetry": 4,
    "sampler": 5,
    "models": 5,
    "optimizer": 6,
    "observable": 6,
    "vqs": 6,
    "driver": 7,
    "callbacks": 7,
    "logging": 7,
    "tools": 8,
    "experimental": 8,
}
# imports between packages of one floor that are allowed; together they must not form a circle
SAME_FLOOR = {
    ("utils", "errors"),
    ("utils", "config"),
    ("jax", "stats"),
    ("exact", "operator"),
    ("exact", "symmetry"),
    ("symmetry", "operator"),
    ("vqs", "optimizer"),
    ("observable", "vqs"),
    ("driver", "callbacks"),
    ("logging", "callbacks"),
    ("driver", "logging"),
}


def packages() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name[0] != "_")


def imported_packages(path: pathlib.Path):
    """(line, first component below netket) of every import of ours in a file."""
    here = path.relative_to(PACKAGE.parent).with_suffix("").parts
    package = here if path.name == "__init__.py" else here[:-1]
    package = tuple(p for p in package if p != "__init__")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
            if node.module == "netket":
                names = [f"netket.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            names = [".".join((*base, *([node.module] if node.module else [])))]
            if names == ["netket"]:
                names = [f"netket.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "netket" and len(parts) > 1:
                yield node.lineno, parts[1]


def test_every_package_has_a_floor():
    assert set(packages()) <= set(FLOORS)


def test_imports_only_point_down():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for line, other in imported_packages(path):
            if other == own or FLOORS.get(other, 99) < FLOORS[own] or (own, other) in SAME_FLOOR:
                continue
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {own} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_no_circles_on_a_floor():
    arrows = {a: {b for x, b in SAME_FLOOR if x == a} for a, _ in SAME_FLOOR}

    def reaches(start: str, goal: str) -> bool:
        return any(b == goal or reaches(b, goal) for b in arrows.get(start, ()))

    assert not [name for name in arrows if reaches(name, name)]


@pytest.mark.parametrize("name", packages())
def test_public_names_resolve(name):
    module = importlib.import_module(f"netket.{name}")
    if name == "config":  # a module with one object
        return
    public = getattr(module, "__all__", None)
    assert public is not None, f"netket.{name} has no __all__"
    assert len(set(public)) == len(public)
    missing = [n for n in public if not hasattr(module, n)]
    assert not missing
    namespace: dict = {}
    exec(f"from netket.{name} import *", namespace)
    assert set(public) <= set(namespace)


def test_star_import_of_the_top_level():
    namespace: dict = {}
    exec("from netket import *", namespace)
    assert set(netket.__all__) <= set(namespace)
    assert {"VMC", "operator", "config"} <= set(dir(netket))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = netket.nonsense


def run_fresh(code: str, **env: str) -> str:
    """Output of a fresh interpreter."""
    result = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_imports_start_no_jax_backend():
    """With a platform that does not exist, starting a backend would raise."""
    code = "import netket, importlib\n" + "\n".join(
        f"importlib.import_module('netket.{name}')" for name in packages()
    )
    run_fresh(code, JAX_PLATFORMS="no_such_platform")


def test_import_netket_is_light():
    heavy = ("flax", "numba", "optax", "igraph", "networkx", "matplotlib", "rich", "tqdm", "plum")
    code = "import netket, sys; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = set(run_fresh(code).split())
    assert not loaded & set(heavy)


def test_optional_packages_are_not_imported_with_ours():
    """What a script does not touch is not imported, even when every package of ours is."""
    code = "import netket, importlib, sys\n" + "\n".join(
        f"importlib.import_module('netket.{name}')" for name in packages()
    )
    code += "\nprint(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = set(run_fresh(code).split())
    assert not loaded & {"igraph", "networkx", "matplotlib", "qutip", "openfermion", "pyscf"}


def test_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == netket.__version__


def test_64_bit_numbers_by_default():
    import jax.numpy as jnp

    assert jnp.zeros(1).dtype == jnp.float64
