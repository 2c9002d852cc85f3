"""Which rules ``model-lint check --fix`` can repair, and how."""

from __future__ import annotations

#: What becomes of the findings of a rule, by its code.
FIXABLE = {
    "Z006": "compresses it with deflate, where this Python can read it",
    "Z007": "keeps one of several equal entries of one name",
    "Z008": "leaves it out",
    "Z011": "writes the headers and the directory anew",
    "L004": "moves the trainer folder to the top",
    "L005": "moves the trainer folder to the top, unless it is in DatasetNNN_NAME",
    "L006": "moves the trainer folder to the top",
    "L012": "leaves it out of a fold that has a readable checkpoint_final.pth",
    "L013": "leaves it out",
    "L014": "leaves it out",
    "V001": "takes it out of debug.json, summary.json and training logs",
    "V002": "takes it out of debug.json, summary.json and training logs",
    "V003": "takes it out of debug.json, summary.json and training logs",
    "V004": "takes it out of debug.json, summary.json and training logs",
}
