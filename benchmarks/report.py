"""Markdown tables out of the records."""

from __future__ import annotations

import statistics

from . import targets, timing
from .contenders import LIMIT, OURS, REFERENCE, title
from .workloads import MEASURED_FOR_MEMORY, STOCHASTIC, WORKLOADS

QUOTATION_MARKS = ("<!-- benchmark:start -->", "<!-- benchmark:end -->")

# A table's cells: row title -> cells.
Rows = list[list[str]]


class Records:
    """The records of one part and one dtype, by workload and contender."""

    def __init__(self, records: list[dict], part: str, dtype: str):
        self.kept = {
            (r["workload"], r["contender"], r.get("measure")): r
            for r in records
            if r["part"] == part and r["dtype"] == dtype
        }

    def __bool__(self) -> bool:
        return bool(self.kept)

    @property
    def workloads(self) -> list[str]:
        return list(dict.fromkeys(key[0] for key in self.kept))

    @property
    def contenders(self) -> list[str]:
        return list(dict.fromkeys(key[1] for key in self.kept))

    def get(self, workload: str, contender: str, measure: str | None = None):
        return self.kept.get((workload, contender, measure))

    def seconds(self, workload: str, contender: str) -> list[float] | None:
        record = self.get(workload, contender)
        return record and record["seconds"]

    def ratio(self, workload: str, slower: str, faster: str) -> dict | None:
        """How many times longer one takes than the other, if both ran."""
        a, b = self.seconds(workload, slower), self.seconds(workload, faster)
        return timing.paired_ratio(a, b) if a and b else None


