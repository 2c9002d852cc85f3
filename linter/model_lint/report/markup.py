"""Text inside HTML and XML."""

from __future__ import annotations

from html import escape

from ..wording import printable


def markup(text: str) -> str:
    """Escape for HTML and XML, which can't contain most control characters in any form.

    The result is ASCII, so it is the same in every encoding of standard output.
    """
    # The replacement keeps GitHub Actions from reading a command: see ``wording.inert``.
    escaped = escape(printable(text)).replace("##[", "##&#91;")
    return escaped.encode("ascii", "xmlcharrefreplace").decode("ascii")
