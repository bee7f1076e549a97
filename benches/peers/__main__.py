"""Recall and queries a second of this library and its peers, in one run, as a table and a plot.

    cargo build --release
    python3 -m venv V && V/bin/pip install numpy matplotlib tqdm hnswlib usearch faiss-cpu rabitqlib scalable-vs pyvsag
    V/bin/python benches/peers --harness ../shared/bench DATA [DATA..]

DATA: folders with base.f32 (or base.u8), query.f32, gt.i32 and meta.json. Each library runs in a separate process with one
thread and one query at a time; it builds with 2 threads. All libraries have built before the first searches, then they
alternate. Writes the generated part of docs/benchmarks/search.md, its plots, and the raw figures as JSON lines. With
--native all queries are one native call (native.py), as in C and C++ programs; it writes search-native.md.
"""
import argparse
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of what draws)
from tqdm import tqdm  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = (
    "ours,ours-reopened,ours-single-inserts,ours-replaced-since,ours-all-replaced,hnswlib,symqg-32,usearch-f32,usearch-i8,faiss-hnsw-flat,"
    "faiss-ivf-pqfs-refine,svs-vamana-lvq8,svs-vamana-lvq4x8,vsag-hgraph-sq8u,vsag-hgraph-sq4u"
)
BASELINE = "hnswlib"
HOW = {
    False: "one query a call through each library's Python binding (ours: bindings/python, by ctypes)",
    True: "all queries in one native call: the peers' batch searches, and for ours a C loop over `syna_mmap_search`",
}
RECALLS = (0.95, 0.99)
END = "<!-- The end of the generated part -->"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--harness", type=Path, default=ROOT.parent / "shared/bench")
    parser.add_argument("--lib", type=Path, default=ROOT / "target/release/libsyna_mmap.so")
    parser.add_argument("--peers", default=PEERS)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--native", action="store_true", help="all queries in one native call, instead of one call of Python each")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one library on one data set")
    parser.add_argument("--page", help="the page to write in place of search.md or search-native.md, such as small")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks")
    return parser.parse_args()


