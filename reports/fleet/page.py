"""The page of a fleet: the machinery of the report, with sections of its own."""

from collections.abc import Sequence

import numpy as np

from reports import page, tidy
from reports.fleet import figures, first_screen, tables
from reports.fleet.machines import FEWEST_PEERS, Fleet, deviations
from reports.load import Run
from reports.parts import Download, Overview, Part, Prose, Section
from reports.report import Report
from reports.wording import count

COMPARE = "python -m reports compare A.json B.json"
READING = (
    "**Typical time.** A machine's time over the fleet's median time, for each configuration; of these the "
    "median over the configurations. 1.2 means that it takes 20 % longer.",
    "**Middle half.** The quartiles of those ratios over a machine's configurations. Where it is wide, the "
    "machine is not slow or fast as such: look at the configurations.",
    "**Deviates.** Further from the median of its model than the peers allow: a modified z-score (median "
    "absolute deviation; Iglewicz and Hoaglin 1993) beyond Student's quantile for their number, corrected "
    "for the number of looks (Bonferroni), and by more than 5 %. It takes "
    f"{FEWEST_PEERS} machines of a model.",
    "**One result a machine** holds the state of that hour: on shared machines identical runs minutes apart "
    "differ by a quarter. What deviates is worth a second measurement, and no more than that.",
)  # fmt: skip


class FleetPage:
    """What stands on the page of a fleet, made once for all its forms."""

    def __init__(self, fleet: Fleet, title: str, notices: Sequence[str]) -> None:
        self.fleet, self.notices, self.found = fleet, notices, deviations(fleet)
        origin = f"{count(len(fleet.summaries), 'result')} of {count(len(fleet.machines), 'machine')}"
        self.report = Report(Run(origin, {"benchmarks": []}, {}), title or "Check-up of a fleet")

    def html(self) -> str:
        """Return the page; equal input gives equal bytes."""
        return page.formatted(self.report, self.sections())

    def sections(self) -> list[Section]:
        """Return the whole page."""
        fleet, found = self.fleet, self.found
        data = Download("fleet.csv", self.csv(), "Download the times (CSV): one line a machine, in seconds")
        facts: list[Part] = [*tables.common_findings(fleet), *tables.differing_facts(fleet)]
        configurations: list[Part] = [figures.by_configuration(fleet), *tables.missing(fleet)]
        built = [
            self.overview(),
            Section("deviations", "Who deviates", list(tables.deviating(fleet, found))),
            Section(
                "models",
                "Machines",
                [figures.by_model(fleet, found), tables.every_machine(fleet, found), data],
            ),
            Section("configurations", "Configurations", configurations),
            Section("facts", "What was found on the machines", facts),
            Section("method", "Method", [Prose(text) for text in READING]),
        ]
        return [section for section in built if section.parts]

    def overview(self) -> Section:
        """Return the first screen: the verdict, three answers, the slowest and the fastest machines."""
        status, verdict, advice = first_screen.verdict(self.fleet, self.found)
        questions = first_screen.cards(self.fleet, self.found)
        head = Overview(status, verdict, advice, (COMPARE,), questions, tuple(self.notices))
        return Section("overview", "Overview", [head, *tables.extremes(self.fleet, self.found)])

    def csv(self) -> str:
        """Return the times in seconds: one line a machine, one column a configuration."""
        fleet = self.fleet
        table = np.exp(fleet.log_seconds).set_axis([fleet.label(key) for key in fleet.keys], axis=1)
        table = table.map(lambda value: float(f"{value:.5g}"))
        table.insert(0, "model", fleet.models, allow_duplicates=True)
        table.insert(0, "machine", fleet.names, allow_duplicates=True)
        return tidy.csv_text(table)

    def lines(self) -> list[str]:
        """Return what the terminal says once the page is written."""
        _, verdict, _ = first_screen.verdict(self.fleet, self.found)
        questions = first_screen.cards(self.fleet, self.found)
        return [verdict, *(f"{a.label}: {a.value} {a.detail}" for card in questions for a in card.answers)]
