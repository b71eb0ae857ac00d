from hypothesis import given
from hypothesis import strategies as st

from tiphys.delivery.remembering import Remembered


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: Remembered[str] = Remembered(100)
    for key in "abc":
        kept.put(key, key, 33)
    kept.get("a")

    kept.put("d", "d", 33)

    assert [kept.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_what_is_larger_than_the_room_is_not_kept() -> None:
    kept: Remembered[str] = Remembered(100)
    kept.put("a", "a", 101)

    assert kept.get("a") is None
    assert kept.size == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60))))
def test_it_never_holds_more_than_it_may(puts: list[tuple[str, int]]) -> None:
    kept: Remembered[int] = Remembered(100)
    sizes: dict[str, int] = {}
    for key, size in puts:
        kept.put(key, size, size)
        sizes[key] = size
        held = [k for k in "abcdef" if kept.get(k) is not None]
        assert kept.size == sum(sizes[k] for k in held)
        assert kept.size <= 100
