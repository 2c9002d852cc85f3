"""Limits on what is found in a text. The patterns themselves limit what they match."""

from __future__ import annotations

#: Matches of one pattern in one text, unless it is scrubbed: more only take time and memory. A
#: ``summary.json`` names 246 cases of TotalSegmentator, two files of each.
MAX_MATCHES = 10_000
#: Addresses among them: none in what nnU-Net writes.
MAX_ADDRESSES = 100
#: Characters of a leak that are kept: the longest path of Linux.
MAX_LEAK = 4096
#: Characters of a name that is searched for in the whole text: the longest name of a host on Linux.
MAX_NAME = 64
#: Characters before an address that are searched for its purpose: one line.
MAX_BEFORE = 120
