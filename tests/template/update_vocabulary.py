"""Write the naming vocabulary of the linter into cookiecutter.json, where hooks can read it.

Run it after a change of the word lists: `python tests/template/update_vocabulary.py`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from model_lint.naming import vocabulary_data

DEFINITION = Path(__file__).resolve().parents[2] / "cookiecutter.json"


def block() -> str:
    """The vocabulary as JSON, one line for each list."""
    fields = [
        f'    "{field}": {{\n'
        + ",\n".join(f'      "{key}": {json.dumps(value)}' for key, value in words.items())
        + "\n    }"
        for field, words in vocabulary_data().items()
    ]
    return '  "_vocabulary": {\n' + ",\n".join(fields) + "\n  },\n"


def main() -> None:
    """Replace the block in the file."""
    text = DEFINITION.read_text(encoding="utf-8")
    new = re.sub(r'(?ms)^  "_vocabulary": \{\n.*?^  \},\n', lambda _: block(), text, count=1)
    DEFINITION.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