class Library:
    """A process with one library that has indexed one data set, and searches on request."""

    def __init__(self, options, data, peer):
        self.options = options
        self.result = {"peer": peer, "data": data.name}
        self.rounds = []
        self.log = tempfile.TemporaryFile()
        command = [sys.executable, HERE / "measure.py", options.harness, data, peer, options.lib, "native" if options.native else "python"]
        environment = dict(os.environ, OMP_WAIT_POLICY="passive")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment
        )
        self.result |= self.answer()

    def answer(self):
        """The next line of its output, or the reason why there is none."""
        timer = threading.Timer(self.options.timeout, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip()[-100:]
        return {"error": f"it ended with {code}, or took over {self.options.timeout:.0f} s: {said}"}

    def take_turn(self):
        if "error" in self.result:
            return
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.answer()
        if "points" in answer:
            self.rounds.append(answer["points"])
            self.result["rss_mib"] = answer["rss_mib"]
        else:
            self.result |= answer

    def end(self):
        """The results: medians over the rounds."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if "error" not in self.result:
            # A delayed round may end its sweep early.
            self.result["curve"] = [point_of(points) for points in zip(*self.rounds)]
        return self.result


def point_of(points):
    """One point of the sweep from all rounds."""
    rates = [point["qps"] for point in points]
    return {
        "setting": points[0]["setting"],
        "recall": points[0]["recall"],
        "qps": round(statistics.median(rates), 1),
        "best": round(max(rates), 1),
        "p50_us": round(statistics.median(point["p50_us"] for point in points), 1),
        "p99_us": round(statistics.median(point["p99_us"] for point in points), 1),
        "spread": round(max(rates) / min(rates), 3),
    }


def front(curve):
    """The Pareto front of recall and queries a second, by increasing recall."""
    best = []
    for at in sorted(curve, key=lambda at: (-at["recall"], -at["qps"])):
        if not best or at["qps"] > best[-1]["qps"]:
            best.append(at)
    return best[::-1]


def at_recall(curve, recall, what="qps"):
    """A figure at a recall, interpolated logarithmically between two points of the front; the first point's if all exceed it."""
    points = front(curve)
    above = next((i for i, at in enumerate(points) if at["recall"] >= recall), None)
    if above is None:
        return None
    if above == 0:
        return points[0][what]
    low, high = points[above - 1], points[above]
    share = (recall - low["recall"]) / (high["recall"] - low["recall"])
    return math.exp((1 - share) * math.log(low[what]) + share * math.log(high[what]))


def table(results, is_native):
    baseline = next((r for r in results if r["peer"] == BASELINE and "curve" in r), None)
    lines = [
        f"| library | version | QPS at 0.95 | x hnswlib | QPS at 0.99 | x hnswlib | {'us' if is_native else 'p50, p99 us'} at 0.95 | build s | "
        "memory MiB | bytes a row |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        if "curve" not in result:
            lines.append(f"| {result['peer']} | | {result['error']} | | | | | | | |")
            continue
        cells = [result["peer"], result["version"]]
        for recall in RECALLS:
            qps = at_recall(result["curve"], recall)
            of_baseline = at_recall(baseline["curve"], recall) if baseline else None
            first = "" if not qps or front(result["curve"])[0]["recall"] < recall else "*"
            cells.append(f"{qps:,.0f}{first}" if qps else "not reached")
            cells.append(f"{qps / of_baseline:.2f}" if qps and of_baseline else "")
        micros = [at_recall(result["curve"], 0.95, what) for what in (("p50_us",) if is_native else ("p50_us", "p99_us"))]
        cells.append(", ".join(f"{value:.0f}" if value else "-" for value in micros))
        cells += [f"{result['build_secs']:.1f}", f"{result['rss_mib']:,.0f}", f"{result.get('bytes_a_row', 0):,.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(results, path, title):
    plt.rcParams["svg.hashsalt"] = "syna-mmap"
    figure, axes = plt.subplots(figsize=(9, 5.5))
    for result in results:
        if "curve" in result:
            points = [at for at in front(result["curve"]) if at["recall"] >= 0.85]
            ours = result["peer"].startswith("ours")
            axes.plot([1 - at["recall"] for at in points], [at["qps"] for at in points], marker="o", markersize=3,
                      linewidth=2.2 if ours else 1, linestyle="-" if ours else "--", label=result["peer"])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_xaxis()
    ticks = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
    axes.set_xticks(ticks, [f"{1 - tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("recall@10")
    axes.set_ylabel("queries a second, one thread")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    by_data = {}
    names = options.peers.split(",")
    with tqdm(total=len(options.data) * (len(names) + options.reps)) as bar:
        for data in options.data:
            libraries = []
            for name in names:
                bar.set_description(f"{data.name}: {name} builds")
                libraries.append(Library(options, data, name))
                bar.update()
            for rep in range(options.reps):
                bar.set_description(f"{data.name}: round {rep + 1} of {options.reps}")
                for library in libraries:
                    library.take_turn()
                bar.update()
            by_data[data.name] = [library.end() for library in libraries]
    text = ["# Graph search compared with other libraries"]
    for name, results in by_data.items():
        first = next((r for r in results if "rows" in r), None)
        shape = f", {first['rows']:,} x {first['dimensions']}" if first else ""
        picture = f"{name}-native.svg" if options.native else f"{name}.svg"
        plot(results, options.out / picture, name)
        text += [f"## {name}{shape}", f"![recall against queries per second]({picture})", table(results, options.native)]
    text += [
        "## Method",
        f"Command: `python benches/peers DATA.. --peers {options.peers} --reps {options.reps}{' --native' if options.native else ''}`",
        f"{datetime.date.today()}; {processor()}, {os.cpu_count()} cores. k = 10, one thread, {HOW[options.native]}. "
        f"Medians of {options.reps} rounds in which the libraries took turns. Indexes were built with 2 threads, one library "
        "after the other.",
        "- QPS at a recall is interpolated between two points of the sweep. `*`: the lowest setting has a higher recall.\n"
        "- Memory is the growth of the process, including mapped files. Bytes a row are those of the files; 0: not known.\n"
        "- `ours`: filled in one batch and searched as built.\n"
        "- `ours-reopened` and the following: closed and reopened before the searches, as most stores are.\n"
        "- `ours-single-inserts`: filled row by row with automatic indexing.\n"
        "- `ours-replaced-since`: every row replaced after `build_index`, so half of the index are deleted rows.\n"
        "- `ours-all-replaced`: the same, then `build_index` again, which rebuilds the index.",
    ]
    page = options.page or ("search-native" if options.native else "search")
    path = options.out / f"{page}.md"
    # The manually written part is kept.
    _, end, rest = path.read_text().partition(END) if path.exists() else ("", END, "\n")
    path.write_text("\n\n".join(text) + "\n\n" + (end or END) + (rest or "\n"))
    lines = [json.dumps(result) for results in by_data.values() for result in results]
    (options.out / f"{page}.jsonl").write_text("\n".join(lines) + "\n")
    print("\n\n".join(text))


main()
