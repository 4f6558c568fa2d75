import json
from pathlib import Path

import pytest

from reports.load import Run, read_run
from reports.privacy import redacted, redactor
from reports.private_patterns import HIDDEN
from tests.reports import results

PRIVATE = {
    "host.name": "glados-7.lab.example",
    "user.name": "cjohnson",
    "gpu.0.serial": "1324821006655",
    "environment.TOKEN": "hunter2hunter2",
}
WORDS = ("glados", "cjohnson", "1324821006655", "hunter2hunter2", "secretproject")


def planted(tmp_path: Path, include_private: bool = False) -> Run:
    document = results.small()
    facts = {key: {"value": value, "unit": "", "source": "planted"} for key, value in PRIVATE.items()}
    document["machine_info"] |= {"node": "glados-7.lab.example", "facts": results.FACTS | facts}
    document["benchmarks"][0]["name"] = "bench[/home/cjohnson/secretproject/data.npz]"
    document["benchmarks"][1]["name"] = r"bench[C:\Users\cjohnson\secretproject]"
    document["torch_checkup"]["failures"][0]["reason"] = (
        "died on glados-7: /Users/cjohnson/secretproject/a.py"
    )
    return read_run(results.write(tmp_path / "r.json", document), include_private)


def test_no_planted_word_is_left_in_the_document(tmp_path: Path) -> None:
    text = json.dumps(planted(tmp_path).document)
    assert [word for word in WORDS if word in text] == []
    assert HIDDEN in text


def test_what_is_not_private_stays(tmp_path: Path) -> None:
    run = planted(tmp_path)
    assert run.machine_info["facts"]["cpu.usable_cores"]["value"] == 2
    assert run.suite["failures"][0]["reason"] == "died on (hidden): (path)"


def test_everything_stays_where_it_is_asked_for(tmp_path: Path) -> None:
    text = json.dumps(planted(tmp_path, include_private=True).document)
    assert [word for word in WORDS if word not in text] == []


def test_facts_are_kept_whole_for_judging(tmp_path: Path) -> None:
    assert planted(tmp_path).facts["host.name"].value == "glados-7.lab.example"


@pytest.mark.parametrize(
    "path",
    ["/home/ann/x.py", "/var/home/ann/x.py", "/Users/ann/x.py", r"D:\Users\ann\x.py", "/root/x.py", "/root"],
)
def test_home_paths_are_hidden(path: str) -> None:
    assert redactor({})(f'File "{path}", line 3') == 'File "(path)", line 3'


@pytest.mark.parametrize("text", ["homework", "a/b/c.py::test_users", "rootless", "bench_root/cause"])
def test_other_words_and_paths_stay(text: str) -> None:
    assert redactor({})(text) == text


def test_numbers_that_speak_of_tokens_and_switches_of_the_environment_stay() -> None:
    document = {"params": {"token_length": 512, "env": {"OMP_NUM_THREADS": "4", "TOKEN": "hunter2"}}}
    hidden = redacted(document, redactor(document))["params"]
    assert hidden == {"token_length": 512, "env": {"OMP_NUM_THREADS": "4", "TOKEN": HIDDEN}}


def test_a_name_inside_a_longer_word_stays() -> None:
    redact = redactor({"machine_info": {"node": "bench"}})
    assert redact("bench_loader on bench") == "bench_loader on (hidden)"
