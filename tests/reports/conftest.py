"""Runs that most tests of the reports need."""

import pytest

from reports.load import Run, read_run
from tests.reports import results


@pytest.fixture(scope="session")
def our_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(results.write(tmp_path_factory.mktemp("ours") / "0001_ours.json", results.ours()))


@pytest.fixture(scope="session")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(results.write(tmp_path_factory.mktemp("plain") / "0001_plain.json", results.plain()))
