"""Every limit on what is read, in one place.

The largest real packages are two to three orders of magnitude below each of them.
"""

from __future__ import annotations

#: Members of an archive, or files below a folder.
MAX_ENTRIES = 100_000
#: Bytes of all texts of a package that ``--fix`` cleans.
MAX_TEXT_BYTES = 64 * 1024 * 1024
#: Bytes of the directory at the end of a zip: a hundred and sixty for each of so many entries.
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
#: Bytes of the name of an entry, with the folders around it: what Linux takes.
MAX_NAME_LENGTH = 4096
#: Folders of a tree. A package of 25 folds has under thirty.
MAX_FOLDERS = 20_000
#: Bytes of a JSON file. The largest plans.json of 71 genuine models has under 400 kB.
MAX_JSON_BYTES = 4 * 1000 * 1000
#: Strings, brackets and commas of a JSON file, counted before it is parsed: its values take up to
#: 200 bytes each. A fingerprint has 20 for each training case, of which TotalSegmentator has 1228.
MAX_JSON_TOKENS = 300_000
#: The same of all JSON files of a package together.
MAX_JSON_TOTAL = 500_000
#: Nesting of arrays and objects in a JSON file; plans.json has 7 levels.
MAX_JSON_DEPTH = 100
#: Nesting of keys whose lines are found.
MAX_POINTED_DEPTH = 10
#: Folders above a file inside a package.
MAX_DEPTH = 32
#: Bytes that a zip may unpack to.
MAX_UNPACKED_BYTES = 256 * 1024**3
#: Bytes that may come out of members that unpack to more than MAX_RATIO times their size. Weights
#: shrink by a tenth, logs to a twentieth; only what is empty throughout gets beyond.
MAX_RATIO = 200
MAX_DENSE_BYTES = 256 * 1024**2
#: Bytes of a ``trainer_class.py``. None of 168 genuine ones has 100 kB.
MAX_SOURCE_BYTES = 256 * 1000
#: Its words and symbols, counted before it is parsed: each takes up to 1.5 kB. nnU-Net's own
#: trainer has 75 kB and 12,526 of them.
MAX_SOURCE_TOKENS = 40_000
#: Trainer folders of a package, and folds of one, that are looked into: nnU-Net trains at most four
#: configurations of a data set. More is wrong anyway, which L002 and L009 report.
MAX_TRAINERS = 4
MAX_FOLDS = 50
#: Texts of a package in which leaks are looked for, and bytes of each end that are read of one.
MAX_TEXTS = 200
MAX_EXCERPT_BYTES = 128 * 1024
#: Characters of all of them.
MAX_TEXTS_TOTAL = 8 * 1024 * 1024
#: Bytes of a compressed text that are unpacked to get at its end.
MAX_SKIPPED_BYTES = 8 * 1024 * 1024
#: Bytes of a text, and of all those longer than the ends above, that reading everything reads.
MAX_WHOLE_BYTES = 4 * 1024 * 1024
MAX_WHOLE_TOTAL = 16 * 1024 * 1024
#: Values of the labels of a ``dataset.json``, those of all regions together. The largest genuine
#: model, TotalSegmentator, has 118.
MAX_LABELS = 2000
#: Bytes of a script, a configuration or a README of a repository that are read, and how many of
#: each kind are, alone and together.
MAX_SCRIPT_BYTES = 1024 * 1024
MAX_SCRIPTS = 2_000
MAX_SCRIPTS_TOTAL = 8 * 1024 * 1024
#: Extra fields of a header. Writers of zips put six there at most.
MAX_EXTRA_FIELDS = 60
#: Bytes of stored data whose sizes follow it, in which a false end is looked for: what GitHub
#: takes as an asset of a release. Marks of an end that are looked at in it: a checkpoint that torch
#: wrote has one for each storage, a thousand.
MAX_STREAMED_BYTES = 2 * 1024**3
MAX_MARKS = 10_000
#: Bytes of the dictionary of LZMA data, which unpacking takes in memory: 7-Zip's largest preset.
MAX_DICTIONARY_BYTES = 64 * 1024**2
