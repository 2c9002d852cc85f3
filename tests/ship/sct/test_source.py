"""Python sources of SCT: the place of a change is found, and no other byte is touched."""

from __future__ import annotations

import ast
import codecs
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mini_sct import MODELS
from model_lint.errors import UsageError
from model_lint.ship.sct.entries import add_model, add_task, applied, update
from model_lint.ship.sct.existing import Known, read_known
from model_lint.ship.sct.source import Edit, Source, find_dict, items
from model_lint.ship.sct.wanted import Url, Wanted

PATH = "spinalcordtoolbox/deepseg/models.py"
WEB = "https://github.com"
OLD = f"{WEB}/lab/model_seg_sc_t2/releases/download/r20250102/model.zip"
NEW = OLD.replace("20250102", "20260102")


def wanted(**changed: Any) -> Wanted:
    url: Url = [NEW]
    base = Wanted(
        model="model_seg_sc_t2",
        task="sc_t2",
        repository="lab/model_seg_sc_t2",
        page=f"{WEB}/lab/model_seg_sc_t2",
        tag="r20260102",
        url=url,
        description='The "cord" on T2w, it\'s here',
        long_description="A long text about the cord. " * 12 + 'With "quotes", it\'s \\LaTeX é.',
        contrasts=("t2",),
        cropped_image=False,
        suffixes=("_seg",),
        citation='@misc{a,\n  title={{\\v{s}} "x" \'y\' """z"""},\n}',
        group="spinal_cord",
    )
    return base._replace(**changed)


def known(models: str) -> Known:
    newline = "\r\n" if "\r\n" in models else "\n"
    text = f"x = 1{newline}MODELS = {models}{newline}TASKS = {{}}{newline}"
    return read_known(Source(PATH, text.encode()))


def values(data: bytes, name: str = "MODELS") -> Any:
    found = find_dict(Source(PATH, data).tree, name)
    return ast.literal_eval(found) if found else None


def require_only_inserted(old: bytes, new: bytes) -> None:
    """Require that the new bytes are the old ones, with an entry and at most a comma before it."""
    start = new.index(b'    "model_seg_sc_t2"')
    end = new.index(b"    },", start) + len(b"    },")
    newline = b"\r\n" if b"\r\n" in old else b"\n"
    head, tail = new[:start], new[end:].removeprefix(newline)
    assert old.endswith(tail)
    rest = old[: len(old) - len(tail)]
    assert any(_is_with_comma(rest, one) for one in (head, head.removesuffix(newline)))


def _is_with_comma(old: bytes, new: bytes) -> bool:
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    return new in {old, old[:same] + b"," + old[same:]}


