"""Write the model card: into README.md, and for model hubs.

The card's parts are in README.md, between the marks ``<!-- card:NAME -->`` and
``<!-- card:end -->``. ``model-lint`` reports a part that was edited, or is older than the results.
The card for model hubs is the same text below a head in YAML, which the hubs read.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from model_lint.models.card import fill

from card_parts import data_part, limits_part, training_part
from case_table import read_rows
from columns import columns_of
from common import add_config_argument, fail, write_text
from evaluation_settings import MODEL
from report import dataset_title
from results import read_csv
from settings import Settings, SettingsError, load

HUB_LICENSES = {"GPL-3.0-or-later": "gpl-3.0"}
"""Model hubs name the other licences as CITATION.cff does, in small letters."""
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)]+)(?=\))")
MARK = re.compile(r"<!-- card:.* -->\n+")


def write_readme(settings: Settings, readme: Path) -> str:
    """Put the parts of the card into the README; return its text.

    A note is printed for a part whose marks are missing.
    """
    tables = settings.evaluation.results
    table = tables / "test_metrics.csv"
    results = read_csv(table.read_text(encoding="utf-8"))
    parts = {
        "data": data_part(settings, read_rows(settings.work / "conversion.csv")),
        "results": (tables / "test_results.md").read_text(encoding="utf-8"),
        "limits": limits_part(settings, results),
        "training": training_part(settings),
    }
    text = readme.read_text(encoding="utf-8")
    for name, part in parts.items():
        made_from = [table] if name in {"results", "limits"} else []
        try:
            text = fill(text, name, part, _sources(made_from, readme.resolve().parent))
        except ValueError as error:
            print(f"note: {readme} has no place for {name}: it {error}", file=sys.stderr)
    write_text(readme, text)
    return text


def _sources(paths: list[Path], root: Path) -> dict[str, str]:
    """Return the texts of those files that are in the repository, by their paths in it."""
    inside = [path.resolve() for path in paths if path.resolve().is_relative_to(root)]
    return {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in inside}


def hub_card(settings: Settings, readme: str, citation: dict[str, Any]) -> str:
    """Return the card for model hubs: the README with a head, and links to the repository."""
    place = str(citation.get("repository-code", "")).rstrip("/")
    if place:
        readme = LINK.sub(lambda found: f"{place}/{_view(found[1])}/HEAD/{found[1]}", readme)
    content = _head(settings, citation)
    head = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{head}---\n\n{MARK.sub('', readme)}"


def _view(path: str) -> str:
    """Return the word in GitHub's addresses for the file itself (a picture), or for its page."""
    return "raw" if path.endswith((".svg", ".png")) else "blob"


def _head(settings: Settings, citation: dict[str, Any]) -> dict[str, Any]:
    title = dataset_title(settings.dataset.bids)
    data = {"name": title, "type": settings.dataset.name, "split": "test"}
    license_name = str(citation.get("license", "other"))
    found = {
        "task": {"type": "image-segmentation"},
        "dataset": data,
        "metrics": _metrics(settings),
    }
    return {
        "license": HUB_LICENSES.get(license_name, license_name.lower()),
        "library_name": "nnunetv2",
        "pipeline_tag": "image-segmentation",
        "tags": ["nnU-Net", "medical-imaging", *settings.dataset.contrasts],
        "model-index": [{"name": settings.release.name, "results": [found]}],
    }


def _metrics(settings: Settings) -> list[dict[str, Any]]:
    """Return the means of the test set; what is not defined is left out."""
    path = settings.evaluation.results / "test_summary.csv"
    lines = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    titles = {c.name: c.title for label in settings.labels for c in columns_of(settings, label)}
    return [
        {
            "name": f"{titles.get(line['number'], line['number'])}, {line['label']}",
            "type": line["number"],
            "value": float(line["value"]),
        }
        for line in lines
        if line["of"] == MODEL and not line["group"] and line["value"]
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the model card from the evaluation and the run's records."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        readme = settings.evaluation.readme
        if readme is None:
            print("evaluation.readme in config.yaml is null, so there is no model card")
            return 0
        text = write_readme(settings, readme)
        citation = yaml.safe_load((readme.parent / "CITATION.cff").read_text(encoding="utf-8"))
        write_text(settings.evaluation.results / "hub_card.md", hub_card(settings, text, citation))
    except (SettingsError, ValueError, OSError, yaml.YAMLError) as error:
        return fail(error)
    print(f"{readme}: written, and {settings.evaluation.results / 'hub_card.md'} for model hubs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
