"""Draws the panels of a dashboard from the answers to its queries, as SVG that looks about as Grafana's dark theme does.

It reads the panels' JSON, so what is drawn is what the dashboard says: queries, units, thresholds, mappings, legends, columns.
"""

import html
import math
import re
import time

NAMED = {"green": "#73BF69", "yellow": "#FADE2A", "orange": "#FF9830", "red": "#F2495C", "blue": "#5794F2", "purple": "#B877D9", "text": "#ccccdc"}
PALETTE = ["#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#56A64B", "#FFB357", "#C4A3E0", "#6ED0E0", "#E0B400"]
TEXT, FAINT, GRID, PANEL, LINE = "#ccccdc", "#8e8e99", "#2a2d33", "#181b1f", "#2c3035"


def colour(name):
    return NAMED.get(name, name)


def scaled(value, base, names, decimals):
    n = 0
    while abs(value) >= base and n + 1 < len(names):
        value /= base
        n += 1
    return f"{shortest(value, decimals)}{names[n]}"


def shortest(value, decimals=None):
    if value != value or math.isinf(value):
        return str(value)
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 0.1 else 3
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{int(decimals)}f}"


def seconds(value, decimals):
    for limit, divisor, name in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "hours"), (math.inf, 86400, "days")):
        if abs(value) < limit:
            if abs(value) < 1 and value:
                return f"{shortest(value * 1000)} ms" if abs(value) >= 0.001 else f"{shortest(value * 1e6)} µs"
            number = shortest(value / divisor, decimals)
            return f"{number} {name.removesuffix('s') if number == '1' and len(name) > 1 else name}"


def text_of(value, unit, decimals=None):
    """A value as Grafana would write it with a unit of its list."""
    match unit:
        case "s":
            return seconds(value, decimals)
        case "percentunit":
            return shortest(value * 100, decimals) + "%"
        case "percent":
            return shortest(value, decimals) + "%"
        case "bytes":
            return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"], decimals)
        case "Bps":
            return scaled(value, 1000, [" B/s", " kB/s", " MB/s", " GB/s"], decimals)
        case "ops" | "reqps":
            return scaled(value, 1000, [" " + {"ops": "ops/s", "reqps": "req/s"}[unit], " K/s", " M/s"], decimals)
        case "none":
            return shortest(value, decimals)
        case "dateTimeAsLocalNoDateIfToday":
            return time.strftime("%H:%M:%S", time.gmtime(value / 1000))
        case "rpm" | "cpm":
            return shortest(value, decimals) + {"rpm": " reads/min", "cpm": " c/min"}[unit]
        case str() if unit.startswith("suffix:"):
            return shortest(value, decimals) + unit.removeprefix("suffix:")
        case _:
            return scaled(value, 1000, ["", " K", " Mil", " Bil"], decimals)


def look(value, config):
    """(text, colour) of a value under a field configuration: mappings first, then unit and thresholds."""
    for mapping in config.get("mappings", []):
        found = mapping["options"].get(f"{value:g}" if isinstance(value, float) else str(value))
        if found:
            return found["text"], colour(found["color"])
    if not isinstance(value, float):
        return str(value), TEXT
    chosen = TEXT
    for step in config.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            chosen = colour(step["color"])
    return text_of(value, config.get("unit", "short"), config.get("decimals")), chosen


def label(legend, metric):
    if not legend:
        return "Value" if not metric else ", ".join(f"{k}={v}" for k, v in metric.items() if k not in ("job", "__name__"))
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: metric.get(m[1], ""), legend)