@pytest.mark.parametrize(
    "models",
    [
        "{}",
        "{\n}",
        "{'a': {'url': []}}",
        "{'a': 1,}",
        "{\n    'a': 1\n}",
        "{\n    'a': 1  # last, no comma\n}",
        "{\n    'a': 1,  # last, {}\n    # more: ), }\n    }",
        "{'a': (1), # )\n\n}",
        "{'a': ((1)\n  # )\n ) }",
        "{'a': 1, \\\n}",
        "{\t'a': 1 ,\t\n\t}",
        "{'é': 'ü'}",
        "{**{'b': 1}}",
        '{"a": """x\n}\n"""}',
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_entry_is_added_to_any_dict(models: str, newline: str) -> None:
    text = known(models).source.text.replace("\n", newline)
    old = read_known(Source(PATH, text.encode()))
    data = applied(old.source, [add_model(old, wanted())])
    new = read_known(Source(PATH, data))
    assert new.names("MODELS") == [*old.names("MODELS"), "model_seg_sc_t2"]
    assert data.count(b"\n") == data.count(newline.encode())
    require_only_inserted(old.source.text.encode(), data)


_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)
_GAPS = st.sampled_from(["", " ", "\n    ", "  # note: }, {\n  ", "\t", "\n\n"])


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    """Return a source with generated entries, in odd forms."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    found = draw(st.dictionaries(_KEYS, _VALUES, max_size=4))
    parts = []
    for number, (key, value) in enumerate(found.items()):
        text = draw(st.sampled_from(["{}", "({})", "({}  # )\n)"])).format(repr(value))
        is_last = number == len(found) - 1
        comma = draw(st.sampled_from(["", ",", " ,"])) if is_last else ","
        gaps = [draw(_GAPS) for _ in range(3)]
        parts.append(f"{gaps[0]}{key!r}:{gaps[1]}{text}{comma}{gaps[2]}")
    entries = "".join(parts).replace("\n", newline)
    head = draw(st.sampled_from(["", "# é\n", "'''x'''\n", "x = [\n1]\n"])).replace("\n", newline)
    tail = draw(st.sampled_from(["", "\n", "\n\n  \n# end"])).replace("\n", newline)
    bom = codecs.BOM_UTF8 if draw(st.booleans()) else b""
    return bom + f"{head}MODELS = {{{entries}}}{newline}TASKS = {{}}{tail}".encode()


@given(sources())
def test_no_other_byte_is_touched(data: bytes) -> None:
    old = read_known(Source(PATH, data))
    before = values(data)
    new = applied(old.source, [add_model(old, wanted())])
    after = values(new)
    assert list(after) == [*before, "model_seg_sc_t2"]
    assert {key: after[key] for key in before} == before
    require_only_inserted(data, new)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_an_encoding_is_kept(encoding: str) -> None:
    cookie = "# -*- coding: latin-1 -*-\n" if encoding == "latin-1" else ""
    data = f"{cookie}MODELS = {{'café': 1}}\nTASKS = {{}}\n".encode(encoding)
    old = read_known(Source(PATH, data))
    described = wanted(description="Ž and é")
    new = applied(old.source, [add_model(old, described)])
    assert values(new)["model_seg_sc_t2"]["description"] == "Ž and é"
    assert new[: new.index(b"}")].startswith(data[: data.index(b"}")])


def test_a_task_states_what_is_wanted() -> None:
    old = known("{}")
    task = values(applied(old.source, [add_task(old, wanted())]), "TASKS")["sc_t2"]
    described = wanted()
    assert task["citation"] == f"```bibtex\n{described.citation}\n```\n"
    assert task["long_description"] == described.long_description
    assert task == {**task, "models": ["model_seg_sc_t2"], "group": "spinal_cord"}
    text = applied(old.source, [add_task(old, described)]).decode()
    assert max(map(len, text.splitlines())) <= 120


ENTRY = """{
    "model_seg_sc_t2": {
        'url': [
            'OLD' ,  # here
            "https://mirror.example.org/x"
        ],
        "default": False
    },
}""".replace("OLD", OLD)


def bumped(entry: str, **changed: Any) -> tuple[bytes, bytes]:
    old = known(entry)
    found = old.entry("MODELS", "model_seg_sc_t2")
    assert found
    described = wanted(**changed)
    new = applied(old.source, update(found, described, WEB))
    again = read_known(Source(PATH, new))
    found = again.entry("MODELS", "model_seg_sc_t2")
    assert found
    assert update(found, described, WEB) == []
    return old.source.text.encode(), new


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_version_changes_one_address(newline: str) -> None:
    old, new = bumped(ENTRY.replace("\n", newline))
    assert new == old.replace(OLD.encode(), NEW.encode())


FOLDS = """{
    "model_seg_sc_t2": {
         "url": {
            "model_fold0": ["https://github.com/lab/model_seg_sc_t2/r1/0.zip"],
            "model_fold1": ["https://github.com/lab/model_seg_sc_t2/r1/1.zip"]
         },
         "default": False,
     },
}"""


def test_each_fold_gets_its_address() -> None:
    url = {f"fold_{n}": [f"https://github.com/lab/model_seg_sc_t2/r2/{n}.zip"] for n in (1, 0)}
    old, new = bumped(FOLDS, url=url)
    assert new == old.replace(b"/r1/", b"/r2/")


def test_other_folds_replace_the_addresses() -> None:
    url = {f"model_fold{n}": [f"{WEB}/lab/model_seg_sc_t2/r2/{n}.zip"] for n in range(3)}
    old, new = bumped(FOLDS, url=url)
    assert values(new)["model_seg_sc_t2"] == {"url": url, "default": False}
    assert old.count(b"\n") + 1 == new.count(b"\n")
    _, one = bumped(FOLDS)
    assert values(one)["model_seg_sc_t2"]["url"] == [NEW]


def test_cropping_follows_the_package() -> None:
    old, new = bumped(ENTRY, cropped_image=True)
    assert values(new)["model_seg_sc_t2"]["cropped_image"] is True
    assert new.count(b"\n") == old.count(b"\n") + 1
    entry = ENTRY.replace('"default": False', '"default": False, "cropped_image": True')
    old, new = bumped(entry)
    assert new == old.replace(OLD.encode(), NEW.encode()).replace(b"True", b"False")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"MODELS = {", "was never closed"),
        (b"\xff\xfe", "encoding"),
        (b"# coding: latin-9000\n", "unknown encoding"),
        (b"x = " + b"(" * 500 + b")" * 500, "can't be read"),
        (b"\0", "can't be read"),
        (b"TASKS = {}", "no dict `MODELS`"),
        (b"MODELS = dict()\nTASKS = {}", "no dict `MODELS`"),
        (b"MODELS = {}\nTASKS: dict", "no dict `TASKS`"),
        (b"#" * 2**21, "larger than"),
    ],
)
def test_what_is_no_file_of_models_gets_one_line(data: bytes, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_known(Source(PATH, data))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_entry_that_code_makes_is_not_changed() -> None:
    found = read_known(Source(PATH, MODELS.encode()))
    entry = found.entry("MODELS", "whole_spine")
    assert entry
    with pytest.raises(
        UsageError, match=r"line \d+: MODELS\['whole_spine'\]\['url'\] is made by code"
    ):
        update(entry, wanted(), WEB)
    twice = known("{'a': {}, 'a': {}}")
    with pytest.raises(UsageError, match="there twice"):
        twice.entry("MODELS", "a")
    with pytest.raises(UsageError, match="made by code"):
        known("{'a': dict()}").entry("MODELS", "a")


@pytest.mark.parametrize(
    "deep", ["x = " + " + ".join(["1"] * 900), "x = " + "[" * 90 + "]" * 90, "x = 0x" + "f" * 9999]
)
def test_code_of_any_depth_is_left_as_it_is(deep: str) -> None:
    data = f"MODELS = {ENTRY}\nTASKS = {{}}\n{deep}\n".encode()
    entry = read_known(Source(PATH, data)).entry("MODELS", "model_seg_sc_t2")
    assert entry
    new = applied(entry.source, update(entry, wanted(), WEB))
    assert new == data.replace(OLD.encode(), NEW.encode())


@pytest.mark.parametrize("edit", [Edit(0, 6, "MODELZ"), Edit(10, 10, "'a': 1"), Edit(11, 12, "")])
def test_a_change_that_is_not_the_wanted_one_is_refused(edit: Edit) -> None:
    source = Source(PATH, b"MODELS = {}\nTASKS = {}\n")
    with pytest.raises(UsageError, match=r"models\.py: "):
        source.changed([edit], lambda _: None)


def test_nothing_is_executed() -> None:
    data = b"import os\nos._exit(1)\nMODELS = {'a': {'url': [os._exit(1)]}}\nTASKS = {}\n"
    found = read_known(Source(PATH, data))
    assert [name for name, _ in items(found.models)] == ["a"]
    assert found.of_repository("lab/x", WEB) == []
