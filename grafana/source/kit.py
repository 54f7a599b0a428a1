"""The house style: how a panel, a variable and a link look here. What is shown is in the modules beside this one."""

from grafana_foundation_sdk.builders import bargauge, common, histogram, prometheus, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as commons
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from prometheus.source.model import STATES as WORDS

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

# Stable: links, bookmarks and alerts point at them.
UIDS = {
    "overview": "heartbeat-overview",
    "process": "heartbeat-process",
    "host": "heartbeat-host",
    "alerts": "heartbeat-alerts",
    "exporter": "heartbeat-exporter",
}

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = "green", "yellow", "orange", "red", "blue", "purple", "#8e8e8e"

# The selectors that every query takes over from the template variables.
HOST = 'job=~"$job",instance=~"$instance"'
PROCESS = HOST + ',process=~"$process"'

# The words of heartbeat_state as numbers that a state timeline can draw, with the colours and signs of the status page.
# The larger the worse, so that a table sorted by state begins with what somebody should look at.
STATES = {w.rank: (f"{w.sign} {w.word}", w.colour) for w in WORDS}
COLOUR = {w.word: w.colour for w in WORDS}


def state(selector, by="job, instance, process"):
    """One number per process, see STATES: what the exporter says."""
    ranked = " or ".join(f'heartbeat_state{{{selector},state="{w.word}"}}' + (f" * {w.rank}" if w.rank > 1 else "") for w in WORDS)
    return f"max by ({by}) ({ranked})"


def of_all(counted, selector, everything="heartbeat_state"):
    """A count that is 0 where there is nothing to count, and no data where nothing at all is known."""
    return f"{counted} or 0 * count({everything}{{{selector}}})"


def worst(expression, ranking, number=10):
    """The lines of `expression` that rank highest at the right edge of the graph: of a thousand processes one draws a few."""
    return f"{expression} and on (job, instance, process) topk({number}, {ranking})"


def mapping(words):
    """{value: (text, colour)} as a value mapping."""
    return [
        model.ValueMap(
            options={
                str(value): model.ValueMappingResult(text=word, color=colour, index=index)
                for index, (value, (word, colour)) in enumerate(words.items())
            }
        )
    ]


STATE_MAPPING = mapping(STATES)
# As a property of a table column, where the SDK takes plain dictionaries.
STATE_MAPPING_JSON = [m.to_json() for m in STATE_MAPPING]
UP_MAPPING = mapping({0: ("down", RED), 1: ("up", GREEN)})
YES_MAPPING = mapping({0: ("no", RED), 1: ("yes", GREEN)})


def steps(base, *above):
    """Thresholds: the colour from the bottom on, then (value, colour) pairs."""
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=None, color=base), *(model.Threshold(value=v, color=c) for v, c in above)])
    )


NEUTRAL = steps(BLUE)
ZERO_IS_GOOD = steps(GREEN, (1, RED))


def target(expression, legend="", ref="A", instant=False, as_table=False):
    query = prometheus.Dataquery().expr(expression).ref_id(ref).datasource(DATASOURCE)
    query = query.instant() if instant else query.range()
    if legend:
        query.legend_format(legend)
    return query.format(PromQueryFormat.TABLE if as_table else PromQueryFormat.TIME_SERIES)


def frame(panel, title, description, queries, width, height):
    """What all panels have in common."""
    panel.title(title).description(description).datasource(DATASOURCE).span(width).height(height)
    return panel.targets(queries) if queries else panel


def refs(queries):
    """[(expression, legend)] with the letters A, B, C."""
    return [target(e, legend, ref=chr(ord("A") + i)) for i, (e, legend) in enumerate(queries)]


