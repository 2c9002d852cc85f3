"""The report of ``model-lint publish``, as text and as JSON."""

from __future__ import annotations

import textwrap

from ...findings import Report
from ...report import render
from ...report.json import as_data, dump
from ...wording import inert, printable, size
from .prepare import Chosen, Prepared
from .steps import Step, step_name
from .wanted import State


def as_json(
    chosen: Chosen, prepared: Prepared | None, steps: tuple[Step, ...], state: State | None
) -> str:
    """Describe what was done, or with no state what would be done, as one JSON object."""
    report = as_data(Report(tuple(one.report for one in chosen.linted)))
    published = state.published if state else None
    data = {
        "version": 1,
        "repository": prepared.wanted.repository if prepared else chosen.repository,
        "tag": chosen.tag,
        "commit": prepared.wanted.commit if prepared else None,
        "published": published is not None,
        "url": published.url if published else None,
        "steps": [{"step": step_name(step), "text": step.text} for step in steps],
        "assets": [{"name": a.name, "bytes": a.size, "sha256": a.sha256} for a in chosen.assets],
        "targets": report["targets"],
    }
    return dump(data)


def findings(chosen: Chosen) -> str:
    """Return the findings as `check` shows them; "" if there are none."""
    reports = tuple(one.report for one in chosen.linted)
    return render(Report(reports), "text") if any(r.findings for r in reports) else ""


def dry(prepared: Prepared, steps: tuple[Step, ...], notes: str | None) -> str:
    """Describe what would be done."""
    wanted = prepared.wanted
    head = f"{wanted.repository} {wanted.tag}"
    if not steps:
        return done(prepared, prepared.run.first, by_this_run=False)
    lines = [f"{head}: this would"] + [f"  {step.text}" for step in steps]
    if notes is not None:
        lines += ["", "with these notes:", "", textwrap.indent(notes.rstrip(), "  ")]
    return inert("\n".join(lines) + "\n")


def done(prepared: Prepared, state: State, *, by_this_run: bool) -> str:
    """Describe a published release."""
    wanted, release = prepared.wanted, state.published
    head = f"{wanted.repository} {wanted.tag}"
    if release is None:
        return f"{head}: not published\n"
    by = "" if by_this_run else f" already, by {release.author}"
    lines = [f"{head} is published{by}: {release.url}"]
    there = {asset.name: asset for asset in release.assets}
    for asset in wanted.assets:
        found = there.get(asset.name)
        if found is None:
            lines.append(f"  without {asset.name}")
        else:
            digest = f"sha256 {asset.sha256}" if found.sha256 else "GitHub states no digest"
            lines.append(f"  {printable(asset.name)}  {size(asset.size)}  {digest}")
    return inert("\n".join(lines) + "\n")
