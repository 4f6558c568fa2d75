import pytest

from bench.contrasts import SettingError, contrast_all, find, parse_settings


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("num_workers=2", {"num_workers": 2}),
        ("start_method=spawn,pin_memory=True", {"start_method": "spawn", "pin_memory": True}),
        ("probability=0.1", {"probability": 0.1}),
    ],
)
def test_settings_are_python_values_or_words(text: str, settings: dict) -> None:
    assert parse_settings(text) == settings


@pytest.mark.parametrize("text", ["num_workers", "=3", "a b=1"])
def test_a_setting_without_a_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="expected key=value"):
        parse_settings(text)


def test_a_row_of_the_suite_is_found_by_its_name() -> None:
    (one,) = find("bench_loader_throughput[tiny-cpu-in-process-0]")
    assert one.params["workload"] == "tiny"


def test_a_function_means_all_its_rows() -> None:
    assert len(find("bench_batchnorm")) == 8


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match="bench_batchnorm, bench_batchnorm_step, bench_dropout"):
        find("bench_nothing")


def test_settings_replace_parameters_and_equal_contrasts_count_once() -> None:
    contrasts = contrast_all(["bench_loader_throughput"], {"num_workers": 1}, {"num_workers": 2})
    keys = {(one.a["workload"], one.a["start_method"]) for one in contrasts}
    assert len(contrasts) == len(keys)
    assert all((one.a["num_workers"], one.b["num_workers"]) == (1, 2) for one in contrasts)


def test_arguments_of_the_dataloader_are_settings_too() -> None:
    (one,) = contrast_all(["bench_loader_throughput[tiny-cpu-in-process-0]"], {}, {"prefetch_factor": 4})
    assert one.b["prefetch_factor"] == 4


@pytest.mark.parametrize(
    ("target", "setting"),
    [("bench_dropout", "p"), ("bench_loader_throughput", "shuffle"), ("bench_loader_throughput", "workers")],
)
def test_an_unknown_setting_is_refused_with_the_known_ones(target: str, setting: str) -> None:
    with pytest.raises(SettingError, match=f"has no {setting}; it has "):
        contrast_all([target], {}, {setting: 1})
