"""The pass mechanism as pytest hooks: measure all passes first, then replay them through pytest-benchmark.

ARCHITECTURE.md, decision 1, says why.
"""

import inspect
import random
from collections.abc import Callable, Generator, Sequence
from typing import Any, cast

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import noise, options
from bench.configuration import Options
from bench.host import Host
from bench.passes import Schedule, Series
from bench.process_tree import interrupted_by_signals
from bench.progress import PassProgress
from bench.result_file import Run, UnfinishedFile
from diagnostics.documents import check_path
from diagnostics.facts import as_document
from diagnostics.gather import BRIEF_TRIALS, gather
from diagnostics.outcomes import UsageError

RUN = pytest.StashKey[Run]()
UNFINISHED = pytest.StashKey[UnfinishedFile]()
SERIES = pytest.StashKey[Series]()
FACTS = pytest.StashKey[dict[str, Any]]()
SEED = pytest.StashKey[int]()
UNSAVED = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that narrow or widen the grids."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of the orders, unless it is given."""
    given = config.getoption("order_seed")
    config.stash[SEED] = random.randrange(2**32) if given is None else given
    # A configuration that failed before its first pass has nothing to replay; pytest reports it as failed.
    config.addinivalue_line("filterwarnings", "ignore:Benchmark fixture was not used at all")