class Canvas:
    """SVG of one panel; positions are within its frame."""

    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def add(self, tag, content=None, **attributes):
        given = " ".join(f'{k.rstrip("_").replace("_", "-")}="{html.escape(str(v))}"' for k, v in attributes.items())
        self.parts.append(f"<{tag} {given}/>" if content is None else f"<{tag} {given}>{html.escape(str(content))}</{tag}>")

    def text(self, x, y, content, size=12, fill=TEXT, anchor="start", weight="normal", room=None):
        content = str(content)
        if room is not None:  # shortened to fit: half a letter's height is about its width
            most = max(1, int(room / (size * (0.6 if weight == "bold" else 0.56))))
            content = content if len(content) <= most else content[: most - 1] + "…"
        self.add("text", content, x=round(x, 1), y=round(y, 1), font_size=size, fill=fill, text_anchor=anchor, font_weight=weight)

    def rect(self, x, y, w, h, fill, **more):
        self.add("rect", x=round(x, 1), y=round(y, 1), width=round(max(w, 0), 1), height=round(max(h, 0), 1), fill=fill, **more)

    def path(self, points, stroke, **more):
        self.add("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), stroke=stroke, **({"fill": "none"} | more))

    def svg(self):
        return f'<svg width="{self.width}" height="{self.height}" xmlns="http://www.w3.org/2000/svg">{"".join(self.parts)}</svg>'


def nice_ticks(low, high, count, unit="short"):
    """Round values between the two, about `count`; round in the unit's own sense."""
    span, count = (high - low) or 1, max(2, int(count))
    if unit == "bytes":
        power = 1024 ** max(0, int(math.log(max(abs(high), 1), 1024)))
        return [t * power for t in nice_ticks(low / power, high / power, count)]
    size = 10 ** math.floor(math.log10(span / count))
    sizes = [size * m for m in (1, 2, 2.5, 5, 10)]
    if unit == "s" and span > 60:
        sizes = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, *(86400 * d for d in (1, 2, 5, 10, 30, 100))]
    step = next((s for s in sizes if s * count >= span), sizes[-1])
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