def table(header: list[str], rows: Rows) -> str:
    """A markdown table, numbers to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def duration(seconds: float) -> str:
    """With the unit that reads best."""
    if seconds >= 1:
        return f"{number(seconds)} s"
    if seconds >= 1e-3:
        return f"{number(1e3 * seconds)} ms"
    return f"{number(1e6 * seconds)} us"


def with_spread(spread: dict | None) -> str:
    if spread is None:
        return "-"
    low, high = number(spread["low"]), number(spread["high"])
    return f"{number(spread['median'])} ({low} - {high})"


def per_contender(records: Records, cell) -> str:
    """One row a contender, one column a workload."""
    rows = [
        [title(name), *(cell(workload, name) for workload in records.workloads)]
        for name in records.contenders
    ]
    return table(["", *records.workloads], rows)


def speed_table(records: Records) -> str:
    return per_contender(
        records, lambda w, name: with_spread(records.ratio(w, REFERENCE, name))
    )


def share_table(records: Records) -> str:
    def cell(workload, name):
        ratio = records.ratio(workload, name, LIMIT)
        if ratio is None:
            return "-"
        multiple = ratio["median"]
        return f"{100 / multiple:.0f} % ({number(multiple)}x)"

    return per_contender(records, cell)


def duration_table(records: Records) -> str:
    def cell(workload, name):
        seconds = records.seconds(workload, name)
        return duration(statistics.median(seconds)) if seconds else "-"

    return per_contender(records, cell)


def loss_table(records: Records) -> str:
    def cell(workload, name):
        record = records.get(workload, name)
        if record is None or record["loss"] != record["loss"]:
            return "-"
        iterations = f" after {record['n_iter']}"
        return f"{record['loss']:.4g}{iterations}"

    return per_contender(records, cell)


def memory_table(records: Records) -> str:
    def cell(workload, name, measure):
        record = records.get(workload, name, measure)
        return number(record["bytes"] / 1e6) if record else "-"

    columns = [(task, how) for task in ("fit", "predict") for how in _MEASURE_TITLES]
    rows = [
        [title(name), *(cell(task, name, how) for task, how in columns)]
        for name in records.contenders
    ]
    header = [f"{task}, {_MEASURE_TITLES[how]}" for task, how in columns]
    return table(["MB", *header], rows)


_MEASURE_TITLES = {"traced": "traced", "resident": "resident"}


def verdict(name: str, measured: float, wanted: float, met: bool) -> list[str]:
    return [name, number(measured), number(wanted), "yes" if met else "**no**"]


def speed_verdicts(records: Records, part: str, dtype: str) -> Rows:
    """Where this package stands against its targets of speed."""
    rows = []
    for workload in records.workloads:
        wanted = targets.SPEED.get((part, dtype), {}).get(workload)
        ratio = records.ratio(workload, REFERENCE, OURS)
        if ratio and wanted:
            value = ratio["median"]
            name = f"{dtype} {part} {workload}: over scikit-learn, at least"
            rows.append(verdict(name, value, wanted, value >= wanted))
        wanted = targets.OVER_PRODUCTS.get((part, dtype), {}).get(workload)
        ratio = records.ratio(workload, OURS, LIMIT)
        if ratio and wanted:
            value = ratio["median"]
            name = f"{dtype} {part} {workload}: multiple of the products, at most"
            rows.append(verdict(name, value, wanted, value <= wanted))
        for rival in targets.TO_BEAT:
            ratio = records.ratio(workload, rival, OURS)
            if ratio:
                value = ratio["median"]
                name = f"{dtype} {part} {workload}: over {title(rival)}, above"
                rows.append(verdict(name, value, 1.0, value > 1.0))
    return rows


def memory_verdicts(records: Records, dtype: str) -> Rows:
    rows = []
    for task, wanted in targets.MEMORY.get(dtype, {}).items():
        record = records.get(task, OURS, "traced")
        if record:
            value = record["bytes"] / 1e6
            name = f"{dtype} memory, {task}: MB over the data, at most"
            rows.append(verdict(name, value, wanted, value <= wanted))
    return rows


def gating(gate: dict) -> str:
    """What each turn waited for, and whether in vain."""
    if not gate["turns"]:
        return "No turn waited for its cores to be at their full speed."
    return (
        f"Turns began when all cores were at their full speed, after at most "
        f"{gate['limit']:g} s: {gate['given_up']} of {gate['turns']} with a slow one."
    )


def quietness(records: list[dict]) -> str:
    """How much the rest of the machine got in the way."""
    others = [share for r in records for share in r.get("others", ())]
    if not others:
        return ""
    median, high = statistics.median(others), max(others)
    return (
        f"Meanwhile other processes used {median:.2f} cores (median of all turns), "
        f"{high:.2f} at most."
    )


def head(meta: dict, records: list[dict]) -> list[str]:
    machine = meta["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    threads = meta["threads"] or "each library's own choice"
    lines = [
        "# Benchmark results",
        f"`{meta['command']}`, {meta['date']}",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; {versions}. "
        f"BLAS threads: {threads}. Load at the start {machine['load']}. "
        + quietness(records),
        gating(meta["gate"]),
    ]
    if meta["quick"]:
        lines.append("**A quick run on an eighth of the rows: not for quoting.**")
    return lines


def workload_lines(keys: list[str]) -> str:
    lines = []
    for key in keys:
        workload = WORKLOADS[key]
        lines.append(f"- **{key}** {workload.title}: {workload.describe()}")
    return "\n".join(lines)


def training_sections(records: list[dict], part: str, dtype: str) -> list[str]:
    kept = Records(records, part, dtype)
    if not kept:
        return []
    name = {"adam": "Adam", "lbfgs": "L-BFGS"}[part]
    unit = {"adam": "epoch", "lbfgs": "iteration"}[part]
    limit = "an epoch" if part == "adam" else "one evaluation of loss and gradient"
    return [
        f"## Training with {name}, {dtype}",
        workload_lines(kept.workloads),
        f"Speed over scikit-learn, median (lowest - highest) of {_turns(kept)} rounds:",
        speed_table(kept),
        f"Share of the time that the bare matrix products of {limit} would take "
        "(time as a multiple of them):",
        share_table(kept),
        f"Time of an {unit}:",
        duration_table(kept),
        f"Training loss after the last {unit}, to see that all did the same work:",
        loss_table(kept),
    ]


def _turns(records: Records) -> int:
    return len(next(iter(records.kept.values()))["seconds"])


def prediction_sections(records: list[dict], dtype: str) -> list[str]:
    kept = Records(records, "predict", dtype)
    if not kept:
        return []
    network = MEASURED_FOR_MEMORY
    return [
        f"## Prediction, {dtype}",
        f"`predict` with the network of {network.key}, for so many rows of "
        f"{network.n_features}. Speed over scikit-learn:",
        speed_table(kept),
        "Time of a call:",
        duration_table(kept),
    ]


def memory_sections(records: list[dict], dtype: str) -> list[str]:
    kept = Records(records, "memory", dtype)
    if not kept:
        return []
    return [
        f"## Peak memory over the data, {dtype}",
        f"Network of {MEASURED_FOR_MEMORY.key}, all its rows for `fit`, 45,000 for "
        "`predict`. Traced: what Python and NumPy allocate; resident: growth of the "
        "process.",
        memory_table(kept),
    ]


def target_sections(records: list[dict], dtypes: list[str]) -> list[str]:
    rows: Rows = []
    for dtype in dtypes:
        for part in ("adam", "lbfgs"):
            kept = Records(records, part, dtype)
            rows += speed_verdicts(kept, part, dtype)
        rows += memory_verdicts(Records(records, "memory", dtype), dtype)
    if not rows:
        return []
    return ["## Targets", table(["", "measured", "target", "met"], rows)]


def medians_table(records: Records) -> str:
    """Speed over scikit-learn without the spread."""

    def cell(workload, name):
        ratio = records.ratio(workload, REFERENCE, name)
        return number(ratio["median"]) if ratio else "-"

    return per_contender(records, cell)


def quotation(meta: dict, records: list[dict]) -> str:
    """The few lines that the project's README shows."""
    lines = []
    for dtype in meta["dtypes"]:
        kept = Records(records, "adam", dtype)
        if kept:
            lines += [f"{dtype}, speed over scikit-learn:", medians_table(kept)]
    if not lines:
        return ""
    keys = [w for w in STOCHASTIC if any(r["workload"] == w for r in records)]
    machine = meta["machine"]
    lines += [
        workload_lines(keys),
        f"Adam, ReLU, time of an epoch, medians of interleaved rounds; "
        f"{machine['cpu']}, {machine['cores']} cores, scikit-learn "
        f"{machine['versions']['scikit-learn']}; `{meta['command']}`, {meta['date']}.",
    ]
    return "\n\n".join(lines)


def replace_quotation(text: str, quoted: str) -> str:
    """Put the quotation between its two marks, if the text has them."""
    before, start, rest = text.partition(QUOTATION_MARKS[0])
    _, end, after = rest.partition(QUOTATION_MARKS[1])
    if not (start and end and quoted):
        return text
    return f"{before}{start}\n{quoted}\n{end}{after}"


def render(meta: dict, records: list[dict]) -> str:
    """The whole report."""
    sections = head(meta, records)
    for dtype in meta["dtypes"]:
        sections += training_sections(records, "adam", dtype)
        sections += training_sections(records, "lbfgs", dtype)
        sections += prediction_sections(records, dtype)
        sections += memory_sections(records, dtype)
    sections += target_sections(records, meta["dtypes"])
    return "\n\n".join(sections) + "\n"