def pytest_report_header(config: pytest.Config) -> str:
    """Tell how the run can be repeated."""
    return (
        f"torch-checkup: profile {config.getoption('profile')}, {options.num_passes(config)} passes, "
        f"--order-seed {config.stash[SEED]}"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Lay out the grid of a benchmark function."""
    grid: Callable[[Options], Sequence[dict[str, Any]]] | None = getattr(metafunc.function, "grid", None)
    if grid is None:
        return
    rows = grid(options.read(metafunc.config))
    names = list(rows[0] if rows else _required(metafunc.function))
    cases = [pytest.param(*row.values(), id="-".join(map(str, row.values()))) for row in rows]
    metafunc.parametrize(names, cases)


def _required(function: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.default is one.empty]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the options left no row of, as copies to a GPU under `--devices cpu`."""
    empty = [item for item in items if _has_no_row(item)]
    items[:] = [item for item in items if item not in empty]
    config.hook.pytest_deselected(items=empty)


def _has_no_row(item: pytest.Item) -> bool:
    """Tell the item that pytest makes, to be skipped, of a function without parameter sets."""
    reasons = [mark.kwargs.get("reason", "") for mark in item.iter_markers("skip")]
    return any(reason.startswith("got empty parameter set") for reason in reasons)


@pytest.fixture(autouse=True)
def _replays_through(benchmark: BenchmarkFixture) -> BenchmarkFixture:
    """Make every benchmark here one of pytest-benchmark's, so that its options apply."""
    return benchmark


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Measure every pass before the first item runs; after Ctrl-C replay what is there, then stop."""
    items = [item for item in session.items if isinstance(item, pytest.Function) and _is_ours(item)]
    if not items or session.testsfailed or _measures_nothing(session.config):
        return (yield)
    _require_a_side_to_compare_with(session.config)
    interrupt = None
    try:
        with interrupted_by_signals():
            _measure(session.config, [_series_of(item) for item in items])
    except KeyboardInterrupt as pressed:
        interrupt = pressed
    for item in items:
        _prepare_replay(item)
    outcome = yield
    if interrupt:
        raise interrupt
    return outcome


def _require_a_side_to_compare_with(config: Any) -> None:
    """Refuse at once what pytest-benchmark refuses at the end: a gate without an earlier result."""
    if config.getoption("benchmark_compare_fail") and not config._benchmarksession.compared_mapping:
        raise pytest.UsageError(
            "--benchmark-compare-fail has nothing to compare with: name a readable result with "
            "--benchmark-compare"
        )


def _is_ours(item: pytest.Function) -> bool:
    return hasattr(item.function, "grid")


def _measures_nothing(config: pytest.Config) -> bool:
    """Whether only the collection is wanted, or this is one of several parallel test processes."""
    return config.option.collectonly or config.getoption("benchmark_skip") or hasattr(config, "workerinput")


def _series_of(item: pytest.Function) -> Series:
    params = dict(item.callspec.params)
    series = Series(item.nodeid, item.name, item.function.topic, params, item.path, item.originalname)
    item.stash[SERIES] = series
    return series


def _measure(config: pytest.Config, series: list[Series]) -> None:
    is_smoke = config.getoption("profile") == "smoke" or config.getoption("benchmark_disable")
    budget = config.getoption("budget")
    schedule = Schedule(options.num_passes(config), config.stash[SEED], is_smoke, budget_seconds=budget)
    run = config.stash[RUN] = Run(config.getoption("profile"), schedule, series)
    _open_unfinished(config, run)
    machine_info = {"facts": _facts(config)}

    def write() -> None:
        if UNFINISHED in config.stash:
            config.stash[UNFINISHED].write(run.document(machine_info))

    def kept(fullname: str, so_far: dict[str, Any]) -> None:
        next(one for one in series if one.fullname == fullname).keep(so_far)
        write()

    def finished(number: int, one: Series) -> None:
        progress.advance(number, one.name)
        if one.failure and one.failure.kind == "unusable":
            raise pytest.UsageError(one.failure.reason)
        write()

    with (
        PassProgress(schedule.num_passes, len(series)) as progress,
        Host(config.getoption("hang_after"), kept=kept) as host,
    ):
        run.is_complete = schedule.run(host, series, finished)
    write()


def _open_unfinished(config: pytest.Config, run: Run) -> None:
    folder = options.storage_folder(config)
    if folder is None:
        return
    try:
        check_path(options.unopened_json(config), "--benchmark-json")
    except (UsageError, OSError) as error:
        raise pytest.UsageError(str(error)) from None
    try:
        config.stash[UNFINISHED] = UnfinishedFile(folder, run.started)
    except OSError as error:
        raise pytest.UsageError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --benchmark-storage"
        ) from None


def _facts(config: pytest.Config) -> dict[str, Any]:
    """Gather the facts once a session; a smoke run does without the trials."""
    if FACTS not in config.stash:
        quick = config.getoption("profile") == "smoke"
        gathered = gather(quick=quick, include_private=config.getoption("include_private"), only=BRIEF_TRIALS)
        config.stash[FACTS] = as_document(gathered.facts)
    return config.stash[FACTS]


def _prepare_replay(item: pytest.Function) -> None:
    """Give pytest-benchmark a timer that reads off what the passes measured."""
    series = item.stash[SERIES]
    group = item.function.group.format(**series.params)
    item.add_marker(pytest.mark.benchmark(group=group, timer=replay(series.seconds())))


def replay(durations: Sequence[float]) -> Callable[[], float]:
    """Return a timer that reads 0 and then a duration, again and again, for each duration in turn."""
    readings = iter([reading for seconds in durations for reading in (0.0, seconds)])

    def replayed_passes() -> float:
        return next(readings)

    return replayed_passes


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Instead of calling a benchmark function, report what the passes measured of it."""
    if not _is_ours(pyfuncitem):
        return None
    series = pyfuncitem.stash.get(SERIES, None)
    if series is None:
        pytest.skip("several test processes would measure each other: run the benchmarks without -n")
    if series.passes:
        benchmark = cast(BenchmarkFixture, pyfuncitem.funcargs["benchmark"])
        benchmark.extra_info.update(series.extra_info())
        benchmark.pedantic(lambda: None, rounds=len(series.passes))
    if series.failure:
        pytest.fail(
            f"{series.failure.kind}: {series.failure.reason}\n{series.failure.details}", pytrace=False
        )
    if not series.passes:
        pytest.skip(series.skipped or "interrupted before its first pass")
    return True


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Stamp the facts in; the host's name stays out unless asked for."""
    if not config.getoption("include_private"):
        machine_info.pop("node", None)
    machine_info["facts"] = _facts(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_benchmark_compare_machine_info(
    benchmarksession: Any, machine_info: dict[str, Any], compared_benchmark: dict[str, Any]
) -> Generator[None, object, object]:
    """Compare what stays: free memory and its like differ from run to run, and would be printed in full."""
    for told in (machine_info, compared_benchmark.setdefault("machine_info", {})):
        told.pop("facts", None)
    try:
        return (yield)
    except ValueError:  # pytest-benchmark looks for a storage below the working folder, which others are not
        benchmarksession.logger.warning("That result is another machine's, or of another state of this one.")
        return None


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add what was run, what failed and what was skipped."""
    if RUN in config.stash:
        output_json["torch_checkup"] = config.stash[RUN].summary()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Say what is missing, and what the run's noise allows to be told, where it was not calm."""
    if RUN not in config.stash or exitstatus == pytest.ExitCode.USAGE_ERROR:
        return
    run = config.stash[RUN]
    lines = [*run.lines(is_saved=UNFINISHED in config.stash), *filter(None, [config.stash.get(UNSAVED, "")])]
    if not run.schedule.is_smoke:
        lines += noise.lines(run.series)
    for line in lines:
        terminalreporter.write_line(line, yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Remove the unfinished file once the run is saved; where it cannot be, tell what holds it."""
    config = session.config
    try:
        outcome = yield
    except OSError as error:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
        config.stash[UNSAVED] = f"The result cannot be saved: {error.filename or 'there'}: {error.strerror}."
        if UNFINISHED in config.stash:
            config.stash[UNSAVED] += f" All that was measured is in {config.stash[UNFINISHED].path}"
        return None
    if UNFINISHED in config.stash:
        config.stash[UNFINISHED].remove()
    return outcome
