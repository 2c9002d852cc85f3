"""Which licence a repository has, by the text of its file."""

from __future__ import annotations

#: What the text says, and the name, of each licence that is known.
LICENSES = {
    "MIT": ("MIT License", "MIT License"),
    "Apache-2.0": ("Apache License", "Apache License 2.0"),
    "LGPL-3.0": ("GNU LESSER GENERAL PUBLIC LICENSE", "GNU Lesser General Public License v3.0"),
    "AGPL-3.0": ("GNU AFFERO GENERAL PUBLIC LICENSE", "GNU Affero General Public License v3.0"),
    "GPL-3.0": ("GNU GENERAL PUBLIC LICENSE", "GNU General Public License v3.0"),
    "CC-BY-4.0": (
        "Attribution 4.0 International",
        "Creative Commons Attribution 4.0 International",
    ),
    "CC0-1.0": ("CC0 1.0 Universal", "Creative Commons Zero v1.0 Universal"),
}
#: The files that are looked at.
FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING")


def recognize(text: str | None) -> str | None:
    """Return the licence of a text; ``NOASSERTION`` if it is not known, None without a text."""
    if text is None:
        return None
    head = text[:500].lower()
    known = (spdx for spdx, (said, _) in LICENSES.items() if said.lower() in head)
    return next(known, "NOASSERTION")


def license_json(api: str, spdx: str | None) -> dict[str, str | None] | None:
    """Show a licence in short."""
    if spdx is None:
        return None
    if spdx not in LICENSES:
        key, name, url = "other", "Other", None
    else:
        key, name = spdx.lower(), LICENSES[spdx][1]
        url = f"{api}/licenses/{key}"
    return {"key": key, "name": name, "spdx_id": spdx, "url": url, "node_id": f"license-{key}"}
