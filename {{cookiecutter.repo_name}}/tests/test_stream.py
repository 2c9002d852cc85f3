"""Things go through three steps at once, in order, within the memory that there is."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from stream import Steps, stream


class Recorder:
    """Steps that record what is in progress."""

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        self.sizes = list(sizes)
        self.lock = threading.Lock()
        self.inside: set[int] = set()
        self.most = 0
        self.alone: list[int] = []
        self.predicted: list[int] = []
        self.threads: set[int] = set()

    def load(self, thing: int) -> int:
        with self.lock:
            self.inside.add(thing)
            self.most = max(self.most, sum(self.sizes[k] for k in self.inside))
            if len(self.inside) == 1:
                self.alone.append(thing)
        return thing

    def predict(self, thing: int) -> int:
        self.threads.add(threading.get_ident())
        self.predicted.append(thing)
        return thing

    def save(self, thing: int) -> str:
        with self.lock:
            self.inside.discard(thing)
        return f"saved {thing}"

    def steps(self) -> Steps[int]:
        return Steps(self.load, self.predict, self.save, lambda thing: self.sizes[thing])


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 25])
def test_results_come_in_order_and_prediction_is_in_one_thread(workers: int, number: int) -> None:
    recorder = Recorder([1] * number)
    found = list(stream(range(number), recorder.steps(), workers=workers, room=100))
    assert found == [f"saved {k}" for k in range(number)]
    assert recorder.predicted == list(range(number))
    assert recorder.threads <= {threading.get_ident()}
    assert not recorder.inside


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    "sizes", [[3] * 12, [10] * 5, [1, 1, 9, 1, 1, 9, 9, 1], [7, 4, 4, 7, 2, 2, 2, 8]]
)
def test_the_memory_in_use_is_bounded(workers: int, sizes: list[int]) -> None:
    recorder = Recorder(sizes)
    assert len(list(stream(range(len(sizes)), recorder.steps(), workers=workers, room=10))) == len(
        sizes
    )
    assert recorder.most <= 10


def test_a_thing_that_needs_more_is_alone() -> None:
    recorder = Recorder([1, 1, 50, 1, 60, 70])
    assert len(list(stream(range(6), recorder.steps(), workers=3, room=10))) == 6
    assert recorder.most == 70
    assert {2, 4, 5} <= set(recorder.alone)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_next_one_loads_while_one_is_predicted(workers: int) -> None:
    """Without that, this waits for ever, and fails: the first prediction needs the second load."""
    loaded = [threading.Event() for _ in range(4)]
    recorder = Recorder([1] * 4)

    def load(thing: int) -> int:
        loaded[thing].set()
        return thing

    def predict(thing: int) -> int:
        if thing + 1 < len(loaded):
            assert loaded[thing + 1].wait(20)
        return thing

    steps = Steps(load, predict, recorder.save, lambda _: 1)
    assert len(list(stream(range(4), steps, workers=workers, room=10))) == 4


def test_one_is_saved_while_the_next_is_predicted() -> None:
    predicted = [threading.Event() for _ in range(3)]
    recorder = Recorder([1] * 3)

    def predict(thing: int) -> int:
        predicted[thing].set()
        return thing

    def save(thing: int) -> int:
        if thing + 1 < len(predicted):
            assert predicted[thing + 1].wait(20)
        return thing

    steps = Steps(recorder.load, predict, save, lambda _: 1)
    assert list(stream(range(3), steps, workers=1, room=10)) == [0, 1, 2]


@pytest.mark.parametrize("step", ["load", "predict", "save"])
def test_an_exception_ends_the_stream(step: str) -> None:
    recorder = Recorder([1] * 20)

    def fail(thing: int) -> int:
        if thing == 3:
            raise OSError("disk full")
        return thing

    setattr(recorder, step, fail)
    with pytest.raises(OSError, match="disk full"):
        list(stream(range(20), recorder.steps(), workers=2, room=10))
    assert len(recorder.predicted) < 20


def test_a_stream_can_be_left_early() -> None:
    recorder = Recorder([1] * 50)
    found = stream(range(50), recorder.steps(), workers=2, room=10)
    assert next(found) == "saved 0"
    found.close()
    assert len(recorder.predicted) < 20
