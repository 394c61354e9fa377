import json
import re

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from ricarica.web.pretty import pretty_json

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def shown(markup: Markup) -> str:
    """What a reader sees: the markup without its tags, every space kept."""
    return Markup(re.sub(r"</?span[^>]*>", "", markup)).unescape()


def test_keys_and_values_are_told_apart() -> None:
    markup = pretty_json('{"a":"b","c":1}')

    assert markup == (
        '{<span class="json-key">&#34;a&#34;</span>: <span class="json-string">&#34;b&#34;</span>, '
        '<span class="json-key">&#34;c&#34;</span>: <span class="json-literal">1</span>}'
    )


def test_a_number_keeps_the_digits_it_came_with() -> None:
    assert "1.10" in pretty_json('{"price":1.10}')
    assert "1e400" in pretty_json("[1e400]")


def test_brackets_that_hold_others_are_opened() -> None:
    assert shown(pretty_json('[2,"x",{"a":{"b":1}}]')) == (
        '[\n  2,\n  "x",\n  {\n    "a": {"b": 1}\n  }\n]'
    )


def test_what_is_not_json_is_shown_as_it_is() -> None:
    assert pretty_json("<b>not json</b>") == "&lt;b&gt;not json&lt;/b&gt;"


def test_markup_in_a_string_stays_text() -> None:
    assert "<img" not in pretty_json('["<img src=x onerror=alert(1)>"]')


def test_deep_nesting_neither_fails_nor_leaves_the_screen() -> None:
    markup = pretty_json("[" * 50_000 + "]" * 50_000)

    assert max(len(line) for line in markup.splitlines()) < 60


@given(json_values)
def test_nothing_is_added_or_lost_but_space(value: object) -> None:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    assert json.loads(shown(pretty_json(text))) == value