def number(title, description, expression, width=4, height=4, unit="short", thresholds=NEUTRAL, mappings=(), links=(),
           sparkline=False, decimals=None, legend="", no_value=None):  # fmt: skip
    """A stat panel: one big number, in the colour that its thresholds give it."""
    panel = frame(stat.Panel(), title, description, [target(expression, legend, instant=not sparkline)], width, height)
    panel.unit(unit).thresholds(thresholds).mappings(list(mappings)).data_links(list(links))
    panel.color_mode(commons.BigValueColorMode.VALUE)
    panel.graph_mode(commons.BigValueGraphMode.AREA if sparkline else commons.BigValueGraphMode.NONE)
    panel.text_mode(commons.BigValueTextMode.AUTO)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    if decimals is not None:
        panel.decimals(decimals)
    if no_value is not None:
        panel.no_value(no_value)
    return panel


def lines(title, description, *queries, width=12, height=8, unit="short", minimum=None, maximum=None, stacked=False,
          thresholds=None, links=(), overrides=(), mappings=(), legend="bottom", steps_shown=False, decimals=None):  # fmt: skip
    """A time series panel; `queries` are (expression, legend) pairs."""
    panel = frame(timeseries.Panel(), title, description, refs(queries), width, height)
    panel.unit(unit).data_links(list(links)).mappings(list(mappings))
    panel.line_width(1).fill_opacity(30 if stacked else 4).show_points(commons.VisibilityMode.NEVER).span_nulls(False)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    panel.tooltip(common.VizTooltipOptions().mode(commons.TooltipDisplayMode.MULTI).sort(commons.SortOrder.DESCENDING))
    box = common.VizLegendOptions().show_legend(legend != "hidden").calcs(["lastNotNull", "max"] if legend == "right" else [])
    box.display_mode(commons.LegendDisplayMode.TABLE if legend == "right" else commons.LegendDisplayMode.LIST)
    panel.legend(box.placement(commons.LegendPlacement.RIGHT if legend == "right" else commons.LegendPlacement.BOTTOM))
    if minimum is not None:
        panel.min(minimum)
    if maximum is not None:
        panel.max(maximum)
    if decimals is not None:
        panel.decimals(decimals)
    if stacked:
        panel.stacking(common.StackingConfig().mode(commons.StackingMode.NORMAL).group("A"))
    if steps_shown:
        panel.line_interpolation(commons.LineInterpolation.STEP_AFTER)
    if thresholds:
        panel.thresholds(thresholds)
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(commons.GraphThresholdsStyleMode.LINE))
    for pattern, properties in overrides:
        panel.override_by_regexp(pattern, [model.DynamicConfigValue(id_val=k, value=v) for k, v in properties.items()])
    return panel


def timeline(title, description, expression, legend, width=24, height=8, mappings=STATE_MAPPING, links=()):
    """A state timeline: a bar per series, coloured by what the value stands for."""
    panel = frame(statetimeline.Panel(), title, description, [target(expression, legend)], width, height)
    panel.mappings(list(mappings)).data_links(list(links)).thresholds(steps(GREY))
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    panel.merge_values(True).show_value(commons.VisibilityMode.AUTO).row_height(0.8).line_width(0).fill_opacity(80)
    panel.per_page(40)  # from Grafana 11.3 on; earlier ones show all
    panel.align_value(commons.TimelineValueAlignment.LEFT)
    panel.legend(common.VizLegendOptions().show_legend(True).display_mode(commons.LegendDisplayMode.LIST)
                 .placement(commons.LegendPlacement.BOTTOM).calcs([]))  # fmt: skip
    return panel.tooltip(common.VizTooltipOptions().mode(commons.TooltipDisplayMode.SINGLE).sort(commons.SortOrder.NONE))


def bars(title, description, expression, legend, width=12, height=8, unit="percentunit", minimum=0.0, maximum=1.0,
         thresholds=NEUTRAL):  # fmt: skip
    """Horizontal bars, one per series."""
    panel = frame(bargauge.Panel(), title, description, [target(expression, legend, instant=True)], width, height)
    panel.unit(unit).min(minimum).max(maximum).thresholds(thresholds)
    panel.orientation(commons.VizOrientation.HORIZONTAL).display_mode(commons.BarGaugeDisplayMode.BASIC)
    panel.value_mode(commons.BarGaugeValueMode.COLOR).show_unfilled(True)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def distribution(title, description, expression, legend, width=12, height=8, unit="s", buckets=30):
    """How often each value was seen in the time range."""
    panel = frame(histogram.Panel(), title, description, [target(expression, legend)], width, height)
    panel.unit(unit).bucket_count(buckets).combine(False).fill_opacity(60).line_width(1).bucket_offset(0)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    return panel.legend(common.VizLegendOptions().show_legend(True).display_mode(commons.LegendDisplayMode.LIST)
                        .placement(commons.LegendPlacement.BOTTOM).calcs([]))  # fmt: skip


