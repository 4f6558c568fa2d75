"""Secrets in every field of a document: none of them reaches a page, or any text that is made of it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reports import ab_page, pages, twins
from reports.__main__ import main
from reports.load import Run, read_run
from tests.reports import results

HOST, USER = "glados-7.lab.example", "cjohnson"
SECRETS = (
    "/home/cjohnson/zinnober/a.npz",
    "/mnt/scratch/zinnober",
    r"C:\Users\cjohnson\zinnober\b.npz",
    r"\\nas\zinnober\c",
    "~/zinnober",
    "ran on glados-7 for cjohnson",
    "10.20.30.40",
    "fe80::1ff:fe23:4567:890a",
    "00:1a:2b:3c:4d:5e",
    "https://cjohnson:ghp_0123456789abcdefghij@forge.example/zinnober.git",
    "git@forge.example:zinnober/secret.git",
    "zinnober@forge.example",
    "token=hunter2hunter2",
    "AWS_SECRET_KEY=hunter2hunter2",
    "GPU-1f2e3d4c-aaaa-bbbb-cccc-0123456789ab",
    "serial 1324821006655",
)
TRACES = (
    "cjohnson", "zinnober", "glados", "10.20.30.40", "fe80", "00:1a:2b", "ghp_0123456789", "forge.example",
    "hunter2", "1f2e3d4c", "1324821006655",
)  # fmt: skip
FIXED = {"topic", "unit", "mode", "direction", "start_method", "datetime", "workload", "device", "kind"}


def planted(value: Any, secrets: Iterator[str], key: str = "") -> Any:
    """Return a document with a secret at the end of every string and in a new key of every object."""
    if isinstance(value, dict):
        found = {k: planted(item, secrets, k) for k, item in value.items()}
        return found | {f"note {next(secrets)}": next(secrets)} if key != "reference" else found
    if isinstance(value, list):
        return [planted(item, secrets, key) for item in value]
    return f"{value} {next(secrets)}" if isinstance(value, str) and key not in FIXED else value


def endless() -> Iterator[str]:
    while True:
        yield from SECRETS


def document(kind: str) -> dict[str, Any]:
    made = planted(results.small() if kind == "ours" else results.plain(), endless())
    facts = {
        "host.name": HOST, "user.name": USER, "gpu.0.serial": "1324821006655",
        "environment.TOKEN": "hunter2hunter2", "environment.OMP_NUM_THREADS": "4",
    }  # fmt: skip
    machine = made["machine_info"]
    machine |= {"node": HOST, "user": USER, "argv": ["train", "zinnober"], "ip": "10.20.30.40"}
    machine.setdefault("facts", {}).update(
        {key: {"value": value, "unit": "", "source": "planted"} for key, value in facts.items()}
    )
    made["machine_info"]["env"] = {"TOKEN": "hunter2hunter2", "PWD": "/zinnober"}
    made["commit_info"] |= {"author_name": "zinnober", "id": "0" * 40, "branch": "cjohnson/zinnober"}
    return made


@cache
def run(kind: str, folder: Path, include_private: bool = False) -> Run:
    path = results.write(folder / f"{USER}_{HOST}_{kind}.json", document(kind))
    return read_run(path, include_private)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield str(value)


def left(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text.lower()]


def forms(page: pages.Page) -> list[str]:
    texts = (twins.markdown_text, twins.terminal_text, twins.json_text)
    return [page.html(), page.csv(), *(text(page) for text in texts)]


@pytest.mark.parametrize("kind", ["ours", "plain"])
def test_no_field_of_the_document_keeps_a_secret(kind: str, folder: Path) -> None:
    one = run(kind, folder)
    assert [leaf for leaf in leaves(one.document) if left(leaf)] == []
    assert left(one.name) == []
    assert one.machine_info["facts"]["environment.OMP_NUM_THREADS"]["value"] == "4"


@pytest.mark.parametrize("kind", ["ours", "plain"])
def test_no_form_of_the_page_keeps_a_secret(kind: str, folder: Path) -> None:
    page = pages.built([run(kind, folder)])
    assert [left(text) for text in forms(page)] == [[]] * 5
    assert [left(line) for line in page.lines] == [[]] * len(page.lines)


def test_no_form_of_a_fleet_keeps_a_secret(folder: Path) -> None:
    page = pages.built([run("ours", folder), run("plain", folder), other(folder)])
    assert "fleet" in page.report.title
    assert [left(text) for text in forms(page)] == [[]] * 5


@cache
def other(folder: Path) -> Run:
    made = document("ours")
    made["machine_info"]["node"] = "wheatley-3"
    made["machine_info"]["facts"].pop("host.name")
    return read_run(results.write(folder / "other.json", made))


def test_banner_lists_what_was_left_out(folder: Path) -> None:
    (notice,) = (n for n in pages.built([run("ours", folder)]).head.notices if "Left out" in n)
    for kind in (
        "names of hosts and users",
        "paths",
        "addresses",
        "secrets",
        "serial numbers",
        "environment values",
    ):
        assert kind in notice


def test_everything_is_kept_where_that_is_asked_for_and_the_page_says_so(folder: Path) -> None:
    page = pages.built([run("ours", folder, include_private=True)])
    assert set(left(page.csv() + page.html())) >= {"cjohnson", "zinnober", "hunter2"}
    assert any("--include-private" in notice for notice in page.head.notices)


def test_page_of_a_comparison_in_turns_keeps_none_either(tmp_path: Path) -> None:
    comparisons = [
        {
            "name": SECRETS[0],
            "ratio": 1.1,
            "ratio_low": 1.0,
            "ratio_high": 1.2,
            "verdict": "unsure",
            "reason": SECRETS[9],
        }
    ]
    made = {
        "command": "ab",
        "a": SECRETS[1],
        "b": SECRETS[12],
        "comparisons": comparisons,
        "failures": {SECRETS[2]: SECRETS[3]},
    }
    path = results.write(tmp_path / "ab.json", made)
    document = ab_page.read(path)
    assert document is not None
    assert left(ab_page.page_of(document, "").html()) == []


def test_nothing_private_is_said_too(tmp_path: Path) -> None:
    one = read_run(results.write(tmp_path / "r.json", results.plain()))
    assert any("Nothing private was found" in notice for notice in pages.built([one]).head.notices)


def test_no_form_of_a_comparison_keeps_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = document("ours")
    made["machine_info"]["facts"] |= {
        "cpu.model_name": {"value": f"CPU of {USER}", "unit": "", "source": SECRETS[0]},
        "environment.OMP_PLACES": {"value": "zinnober", "unit": "", "source": ""},
    }
    sides = [
        results.write(tmp_path / f"{name}.json", one) for name, one in ((USER, document("ours")), ("b", made))
    ]
    for kind in ("table", "md", "csv", "json"):
        target = tmp_path / "compare.html"
        assert main(["compare", *map(str, sides), "--format", kind, "-o", str(target)]) == 0
        captured = capsys.readouterr()
        assert left(captured.out + captured.err + target.read_text(encoding="utf-8")) == []
