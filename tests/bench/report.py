# SPDX-License-Identifier: Apache-2.0
"""Samples as tables: absolute numbers as medians, comparisons as the median of the ratios pair by pair."""
import statistics

H = "haproxy http"  # what everything is compared with
DIRECT = "direct"


def median(samples, value):
    return statistics.median(map(value, samples))


def ratio(mine, others, value):
    """@return "1.27 (1.22-1.35)": the median over the repetitions, and from where to where they went."""
    if not mine or not others or mine is others:
        return ""
    pairs = [value(a) / value(b) for a, b in zip(mine, others) if value(b) > 0]
    if not pairs:
        return ""
    if len(pairs) == 1:
        return f"{pairs[0]:.2f}"
    return f"{statistics.median(pairs):.2f} ({min(pairs):.2f}-{max(pairs):.2f})"


def table(header, rows):
    """Text in columns, also valid as Markdown."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def ns_per_byte(sample):
    return sample.cpu_ns / sample.bytes


def ns_per_frame(sample):
    return sample.cpu_ns / sample.frames


def frames_per_second(sample):
    return sample.frames / sample.wall_ns * 1e9


def beyond_frame(sample):
    return (sample.recorded_bytes - sample.bytes) / sample.frames


def cores(sample):
    return sample.cpu_ns / sample.wall_ns


def load_cores(sample):
    return sample.load_cpu_ns / sample.wall_ns


def flood(results, reference):
    header = ["candidate", "frames/s", "MB/s", "CPU s/GB", "CPU us/frame", f"CPU x {reference}",
              f"frames/s x {reference}", "proxy cores", "load cores", "peak MiB", "B beyond a frame"]
    rows = []
    for name, samples in results.items():
        proxied = name != DIRECT
        rows.append([
            name,
            f"{median(samples, frames_per_second):,.0f}",
            f"{median(samples, lambda s: s.bytes / s.wall_ns * 1e3):,.0f}",
            f"{median(samples, ns_per_byte):.3f}" if proxied else "",
            f"{median(samples, ns_per_frame) / 1e3:.3f}" if proxied else "",
            ratio(samples, results.get(reference), ns_per_frame) if proxied else "",
            ratio(samples, results.get(reference), frames_per_second),
            f"{median(samples, cores):.2f}" if proxied else "",
            f"{median(samples, load_cores):.2f}",
            f"{max(s.rss_kib for s in samples) / 1024:.1f}" if proxied else "",
            f"{median(samples, beyond_frame):.1f}" if samples[0].recorded_bytes is not None else ""])
    return table(header, rows)


def echo(results, reference):
    header = ["candidate", "p50 us", "p99 us", "added p50 us", "added p99 us", f"p50 added x {reference}",
              f"p99 added x {reference}", "CPU us a round trip", f"CPU x {reference}", "B beyond a frame"]
    direct = results.get(DIRECT)
    floor50 = median(direct, lambda s: s.p50_ns) if direct else 0
    floor99 = median(direct, lambda s: s.p99_ns) if direct else 0

    def added50(sample):
        return sample.p50_ns - floor50

    def added99(sample):
        return sample.p99_ns - floor99

    rows = []
    for name, samples in results.items():
        row = [name, f"{median(samples, lambda s: s.p50_ns) / 1e3:.1f}", f"{median(samples, lambda s: s.p99_ns) / 1e3:.1f}"]
        if name == DIRECT:
            row += [""] * 7
        else:
            others = results.get(reference)
            row += [f"{median(samples, added50) / 1e3:.1f}", f"{median(samples, added99) / 1e3:.1f}",
                    ratio(samples, others, added50), ratio(samples, others, added99),
                    f"{2 * median(samples, ns_per_frame) / 1e3:.2f}", ratio(samples, others, ns_per_frame),
                    f"{median(samples, beyond_frame):.1f}" if samples[0].recorded_bytes is not None else ""]
        rows.append(row)
    return table(header, rows)


def set_up(results, reference):
    def each(sample):
        return sample.cpu_ns / sample.connections

    header = ["candidate", "connections/s", "CPU us a connection", f"CPU x {reference}", "CPU x nginx", "load cores"]
    rows = []
    for name, samples in results.items():
        proxied = name != DIRECT
        rows.append([name, f"{median(samples, lambda s: s.connections / s.wall_ns * 1e9):,.0f}",
                     f"{median(samples, each) / 1e3:.0f}" if proxied else "",
                     ratio(samples, results.get(reference), each) if proxied else "",
                     ratio(samples, results.get("nginx"), each) if proxied else "",
                     f"{median(samples, load_cores):.2f}"])
    return table(header, rows)


def idle(results, reference):
    def each(sample):
        return sample.rss_kib / sample.connections

    return table(["candidate", "KiB a flow", f"x {reference}"],
                 [[name, f"{median(samples, each):.1f}", ratio(samples, results.get(reference), each)]
                  for name, samples in results.items()])


def render(scenario, results, reference):
    reference = "wstap 1 worker" if scenario.workers else reference
    lines = [f"## {scenario.name}: {scenario.title}"]
    if scenario.goal:
        lines.append(f"goal: {scenario.goal}")
    lines += ["", {"flood": flood, "echo": echo, "set_up": set_up, "idle": idle}[scenario.kind](results, reference), ""]
    return "\n".join(lines)
