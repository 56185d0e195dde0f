"""A bench's results as one page that needs no other file."""

import base64
import html
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mt3.benchmark.report import Row, stage_medians_s, summarise_group
from mt3.benchmark.wilson import Share

PAPER: Final = {"same": 0.7825, "new": 0.68}  # as secondary sources report it
OBJECTS: Final = {"same": "seen objects", "new": "unseen objects"}
_KEYS: Final = ("variant", "family", "skill", "category")
_MOST_PICTURES: Final = 60
PICTURES: Final = "failures"
_BAR_PX, _ROW_PX, _NAME_PX = 360, 20, 170
_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: auto }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left }
td { vertical-align: top }
td.n { text-align: right; white-space: nowrap }
code { font-size: 12px; word-break: break-all }
img { max-width: 26rem; display: block; margin: .3rem 0 }
small { color: #555 }
"""


def write_page(
    path: Path, title: str, rows: Sequence[Row], document: Mapping[str, Any], out: Path
) -> None:
    """Write the page.

    Args:
        path: Where to.
        title: Its heading.
        rows: One per trial.
        document: The bench's summary.
        out: Folder of the bench, with the pictures of failures in it.
    """
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        _overall(rows, document),
        f"<h2>Success by {_coarse(rows)}</h2>",
        _bars(rows, _coarse(rows)),
        *(_groups(rows, key) for key in _KEYS if key in rows[0]),
        _stages(rows),
        _times(rows),
        _failures(rows, out),
    ]
    body = "\n".join(parts)
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style><body>{body}</body></html>\n",
        encoding="utf-8",
    )


def rerun_command(row: Row, out: Path) -> str:
    """The command that runs exactly this trial once more."""
    scene = row.get("scene", {})
    words = [f"{key}={_typed(value)}" for key, value in scene.items()]
    typed = [
        f"task={row['task']}",
        f"seed={row['seed']}",
        f"library={out / 'library'}",
        *(f"scene.{word}" for word in words),
    ]
    return "mt3-run " + " ".join(shlex.quote(word) for word in typed)


def _typed(value: object) -> str:
    return str(value).replace(" ", "")


def _overall(rows: Sequence[Row], document: Mapping[str, Any]) -> str:
    lines = []
    for instances, name in OBJECTS.items():
        chosen = [row for row in rows if row["instances"] == instances]
        if chosen:
            group = summarise_group(chosen)
            lines.append(
                _line(
                    name,
                    _share(group["success"]),
                    _share(group["success_among_trusted"]),
                    _share(group["redrawn"]),
                    f"{100 * PAPER[instances]:g} %",
                )
            )
    shown = document.get("demonstrations")
    told = "" if shown is None else f"<p>Demonstrations: {_share(shown['recorded'])}.</p>"
    head = _head("", "success", "of trusted registrations", "scenes drawn again", "the paper")
    return (
        f"<table>{head}{''.join(lines)}</table>{told}"
        "<p><small>Intervals are Wilson's at 95 %. The paper's figures are reported by secondary "
        "sources, for a real robot with other objects: they stand here for orientation, and "
        "compare nothing.</small></p>"
    )


def _coarse(rows: Sequence[Row]) -> str:
    return "variant" if "variant" in rows[0] else "skill"


def _bars(rows: Sequence[Row], key: str) -> str:
    """Share of successes by a label with its interval, as a drawing."""
    names = list(dict.fromkeys(row[key] for row in rows))
    height = _ROW_PX * len(names) + 24
    drawn = []
    for number, name in enumerate(names):
        chosen = [row for row in rows if row[key] == name]
        share = Share(sum(row["success"] for row in chosen), len(chosen))
        low, high = share.interval
        y, x = number * _ROW_PX + 4, _NAME_PX
        width = _BAR_PX * (share.value or 0.0)
        middle = y + 7
        drawn.append(
            f'<text x="{x - 8}" y="{y + 11}" text-anchor="end" font-size="12">'
            f"{html.escape(name)}</text>"
            f'<rect x="{x}" y="{y}" width="{width:.1f}" height="14" fill="#5b8db8"/>'
            f'<line x1="{x + _BAR_PX * low:.1f}" x2="{x + _BAR_PX * high:.1f}" y1="{middle}" '
            f'y2="{middle}" stroke="#222"/>'
            f'<text x="{x + _BAR_PX + 10}" y="{y + 11}" font-size="12">'
            f"{share.successes}/{share.trials}</text>"
        )
    ticks = "".join(
        f'<text x="{_NAME_PX + _BAR_PX * tick / 100}" y="{height - 4}" font-size="11" '
        f'text-anchor="middle">{tick} %</text>'
        for tick in (0, 25, 50, 75, 100)
    )
    width = _NAME_PX + _BAR_PX + 70
    return f'<svg width="{width}" height="{height}">{"".join(drawn)}{ticks}</svg>'


def _groups(rows: Sequence[Row], key: str) -> str:
    names = list(dict.fromkeys((row[key], row["instances"]) for row in rows))
    lines = []
    for name, instances in names:
        chosen = [row for row in rows if (row[key], row["instances"]) == (name, instances)]
        group = summarise_group(chosen)
        failures = ", ".join(f"{stage} {count}" for stage, count in group["failures"].items())
        cells = (name, OBJECTS[instances], _share(group["success"]), _share(group["redrawn"]))
        lines.append(_line(*cells, failures))
    head = _head(key, "objects", "success", "drawn again", "failures")
    return f"<h2>By {key}</h2><table>{head}{''.join(lines)}</table>"


def _stages(rows: Sequence[Row]) -> str:
    counts = Counter(stage_of(row) for row in rows if not row["success"])
    lines = [_line(stage, str(count)) for stage, count in counts.most_common()]
    return (
        f"<h2>Where it fails</h2><table>{_head('stage', 'trials')}{''.join(lines)}</table>"
        "<p><small>NOT DONE: every stage ended well, and yet the task was not done. ERROR: no "
        "demonstration, no possible scene, or a worker that died.</small></p>"
    )


def stage_of(row: Row) -> str:
    """The stage that a failed trial ended in, or what else it was."""
    stage: str = row["failure_stage"] or ("ERROR" if row["outcome"] == "error" else "NOT DONE")
    return stage


def _times(rows: Sequence[Row]) -> str:
    lines = [_line(stage, f"{time_s:.3f} s") for stage, time_s in stage_medians_s(rows).items()]
    head = _head("stage", "median of computing time")
    return f"<h2>Time per stage</h2><table>{head}{''.join(lines)}</table>"


def _failures(rows: Sequence[Row], out: Path) -> str:
    lines, pictures = [], 0
    for row in rows:
        if row["success"]:
            continue
        picture = out / PICTURES / row["picture"] if row.get("picture") else None
        image = ""
        if picture is not None and picture.exists() and pictures < _MOST_PICTURES:
            pictures += 1
            data = base64.b64encode(picture.read_bytes()).decode("ascii")
            image = f'<img alt="what was seen and planned" src="data:image/jpeg;base64,{data}">'
        again = row.get("seed") is not None and "variant" not in row
        command = html.escape(rerun_command(row, out)) if again else ""
        lines.append(
            f"<tr><td>{html.escape(row['task'])}<br><small>{OBJECTS[row['instances']]}</small>"
            f"<td>{stage_of(row)}<td>{html.escape(str(row['reason'] or ''))}{image}"
            f"<code>{command}</code></tr>"
        )
    head = _head("task", "stage", "why, and the command that runs it again")
    return f"<h2>Every failure</h2><table>{head}{''.join(lines)}</table>"


def _head(*names: str) -> str:
    return "<tr>" + "".join(f"<th>{html.escape(name)}" for name in names) + "</tr>"


def _line(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + "</tr>"


def _share(counts: Mapping[str, Any]) -> str:
    return str(Share(counts["successes"], counts["trials"]))