class Column:
    """A column of a table: the field it is made of, its heading, and how its values look."""

    def __init__(self, field, heading, **properties):
        self.field, self.heading, self.properties = field, heading, properties


def rows(title, description, queries, columns, width=24, height=10, sort=None, descending=True):
    """A table: one row per label set, one column per query. `queries` are expressions; A's values are `Value #A`.

    What no column names is hidden, so that a further label of Prometheus's (a cluster, say) changes nothing.
    """
    targets = [target(e, ref=chr(ord("A") + i), instant=True, as_table=True) for i, e in enumerate(queries)]
    panel = frame(table.Panel(), title, description, targets, width, height)
    if len(queries) > 1:
        panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    # Of a single query the value's field is `Value`.
    name = {c.field: "Value" if len(queries) == 1 and c.field == "Value #A" else c.field for c in columns}
    names = [name[c.field] for c in columns]
    panel.with_transformation(
        model.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": names}})
    )
    panel.with_transformation(
        model.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {n: i for i, n in enumerate(names)},
                "renameByName": {name[c.field]: c.heading for c in columns},
            },
        )
    )
    for column in columns:
        if column.properties:
            values = [model.DynamicConfigValue(id_val=k, value=v) for k, v in column.properties.items()]
            panel.override_by_name(column.heading, values)
    panel.show_header(True).filterable(True)
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    return panel


COLOURED = {"custom.cellOptions": {"type": "color-text"}}


def mapped(mappings):
    """Column properties: values as words, in colour."""
    return {"mappings": mappings, **COLOURED}


def at(base, *above):
    """Column properties: values in colour by thresholds."""
    levels = [{"value": None, "color": base}, *({"value": v, "color": c} for v, c in above)]
    return {"thresholds": {"mode": "absolute", "steps": levels}, **COLOURED}


def note(content, width=24, height=3):
    panel = text.Panel().content(content).mode(TextMode.MARKDOWN).span(width).height(height)
    return panel.title("").description("").transparent(True)


def data_link(title, board, *carried, **variables):
    """A link of a value or a cell into another dashboard, over the same time.

    `carried` are variables that keep what is chosen, be it one value or several; others may use ${__field.labels.x}.
    """
    given = "".join(f"&${{{name}:queryparam}}" for name in carried)
    given += "".join(f"&var-{name}={value}" for name, value in variables.items())
    url = f"/d/{UIDS[board]}?${{datasource:queryparam}}{given}&${{__url_time_range}}"
    return build.DashboardLink(title).url(url).type(model.DashboardLinkType.LINK)


def cell_link(title, board, **variables):
    """The same as a column property."""
    link = data_link(title, board, **variables).build()
    return {"links": [{"title": link.title, "url": link.url}]}


# Of a series, by its labels; of a table row, by its cells. Names may hold anything, so they are encoded for the URL.
def of_labels(*names):
    return {n: f"${{__field.labels.{n}:percentencode}}" for n in names}


def of_cells(*names):
    return {n: f"${{__data.fields.{n}:percentencode}}" for n in names}


TO_PROCESS, ROW_TO_PROCESS = of_labels("job", "instance", "process"), of_cells("job", "instance", "process")
TO_HOST, ROW_TO_HOST = of_labels("job", "instance"), of_cells("job", "instance")


