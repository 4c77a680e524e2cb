"""Makes infra/workbook.json, the Azure dashboard, from the query files: `python -m infra.make_workbook [--check]`.

The format as in microsoft/Application-Insights-Workbooks: a time range and a number of days to choose, tabs,
and no more than five queries on a tab, for Log Analytics runs five at once per person and queues the rest
(MicrosoftDocs/azure-monitor-docs, logs/includes/azure-monitor-limits-workspaces.md).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from archive.kql import Query, load

TARGET = Path(__file__).with_name("workbook.json")
SCHEMA = "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json"
RESOURCE = "microsoft.operationalinsights/workspaces"
DAY = 86_400_000

#: Parameter of a query -> what stands for its value in a workbook. Window becomes the time range.
CHOSEN = {"Days": "long({Days})"}
WINDOW = "TimeGenerated > ago(Window)"
TIME_RANGE = "TimeGenerated {TimeRange}"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One query on a tab."""

    query: str
    title: str
    #: table, timechart, barchart, piechart or tiles.
    shape: str = "table"
    #: Of a chart: the columns that are drawn, over the first column.
    drawn: tuple[str, ...] = ()
    #: Of a chart: the column that splits it into series.
    by: str = ""
    #: Per cent of the page's width.
    width: int = 100
    empty: str = "Nothing in this time."
    #: Column -> how a table shows it.
    shown: Mapping[str, str] = field(default_factory=dict)


#: Tab -> its queries.
TABS: Mapping[str, Sequence[Part]] = {
    "Tenant": (
        Part(query="tenant_applications", title="Applications with credentials, at the latest scan"),
        Part(
            query="inventory_by_age",
            title="Credentials by time left",
            shape="barchart",
            drawn=("Credentials",),
            by="CredentialType",
        ),
        Part(
            query="applications_trend",
            title="Applications and credentials in the tenant",
            shape="timechart",
            drawn=("ApplicationsScanned", "EnterpriseApplicationsScanned", "CredentialsScanned", "Due"),
        ),
    ),
    "Expiring": (
        Part(
            query="expiring",
            title="Expiring within the days chosen above",
            shown={"SecretExpiresDays": "heat"},
            empty="Nothing expires within these days.",
        ),
        Part(query="most_overdue", title="Expired longest ago", empty="Nothing has expired."),
    ),
    "Ownerless": (
        Part(
            query="ownerless",
            title="Applications without an active owner",
            empty="Every application has an active owner.",
        ),
        Part(
            query="ownerless_trend",
            title="Applications without an active owner, by day",
            shape="timechart",
            drawn=("OwnerlessApplications",),
        ),
    ),
    "Notices": (
        Part(
            query="notifications_by_day",
            title="Notices sent, by day and channel",
            shape="timechart",
            drawn=("Sent",),
            by="Channel",
            width=50,
        ),
        Part(
            query="notifications_by_day",
            title="Notices failed, by day and channel",
            shape="timechart",
            drawn=("Failed",),
            by="Channel",
            width=50,
        ),
        Part(query="notification_errors", title="Why notices failed", empty="No notice has failed."),
        Part(query="alert_funnel", title="How far alerts came: raised, delivered, answered, renewed"),
        Part(query="time_to_act", title="Hours from an alert to the first answer"),
    ),
    "Scans": (
        Part(
            query="scan_time_trend", title="Seconds a scan took", shape="timechart", drawn=("AvgSeconds", "MaxSeconds")
        ),
        Part(query="scan_errors", title="What went wrong in scans", empty="No scan had an error."),
        Part(query="duplicate_check", title="Records of each scan: expected, there, twice, missing"),
        Part(query="latest_run", title="The latest scan"),
    ),
}


def workbook_text(query: Query) -> str:
    """The query as it stands in the workbook. Raises ValueError for a parameter that a workbook cannot give."""
    text = query.text
    if "Window" in query.parameters:
        text = text.replace(WINDOW, TIME_RANGE)
    first, _, rest = text.partition("\n")
    lets = [f"let {name} = {CHOSEN[name]};" for name in query.parameters if name in CHOSEN]
    unset = [name for name in query.parameters if name not in CHOSEN and name != "Window"]
    # The header's own mention of it is not a use.
    if unset or rest.count("Window") > ("Window" in query.parameters):
        raise ValueError(f"{query.name}: a workbook has no value for {unset or 'Window'}")
    return "\n".join([first, *lets, rest])


