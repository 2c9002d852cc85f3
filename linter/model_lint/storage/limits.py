"""Limits on what is read of packages and repositories, chosen from genuine ones.

The limits of a checkpoint are in `checkpoint`, next to the code that they stop.
"""

from __future__ import annotations

#: Members of an archive, or files below a folder.
MAX_ENTRIES = 100_000
#: Bytes of all texts of a package that ``--fix`` cleans.
MAX_TEXT_BYTES = 64 * 1024 * 1024
#: Bytes of the directory at the end of a zip: 160 for each of MAX_ENTRIES.
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
#: Bytes of the path of an entry: the limit of Linux.
MAX_NAME_LENGTH = 4096
#: Folders of a tree. A package of 25 folds has fewer than 30.
MAX_FOLDERS = 20_000
#: Bytes of a JSON file. The largest plans.json of 71 genuine models has under 400 kB.
MAX_JSON_BYTES = 4 * 1000 * 1000
#: Strings, brackets and commas of a JSON file, counted before it is parsed: its values take up to
#: 200 bytes each. A fingerprint has 20 for each training case, of which TotalSegmentator has 1228.
MAX_JSON_TOKENS = 300_000
#: The same for all JSON files of a package together.
MAX_JSON_TOTAL = 500_000
#: Nesting of arrays and objects in a JSON file; plans.json has 7 levels.
MAX_JSON_DEPTH = 100
#: Nesting of keys whose line numbers are known.
MAX_POINTED_DEPTH = 10
#: Folders above a file inside a package.
MAX_DEPTH = 32
#: Bytes of all files of a zip, unpacked.
MAX_UNPACKED_BYTES = 256 * 1024**3
#: Unpacked bytes of all members that unpack to more than MAX_RATIO times their size. Compression
#: makes weights a tenth smaller, and logs 20 times; only constant data exceeds the ratio.
MAX_RATIO = 200
MAX_DENSE_BYTES = 256 * 1024**2
#: Bytes of a ``trainer_class.py``. None of 168 genuine ones has 100 kB.
MAX_SOURCE_BYTES = 256 * 1000
#: Its words and symbols, counted before it is parsed: each takes up to 1.5 kB. nnU-Net's own
#: trainer has 75 kB and 12,526 of them.
MAX_SOURCE_TOKENS = 40_000
#: Trainer folders of a package, and folds of each, that are read: nnU-Net trains at most four
#: configurations of a data set. More of either is reported by L002 and L009.
MAX_TRAINERS = 4
MAX_FOLDS = 50
#: Texts of a package that are searched for leaks, and bytes read at each end of a text.
MAX_TEXTS = 200
MAX_EXCERPT_BYTES = 64 * 1024
#: Characters of all these texts together.
MAX_TEXTS_TOTAL = 8 * 1024 * 1024
#: Bytes of a compressed text that are unpacked to reach its end.
MAX_SKIPPED_BYTES = 8 * 1024 * 1024
#: Bytes of a long text that ``--deep`` reads, and of all long texts together.
MAX_WHOLE_BYTES = 4 * 1024 * 1024
MAX_WHOLE_TOTAL = 16 * 1024 * 1024
#: Values of the labels of a ``dataset.json``, with those of all regions. The largest genuine model,
#: TotalSegmentator, has 118.
MAX_LABELS = 2000
#: Bytes that are read of a script, a configuration or a README of a repository; the number of
#: scripts and configurations, and of READMEs, that are read; and the characters of each kind.
MAX_SCRIPT_BYTES = 1024 * 1024
MAX_SCRIPTS = 2_000
MAX_SCRIPTS_TOTAL = 8 * 1024 * 1024
#: Extra fields of a header. Writers of zips put six there at most.
MAX_EXTRA_FIELDS = 60
#: Bytes of stored data whose sizes follow it, in which false ends are searched: GitHub's limit for
#: an asset of a release. Marks of an end in it that are examined: a checkpoint that torch wrote has
#: one for each storage, a thousand.
MAX_STREAMED_BYTES = 2 * 1024**3
MAX_MARKS = 10_000
#: Bytes of the dictionary of LZMA data, which unpacking keeps in memory: 7-Zip's largest preset.
MAX_DICTIONARY_BYTES = 64 * 1024**2
#: Bytes of an answer of a server that sends whole files only; a small one is taken as it is. The
#: test model has 0.6 MB.
MAX_WHOLE_ANSWER = 8 * 1000 * 1000
#: Requests for the parts of one file, unless ``--deep`` reads all of it. A package of five folds
#: takes 13; one with 300 images beside each other, which is an error, 300.
MAX_REQUESTS = 1000
#: Bytes of all files of a repository that GitHub sends in one archive. The texts of a larger one
#: are asked for one by one: bytes of a text, and how many, of 60 requests in an hour.
MAX_ARCHIVE_BYTES = 64 * 1024**2
MAX_BLOB_BYTES = 8 * 1024**2
MAX_BLOBS = 30
#: GitHub refuses a file of a release that has this many bytes or more.
MAX_ASSET_BYTES = 2 * 1024**3
#: Zips of a release, and releases of a repository, that are read.
MAX_ZIPS = 50
MAX_RELEASES = 1000
