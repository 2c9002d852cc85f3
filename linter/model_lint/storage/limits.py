"""Limits on what is read of packages and repositories.

Beside each stands the figure of the largest genuine file or package: five folds, which nnU-Net
trains by default, or 25; of TotalSegmentator, which has 1228 training cases and 118 labels with the
background; with the plans and networks of ResEncXL, the largest of nnU-Net 2.8, for large images.

The limits of a checkpoint are in `checkpoint`, next to the code that they stop.
"""

from __future__ import annotations

# ------------------------------------------------------------------------------- zips and folders

#: Members of an archive, or files below a folder: 104 of 25 folds, and one for each training case
#: if the predictions of the validation are left in.
MAX_ENTRIES = 100_000
#: Bytes of the directory at the end of a zip: 160 for each of MAX_ENTRIES. Of 25 folds, 11 kB.
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
#: Bytes of the path of an entry: the limit of Linux. 163 with nnU-Net's longest names.
MAX_NAME_LENGTH = 4096
#: Folders of a tree. A package of 25 folds has fewer than 30.
MAX_FOLDERS = 20_000
#: Folders above a file inside a package: 4 above the validation results, with a wrapper.
MAX_DEPTH = 32
#: Bytes of all files of a zip, unpacked: 7 GB of five folds of 174 million parameters with the
#: state of the training.
MAX_UNPACKED_BYTES = 256 * 1024**3
#: Unpacked bytes of all members that unpack to more than MAX_RATIO times their size. Compression
#: makes weights a tenth smaller, and logs 20 times; only constant data exceeds the ratio.
MAX_RATIO = 200
MAX_DENSE_BYTES = 256 * 1024**2
#: Extra fields of a header. Writers of zips put six there at most.
MAX_EXTRA_FIELDS = 60
#: Bytes of stored data whose sizes follow it, in which false ends are searched: GitHub's limit for
#: an asset of a release. The largest checkpoint has 1.4 GB.
MAX_STREAMED_BYTES = 2 * 1024**3
#: Marks of an end in it that are examined: a checkpoint that torch wrote has one for each storage,
#: 846.
MAX_MARKS = 10_000
#: Bytes of the dictionary of LZMA data, which unpacking keeps in memory: 7-Zip's largest preset.
MAX_DICTIONARY_BYTES = 64 * 1024**2

# ------------------------------------------------------------------------------------------- JSON

#: Bytes of a JSON file. The largest plans.json of 71 genuine models has under 400 kB.
MAX_JSON_BYTES = 4 * 1000 * 1000
#: Strings, brackets and commas of a JSON file, counted before it is parsed: its values take up to
#: 200 bytes each. A fingerprint of 1559 training cases has 15,619, plans.json 751.
MAX_JSON_TOKENS = 300_000
#: The same for all JSON files of a package together: 16,624.
MAX_JSON_TOTAL = 500_000
#: Nesting of arrays and objects in a JSON file; plans.json has 7 levels.
MAX_JSON_DEPTH = 100
#: Nesting of keys whose line numbers are known: the same 7.
MAX_POINTED_DEPTH = 10
#: Values of the labels of a ``dataset.json``, with those of all regions. The largest genuine model,
#: TotalSegmentator, has 118.
MAX_LABELS = 2000

# ---------------------------------------------------------------------------------- trainer folder

#: Bytes of a ``trainer_class.py``. None of 168 genuine ones has 100 kB.
MAX_SOURCE_BYTES = 256 * 1000
#: Its words and symbols, counted before it is parsed: each takes up to 1.5 kB. nnU-Net's own
#: trainer has 75 kB and 12,526 of them.
MAX_SOURCE_TOKENS = 40_000
#: Trainer folders of a package, and folds of each, that are read: nnU-Net trains at most four
#: configurations of a data set, and five folds. More of either is reported by L002 and L009.
MAX_TRAINERS = 4
MAX_FOLDS = 50
#: Files that are considered in the place of a missing one: five checkpoints that were best, latest
#: or final.
MAX_CANDIDATES = 100

# ------------------------------------------------------------------------------------------- texts

#: Texts of a package that are searched for leaks: 54 of 25 folds.
MAX_TEXTS = 200
#: Bytes read at each end of a text: ``debug.json`` has 15 kB; nnU-Net logs 4 kB before the first
#: epoch, and 60 bytes for each of 246 cases after the last.
MAX_EXCERPT_BYTES = 64 * 1024
#: Characters of all these texts together: 7 million of 25 folds, 1.4 million of five.
MAX_TEXTS_TOTAL = 8 * 1024 * 1024
#: Bytes of a compressed text that are unpacked to reach its end. A log has 0.35 MB, of 118 labels
#: 2.6 MB, and of 50 labels and 8000 epochs 10.5 MB. Time forbids more for each of MAX_TEXTS.
MAX_SKIPPED_BYTES = 8 * 1024 * 1024
#: Bytes of a long text that ``--deep`` reads, and of all long texts together: the same logs, five
#: of 118 labels. Time forbids more: searching 16 MB for leaks takes up to three seconds.
MAX_WHOLE_BYTES = 4 * 1024 * 1024
MAX_WHOLE_TOTAL = 16 * 1024 * 1024
#: Bytes of all texts of a package that ``--fix`` cleans, and of one that ``pack`` does: the same
#: logs, 13 MB and 10.5 MB.
MAX_TEXT_BYTES = 64 * 1024 * 1024
#: Characters of a text whose lines are shown: a fingerprint has 291 thousand.
MAX_QUOTED = 1024 * 1024

# ------------------------------------------------------------------------------------ repositories

#: Bytes that are read of a script, a configuration or a README of a repository, and the number of
#: scripts and configurations: nnU-Net's own repository has 189, the largest of 75 kB.
MAX_SCRIPT_BYTES = 1024 * 1024
MAX_SCRIPTS = 2_000
#: Characters of all scripts and configurations: 0.9 million of nnU-Net.
MAX_SCRIPTS_TOTAL = 8 * 1024 * 1024

# ----------------------------------------------------------------------------------------- the web

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
