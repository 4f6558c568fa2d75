"""Windows has no room to commit what each worker loads.

What it means
-------------
Every spawned worker imports torch with its CUDA libraries, and Windows sets aside page file for them, some
gigabytes a worker, whether they are used or not.

Why it matters
--------------
Loading a DLL fails with WinError 1455, in the workers or in the parent.

How to fix
----------
Fewer workers, or a larger paging file (System, Advanced, Performance, Virtual memory).

When it is fine
---------------
Never.

References
----------
Microsoft, system error code 1455 ERROR_COMMITMENT_LIMIT.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, phrase, recognised, says

CODE = "DL217"
SLUG = "windows-paging-file"
TITLE = "The paging file is too small for the workers"
# Error 1455 in the languages of Windows; an ImportError has the words without the number.
_TOO_SMALL = (
    "page ?file is too small|paging file is too small|页面文件太小|頁面檔.{0,4}太小|分頁檔.{0,4}太小"
    "|ページング ?ファイルが小さすぎる|페이징 ?파일이 너무 작|[Aa]uslagerungsdatei ist zu klein"
    "|fichier de pagination est insuffisant|archivo de paginación es demasiado pequeño"
    "|arquivo de paginação é muito pequeno|ficheiro de paginação é demasiado pequeno"
    "|[Ff]ile di paging insufficiente|[Фф]айл подкачки слишком мал|[Pp]lik stronicowania jest za mały"
    "|wisselbestand is te klein|[Dd]isk belleği dosyası.{0,40}çok küçük|[Ss]tránkovací soubor je příliš malý"
)
LOG_FIRES = (
    "OSError: [WinError 1455] The paging file is too small for this operation to complete. Error loading "
    '"C:\\\\lib\\\\site-packages\\\\torch\\\\lib\\\\cudnn_cnn_infer64_8.dll" or one of its dependencies.\n',
    "OSError: [WinError 1455] 页面文件太小，无法完成操作。\n",
)
LOG_SILENT = (
    "OSError: [WinError 126] The specified module could not be found. Error loading torch_python.dll\n",
)


def _library_in_worker(trace: Trace) -> Clue | None:
    """Find a library that the parent could load and a worker on Windows could not."""
    is_gone = trace.find(r"worker \(pid\(s\) .{1,80} exited unexpectedly")
    for error in trace.errors:
        is_child = any("multiprocessing/spawn.py" in frame.path for frame in error.frames)
        if is_child and says(error, r"WinError 1114\b.*torch"):
            return error_clue(trace, "", error)
        is_importing = any(frame.function == "<module>" and not frame.is_user for frame in error.frames)
        has_no_room = error.type == "MemoryError" and is_importing and trace.platform.os_name == "Windows"
        if has_no_room and (is_child or is_gone):
            return error_clue(trace, "", error)
    return None


def recognise(trace: Trace) -> Recognition | None:
    """Look for the error code, whose text is in the user's language."""
    found = phrase(trace, rf"WinError 1455|os error 1455|error code: <?1455|{_TOO_SMALL}")
    found = found or _library_in_worker(trace)
    if found is None:
        return None
    remedy = Remedy(
        "Use fewer workers, or enlarge the paging file and restart.",
        ("DataLoader(..., num_workers=2)", "SystemPropertiesPerformance.exe"),
    )
    return recognised(
        found,
        "Windows cannot commit the memory that each worker's libraries ask for.",
        remedy,
        score=90,
    )