def chooser(name, label, description, query, every=True, all_value=None, regex=None, hide=False, sort=model.VariableSort.NATURAL_ASC):
    """A variable that Prometheus fills; `every`: several may be chosen, and all are at first."""
    variable = build.QueryVariable(name).label(label).description(description).datasource(DATASOURCE)
    variable.query({"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"})
    variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(sort).multi(every).include_all(every)
    if every:
        variable.current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    if all_value:
        variable.all_value(all_value)
    if regex:
        variable.regex(regex)
    if hide:
        variable.hide(model.VariableHide.HIDE_VARIABLE)
    return variable


def variables(process="all"):
    """datasource, job, instance, and process: `all` (several), `one`, or None."""
    found = [
        build.DatasourceVariable("datasource").label("Data source").description("The Prometheus to ask.").type("prometheus")
        .current(model.VariableOption(selected=True, text="Prometheus", value="prometheus")),
        chooser("job", "Job", "The scrape jobs of heartbeat exporters.", "label_values(heartbeat_exporter_build_info, job)", all_value=".+"),
        # An exporter that is down has no series of its own any more, but `up`.
        chooser("instance", "Instance", "The exporters, one per host.", 'label_values(up{job=~"$job"}, instance)', all_value=".+"),
    ]  # fmt: skip
    # Of jobs, too, as of all that is known.
    query = f"label_values(heartbeat_state{{{HOST}}}, process)"
    if process == "all":
        found.append(chooser("process", "Process", "The names under which processes beat.", query, all_value=".+"))
    elif process == "one":
        found.append(chooser("process", "Process", "The process to look at.", query, every=False))
    return found


def annotation(name, expression, title, body, colour, value_is_time=False):
    """A mark on all graphs of a dashboard where a query has values."""
    built = build.AnnotationQuery().name(name).datasource(DATASOURCE).enable(True).icon_color(colour).expr(expression).build()
    built.extra = {"titleFormat": title, "textFormat": body, "useValueForTime": value_is_time, "step": "15s"}
    return built


# A start is a moment, whoever scraped it when: the value itself says when it was, in milliseconds.
def starts(selector, enabled=True):
    found = annotation("Starts", f"process_start_time_seconds{{{selector}}} * 1000", "{{process}} started",
                      "on {{instance}}", BLUE, value_is_time=True)  # fmt: skip
    found.enable = enabled
    return found


def alerts(selector, enabled=True):
    expression = f'ALERTS{{alertstate="firing",alertname!~".*Watchdog",{selector}}}'
    found = annotation("Alerts", expression, "{{alertname}}", "{{process}} on {{instance}}", RED)
    found.enable = enabled
    return found


# Alerts of a whole host have no process, those of an absent exporter no instance.
ALERT_HOST = 'job=~"$job|",instance=~"$instance|"'
ALERT_PROCESS = ALERT_HOST + ',process=~"$process|"'


class Board:
    """A dashboard: panels flow from left to right in the order they are added."""

    def __init__(self, name, title, description, chosen, annotations=(), time_range="now-1h", refresh="15s"):
        self.name, self.marks, self.count = name, list(annotations), 0
        self.builder = build.Dashboard(title).uid(UIDS[name]).description(description).tags(["heartbeat"])
        self.builder.time(time_range, "now").refresh(refresh).timezone("browser")
        self.builder.tooltip(model.DashboardCursorSync.CROSSHAIR).variables(chosen).readonly()
        # Every dashboard with the tag, as buttons that keep the time range and what is chosen.
        self.builder.link(
            build.DashboardLink("Heartbeat").type(model.DashboardLinkType.DASHBOARDS).tags(["heartbeat"])
            .as_dropdown(False).include_vars(True).keep_time(True)
        )  # fmt: skip

    def row(self, title):
        self.count += 1
        self.builder.with_row(build.Row(title).id(self.count))
        return self

    def add(self, *panels):
        for panel in panels:
            self.count += 1
            self.builder.with_panel(panel.id(self.count))
        return self

    def build(self):
        """The dashboard as a dictionary, ready to be written."""
        made = self.builder.build()
        # Of Grafana 11.0: later ones read it as it is or migrate it, an earlier one than its own a Grafana may not know.
        made.schema_version = 39
        return made, self.marks