def workbook() -> dict[str, Any]:
    """The whole workbook; the resource that holds it sets `fallbackResourceIds` to the workspace."""
    return {
        "version": "Notebook/1.0",
        "items": [_heading(), _parameters(), _tabs(), *(_tab(name, parts) for name, parts in TABS.items())],
        "fallbackResourceIds": [],
        "$schema": SCHEMA,
    }


def _heading() -> dict[str, Any]:
    text = "# Steward\nSecrets and certificates of this tenant: what expires, who was told, and what they did."
    return {"type": 1, "content": {"json": text}, "name": "heading"}


def _parameters() -> dict[str, Any]:
    ranges = [{"durationMs": days * DAY} for days in (1, 7, 30, 90)]
    days = json.dumps([{"value": str(each), "label": f"{each} days"} for each in (7, 14, 30, 60, 90)])
    return {
        "type": 9,
        "content": {
            "version": "KqlParameterItem/1.0",
            "parameters": [
                {
                    "id": _id("TimeRange"),
                    "version": "KqlParameterItem/1.0",
                    "name": "TimeRange",
                    "label": "Time",
                    "type": 4,
                    "isRequired": True,
                    "value": {"durationMs": 30 * DAY},
                    "typeSettings": {"selectableValues": ranges, "allowCustom": True},
                },
                {
                    "id": _id("Days"),
                    "version": "KqlParameterItem/1.0",
                    "name": "Days",
                    "label": "Expiring within",
                    "type": 2,
                    "isRequired": True,
                    "value": "30",
                    "typeSettings": {"additionalResourceOptions": []},
                    "jsonData": days,
                },
            ],
            "style": "pills",
            "queryType": 0,
            "resourceType": RESOURCE,
        },
        "name": "parameters",
    }


def _tabs() -> dict[str, Any]:
    links = [
        {
            "id": _id(f"tab {name}"),
            "cellValue": "tab",
            "linkTarget": "parameter",
            "linkLabel": name,
            "subTarget": name,
            "preText": name,
            "style": "link",
        }
        for name in TABS
    ]
    return {"type": 11, "content": {"version": "LinkItem/1.0", "style": "tabs", "links": links}, "name": "tabs"}


def _tab(name: str, parts: Sequence[Part]) -> dict[str, Any]:
    return {
        "type": 12,
        "content": {
            "version": "NotebookGroup/1.0",
            "groupType": "editable",
            "items": [_query(part, number) for number, part in enumerate(parts, 1)],
        },
        "conditionalVisibility": {"parameterName": "tab", "comparison": "isEqualTo", "value": name},
        "name": name,
    }


def _query(part: Part, number: int) -> dict[str, Any]:
    query = load(part.query)
    content: dict[str, Any] = {
        "version": "KqlItem/1.0",
        "query": workbook_text(query),
        "size": 0,
        "title": part.title,
        "noDataMessage": part.empty,
        "showExportToExcel": True,
        "queryType": 0,
        "resourceType": RESOURCE,
        "visualization": part.shape,
    }
    if "Window" in query.parameters:
        content["timeContextFromParameter"] = "TimeRange"
    if part.shape == "table":
        formats = [
            {"columnMatch": name, "formatter": 8, "formatOptions": {"palette": "redGreen"}} for name in part.shown
        ]
        content["gridSettings"] = {"formatters": formats, "filter": True, "rowLimit": 2000}
    else:
        content["chartSettings"] = {"yAxis": list(part.drawn), **({"group": part.by} if part.by else {})}
    return {
        "type": 3,
        "content": content,
        "customWidth": str(part.width),
        "name": f"{part.query} {number}",
    }


def _id(name: str) -> str:
    """The same id at every making."""
    return str(uuid5(NAMESPACE_URL, f"steward workbook {name}"))


def rendered() -> str:
    """The file's text."""
    return json.dumps(workbook(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Exit code 0; 1 when --check finds the file outdated; 2 for wrong usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m infra.make_workbook [--check]\n")
        return 2
    if not arguments:
        TARGET.write_text(rendered(), encoding="utf-8")
        return 0
    return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == rendered() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
