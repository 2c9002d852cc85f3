"""Tags of releases: ``r`` and a date, as in ``r20240915``."""

from __future__ import annotations

import datetime as dt
import re

from ..errors import UsageError

_TAG = re.compile(r"r[0-9]{8}")
#: A tag in the name of a file, as a word of its own.
_IN_FILE = re.compile(r"(?<![A-Za-z0-9])r[0-9]{8}(?![0-9A-Za-z])")


def is_tag(text: str) -> bool:
    """Return whether a text has the form of a tag; there may be no such date."""
    return _TAG.fullmatch(text) is not None


def tag_date(tag: str) -> dt.date | None:
    """Return the date of a tag; None if it is no tag, or there is no such date."""
    if not is_tag(tag):
        return None
    try:
        return dt.date(int(tag[1:5]), int(tag[5:7]), int(tag[7:9]))
    except ValueError:
        return None


def today_in_utc() -> dt.date:
    """Return the day on which releases are judged."""
    return dt.datetime.now(dt.timezone.utc).date()


def is_future(date: dt.date, today: dt.date) -> bool:
    """Return whether a day has not begun anywhere; ``today`` is that in UTC."""
    return date > today + dt.timedelta(days=1)


def require_tag(tag: str, today: dt.date) -> None:
    """Raise UsageError unless a release can have this tag today; ``today`` is that in UTC."""
    date = tag_date(tag)
    if date is None:
        what = "there is no such date" if is_tag(tag) else "write r and the date"
        raise UsageError(f"tag {tag}: {what} (rYYYYMMDD, such as r{today:%Y%m%d})")
    if is_future(date, today):
        raise UsageError(f"tag {tag}: the date is in the future; is the year right?")


def tag_in(file_name: str) -> str | None:
    """Return the only tag in the name of a file; None if there is none, or several."""
    found = set(_IN_FILE.findall(file_name))
    return found.pop() if len(found) == 1 else None