class Drawer:
    """Draws panels of one view: they share its time range, its step, and its marks."""

    def __init__(self, view, marks=()):
        self.start, self.end, self.step, self.marks = view.end - view.seconds, view.end, view.step, marks
        # Many marks are not to hide the lines.
        self.faintness = max(0.12, min(0.45, 8 / (len(marks) or 1)))

    def draw(self, panel, queries, width, height):
        c = Canvas(width, height)
        if panel["type"] == "row":
            c.text(4, height / 2 + 5, "⌄  " + panel["title"], 15, weight="bold")
            return c.svg()
        c.rect(0.5, 0.5, width - 1, height - 1, PANEL, stroke=LINE, rx=2)
        c.text(10, 21, panel["title"], 13, weight="bold", room=width - 16)
        config = panel["fieldConfig"]["defaults"]
        kind = {"stat": self.stat, "timeseries": self.lines, "state-timeline": self.timeline, "table": self.table,
                "bargauge": self.bars, "histogram": self.histogram}[panel["type"]]  # fmt: skip
        if any(q.result for q in queries):
            kind(c, panel, config, queries)
        else:
            c.text(width / 2, height / 2 + 8, config.get("noValue", "No data"), 14, FAINT, "middle")
        return c.svg()

    def x(self, t, left, right):
        return left + (t - self.start) / (self.end - self.start) * (right - left)

    def time_axis(self, c, left, right, bottom):
        span = self.end - self.start
        step = next(s for s in (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 1e9) if span / s <= max(2, (right - left) / 60))
        t = math.ceil(self.start / step) * step
        while t <= self.end:
            x = self.x(t, left, right)
            c.path([(x, 34), (x, bottom)], GRID)
            if left + 14 < x < right - 10:
                c.text(x, bottom + 15, time.strftime("%H:%M" if step >= 60 else "%H:%M:%S", time.gmtime(t)), 11, FAINT, "middle")
            t += step

    def stat(self, c, panel, config, queries):
        values = [(label(q.legend, s["metric"]), s) for q in queries for s in q.result]
        names = len(values) > 1 or panel["options"].get("textMode") == "value_and_name"
        wide = c.width / len(values) >= 100 or len(values) == 1
        for n, (name, series) in enumerate(values):
            points = series.get("values") or [series["value"]]
            text, paint = look(float(points[-1][1]), config)
            if wide:
                left, w, top, h = n * c.width / len(values), c.width / len(values), 28, c.height - 28
                if len(points) > 1 and panel["options"].get("graphMode") == "area":
                    self.sparkline(c, points, paint, left + 6, w - 12, top + h * 0.55, h * 0.42)
                size = min(38, h * 0.5, w / (len(text) * 0.66))
                c.text(left + w / 2, top + h / 2 + size * 0.25 - (8 if names else 0), text, round(size), paint, "middle")
                if names:
                    c.text(left + w / 2, top + h - 12, name, 11, FAINT, "middle", room=w - 8)
            else:  # too many to stand side by side
                h = min(24, (c.height - 34) / len(values))
                # Name and value share the width, as in Grafana, which makes both smaller until they fit.
                size = min(15, h * 0.8)
                size *= min(1, (c.width - 28) / (len(name) * size * 0.8 * 0.6 + len(text) * size * 0.68))
                y = 30 + n * h + h * 0.7
                c.text(10, y, name, min(12, size * 0.8), FAINT)
                c.text(c.width - 10, y, text, round(size), paint, "end", "bold")

    def sparkline(self, c, points, paint, left, width, top, height):
        numbers = [float(v) for _, v in points]
        low, high = min(numbers), max(numbers)
        place = [(left + i / (len(points) - 1) * width, top + height - (v - low) / ((high - low) or 1) * height) for i, v in enumerate(numbers)]
        c.path([(left, top + height), *place, (left + width, top + height)], "none", fill=paint, fill_opacity=0.15)
        c.path(place, paint, stroke_width=1, stroke_opacity=0.7)

    def properties(self, panel, name):
        """What the overrides say of a series of this name."""
        found = {}
        for override in panel["fieldConfig"].get("overrides", []):
            matcher = override["matcher"]
            if matcher["id"] == "byName" and matcher["options"] == name or (
                matcher["id"] == "byRegexp" and re.search(matcher["options"].strip("/"), name)
            ):
                found |= {p["id"]: p["value"] for p in override["properties"]}
        return found

    def lines(self, c, panel, config, queries):
        drawn = []
        for q in queries:
            for s in q.result:
                name = label(q.legend, s["metric"])
                given = self.properties(panel, name)
                paint = colour(given["color"]["fixedColor"]) if "color" in given else PALETTE[len(drawn) % len(PALETTE)]
                if "displayName" in given:
                    name = re.sub(r"\$\{__field\.labels\.(\w+)\}", lambda m: s["metric"].get(m[1], ""), given["displayName"])
                drawn.append((name, paint, given, [(t, float(v)) for t, v in s["values"] if math.isfinite(float(v))]))
        drawn = [d for d in drawn if d[3]]
        custom = config.get("custom", {})
        if custom.get("stacking", {}).get("mode") == "normal":
            return self.plot(c, panel, config, self.stack(drawn), drawn)
        return self.plot(c, panel, config, drawn, drawn)

    def stack(self, drawn):
        below, stacked = {}, []
        for name, paint, given, points in drawn:
            points = [(t, v + below.get(t, 0)) for t, v in points]
            below |= dict(points)
            stacked.append((name, paint, given, points))
        return stacked[::-1]

    def plot(self, c, panel, config, drawn, named):
        legend_height = self.legend(c, [(n, p) for n, p, _, _ in named])
        right_axis = any(d[2].get("custom.axisPlacement") == "right" for d in drawn)
        left, right, top, bottom = 74, c.width - (74 if right_axis else 14), 36, c.height - legend_height - 24
        unit = next((d[2]["unit"] for d in drawn if "unit" in d[2]), config.get("unit", "short"))
        # The longest label, such as one with a word for a unit, has room.
        left = max(left, 20 + max((len(text_of(v, unit)) for d in drawn for _, v in d[3]), default=0) * 6.2)
        custom = config.get("custom", {})
        limits = [s for s in config.get("thresholds", {}).get("steps", []) if s["value"] is not None]
        shown = custom.get("thresholdsStyle", {}).get("mode") == "line"
        for side in ("left", "right"):
            mine = [d for d in drawn if (d[2].get("custom.axisPlacement") == "right") == (side == "right")]
            if not mine:
                continue
            numbers = [v for d in mine for _, v in d[3]]
            low, high = config.get("min", min(numbers)), config.get("max", max(numbers))
            if high <= low:
                low, high = (low, low + 1) if low >= 0 else (low - 1, low + 1)
            if "max" not in config:
                high += (high - low) * 0.06
            if "min" not in config and low != 0:
                low = 0 if 0 < low < 0.5 * high else low - (high - low) * 0.04
            y = lambda v: bottom - (min(max(v, low), high) - low) / (high - low) * (bottom - top)  # noqa: E731
            if side == "left":
                self.time_axis(c, left, right, bottom)
            ticks = nice_ticks(low, high, (bottom - top) / 34, unit)
            if config.get("decimals") == 0:
                ticks = [t for t in ticks if t == int(t)]
            for tick in ticks:
                if side == "left":
                    c.path([(left, y(tick)), (right, y(tick))], GRID)
                c.text(left - 6 if side == "left" else right + 6, y(tick) + 4, text_of(tick, unit), 11, FAINT, "end" if side == "left" else "start")
            for limit in limits if shown and side == "left" else []:
                if low <= limit["value"] <= high:
                    c.path([(left, y(limit["value"])), (right, y(limit["value"]))], colour(limit["color"]), stroke_opacity=0.8)
            for name, paint, given, points in mine:
                fill = given.get("custom.fillOpacity", custom.get("fillOpacity", 0)) / 100
                dash = {"stroke_dasharray": "8,6"} if "custom.lineStyle" in given else {}
                for run in self.runs(points):
                    place = [(self.x(t, left, right), y(v)) for t, v in run]
                    if fill and len(place) > 1:
                        c.path([(place[0][0], y(max(low, 0))), *place, (place[-1][0], y(max(low, 0)))], "none", fill=paint, fill_opacity=fill)
                    if len(place) == 1:
                        c.add("circle", cx=place[0][0], cy=place[0][1], r=1.5, fill=paint)
                    c.path(place, paint, stroke_width=1.2, **dash)
        for moment, paint in self.marks:
            if self.start < moment < self.end:
                x = self.x(moment, left, right)
                c.path([(x, top), (x, bottom)], paint, stroke_dasharray="4,3", stroke_opacity=self.faintness)
                c.path([(x - 3, bottom + 5), (x, bottom), (x + 3, bottom + 5)], "none", fill=paint)

    def runs(self, points):
        """The points without gaps: a missing sample ends a line."""
        run = []
        for t, v in points:
            if run and t - run[-1][0] > 1.5 * self.step:
                yield run
                run = []
            run.append((t, v))
        yield run

    def legend(self, c, entries, rows=2):
        """Draws it at the bottom, and gives its height."""
        lines, line, used = [], [], 0
        for name, paint in entries:
            need = 28 + len(name) * 6.7
            # On the last line there is room for "and N more".
            if line and used + need > c.width - (100 if len(lines) >= rows - 1 else 20):
                lines.append(line)
                line, used = [], 0
            line.append((name, paint, used))
            used += need
        lines.append(line)
        more = sum(len(rest) for rest in lines[rows:])
        lines = lines[:rows]
        height = 17 * len(lines) + 4
        for n, row in enumerate(lines):
            y = c.height - height + 17 * n + 9
            for name, paint, x in row:
                c.rect(12 + x, y - 5, 14, 3, paint)
                c.text(30 + x, y, name, 11, room=c.width - 36)
        if more:
            c.text(c.width - 10, c.height - 29 + 17 * (len(lines) - 1), f"and {more} more", 10, FAINT, "end")
        return height

    def timeline(self, c, panel, config, queries):
        series = [(label(q.legend, s["metric"]), s["values"]) for q in queries for s in q.result]
        left, right, top = min(0.36 * c.width, 20 + max(len(n) for n, _ in series) * 6.6), c.width - 14, 36
        seen, bottom = {}, c.height - 46
        self.time_axis(c, left, right, bottom)
        height = (bottom - top) / len(series)
        for n, (name, points) in enumerate(series):
            c.text(left - 8, top + (n + 0.5) * height + 4, name, min(11, height * 0.95), TEXT, "end", room=left)
            for run in self.runs([(t, float(v)) for t, v in points]):
                begin = 0
                for i in range(1, len(run) + 1):
                    if i == len(run) or run[i][1] != run[begin][1]:
                        text, paint = look(run[begin][1], config)
                        seen[text] = paint
                        a = self.x(run[begin][0], left, right)
                        b = self.x(run[i][0] if i < len(run) else min(run[-1][0] + self.step, self.end), left, right)
                        c.rect(a, top + (n + 0.1) * height, b - a, height * 0.8, paint, fill_opacity=0.8)
                        if b - a > 44 and height > 13:
                            c.text(a + 5, top + (n + 0.5) * height + 4, text, 11, "#101114")
                        begin = i
        self.legend(c, list(seen.items()), 1)

    def table(self, c, panel, config, queries):
        transformed = {t["id"]: t["options"] for t in panel["transformations"]}
        order, names = transformed["organize"]["indexByName"], transformed["organize"]["renameByName"]
        rows = []
        for q in queries:
            for s in q.result:
                field = "Value" if len(queries) == 1 else f"Value #{q.ref}"
                row = s["metric"] | {field: float(s["value"][1])}
                match = [r for r in rows if field not in r and all(r[k] == v for k, v in s["metric"].items() if k in r)] if "merge" in transformed else []
                for r in match:
                    r |= row
                if not match:
                    rows.append(row)
        columns = sorted(order, key=order.get)
        for sort in panel["options"].get("sortBy") or []:
            key = next(f for f, heading in names.items() if heading == sort["displayName"])
            rows.sort(key=lambda r: (key in r, r.get(key, 0)), reverse=bool(sort.get("desc")))
        cells = []
        for row in rows:
            line = []
            for field in columns:
                given = self.properties(panel, names[field])
                text, paint = look(row[field], config | given) if field in row else ("", TEXT)
                coloured = given.get("custom.cellOptions", {}).get("type") == "color-text"
                line.append((text, "#6E9FFF" if "links" in given else paint if coloured else TEXT))
            cells.append(line)
        need = [max([len(names[f]) + 1, *(len(line[i][0]) for line in cells)]) + 2 for i, f in enumerate(columns)]
        widths = [w * (c.width - 24) / sum(need) for w in need]
        x, most = 12, int((c.height - 62) / 24)
        for i, field in enumerate(columns):
            c.text(x, 50, names[field], 12, "#6E9FFF", weight="bold")
            for n, line in enumerate(cells[:most]):
                c.text(x, 76 + 24 * n, line[i][0], 12, line[i][1], room=widths[i])
            x += widths[i]
        for n in range(min(len(cells), most) + 1):
            c.path([(8, 59 + 24 * n), (c.width - 8, 59 + 24 * n)], GRID)
        if len(cells) > most:
            c.text(c.width - 12, 21, f"{len(cells)} rows: Grafana scrolls", 11, FAINT, "end")

    def bars(self, c, panel, config, queries):
        found = [(label(q.legend, s["metric"]), float(s["value"][1])) for q in queries for s in q.result]
        low, high = config.get("min", 0), config.get("max", 1)
        height = min(44, (c.height - 44) / len(found))
        wide = min(c.width * 0.45, 16 + max(len(n) for n, _ in found) * 6.7)
        for n, (name, value) in enumerate(found):
            text, paint = look(value, config)
            y = 36 + n * height
            c.text(wide - 4, y + height / 2 + 4, name, min(11, height * 0.8), TEXT, "end", room=wide)
            room = c.width - wide - 84
            c.rect(wide + 4, y + 2, room, height - 4, "#22252b")
            c.rect(wide + 4, y + 2, room * min(max((value - low) / (high - low), 0), 1), height - 4, paint, fill_opacity=0.85)
            c.text(c.width - 10, y + height / 2 + 5, text, min(14, height * 0.8), paint, "end")

    def histogram(self, c, panel, config, queries):
        groups = [(label(q.legend, s["metric"]), [float(v) for _, v in s["values"]]) for q in queries for s in q.result]
        numbers = [v for _, values in groups for v in values]
        low, high = math.floor(min(numbers)), max(numbers)
        size = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 1e9) if (high - low) / s <= panel["options"].get("bucketCount", 30))
        counts = []
        for _, values in groups:
            counts.append({})
            for v in values:
                counts[-1][int((v - low) // size)] = counts[-1].get(int((v - low) // size), 0) + 1
        last = max(max(k) for k in counts)
        bottom = c.height - self.legend(c, [(n, PALETTE[i % len(PALETTE)]) for i, (n, _) in enumerate(groups)]) - 24
        left, right, top, most = 64, c.width - 14, 36, max(max(k.values()) for k in counts) * 1.05
        for tick in nice_ticks(0, most, 4):
            y = bottom - tick / most * (bottom - top)
            c.path([(left, y), (right, y)], GRID)
            c.text(left - 6, y + 4, text_of(tick, "none"), 11, FAINT, "end")
        wide = (right - left) / (last + 1)
        for i, count in enumerate(counts):
            for bucket, times in count.items():
                h = times / most * (bottom - top)
                c.rect(left + bucket * wide + 1, bottom - h, wide - 2, h, PALETTE[i % len(PALETTE)], fill_opacity=0.6, stroke=PALETTE[i % len(PALETTE)])
        room = max(1, int((right - left) // 64))
        for bucket in range(0, last + 2, -(-(last + 1) // room)):
            text = text_of(low + bucket * size, config.get("unit", "short"))
            c.text(min(left + bucket * wide, c.width - 6 - len(text) * 3.2), bottom + 15, text, 11, FAINT, "middle")
