"""What people say of a failure, beside what programs write."""

import re

from diagnostics.traces.recognition import Clue
from diagnostics.traces.trace import Trace

HANGS = (
    r"(?:\b(?:hangs?|hung|hanging|stuck(?:ed)?|freez(?:es?|ing)|froze|frozen|dead[- ]?lock(?:s|ed)?"
    r"|never (?:starts?|ends?|returns?)|no (?:response|activity|progress)"
    r"|(?:does ?n[o']t|do(?:es)? not|won'?t|will not)"
    r" (?:start|proceed|continue|progress|respond|go on|move))\b"
    r"(?! (?:for )?(?:about |around |~ ?)?(?:a few|\d+) ?(?:s|min)\w*)"  # and goes on
    r"|卡住|卡死|卡在|不动|死锁|止まる|フリーズ|멈춤|멈춰)"
)
_NO_WORKERS = (
    r"(?:num_?workers?|workers?|n_jobs|worker 数)[`'\"* ]{0,3}"
    r"(?:(?:is|to|be|as|at|equals?|==?|:|设为|设置为)[`'\"* ]{1,3})*[=: ]{0,3}(?:0|zero)\b"
    r"|\b(?:without|no) (?:multiple |multi-?)?(?:workers|multiprocess\w*)"
    r"|\bsingle[- ](?:process|thread)\w*|单线程|单进程"
)
_IS_FINE = (
    r"(?:(?:works?|worked|runs?|ran|trains?|is|are|goes|everything'?s?) ?\w{0,10} (?:fine|well|ok(?:ay)?|good"
    r"|normal\w*|correct\w*|perfect\w*|right)|\b(?:works|worked)\b|no (?:such )?(?:errors?|problems?|issues?)"
    r"|(?:solve|fixe|resolve)[sd]\b|never happens?|(?:goes|go|went|gone) away|disappear\w*|vanish\w*"
    r"|正常|没有?问题|不报错)"
)
_FINE_WITHOUT = (
    rf"(?i)(?:(?:{_NO_WORKERS})[^.?!;。；]{{0,60}}?{_IS_FINE}"
    rf"|{_IS_FINE}[^.?!;。；]{{0,40}}?(?:{_NO_WORKERS}))"
)
_DENIED = re.compile(r"(?i)\b(?:not|n't|never works?|neither|still|even|also|same|不行|仍|还是|也)\b")


def fine_without_workers(trace: Trace) -> Clue | None:
    """Find the remark that nothing fails with num_workers=0."""
    for quote in trace.find_all(_FINE_WITHOUT, limit=20):
        if not _DENIED.search(quote[0].replace("never happen", "")):
            return Clue(quote.lines)
    return None
