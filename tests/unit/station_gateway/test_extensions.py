import pytest

from ricarica.station_gateway.extensions import deflate_answer

PLAIN = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    "lines, answer",
    [
        ([], None),
        ([""], None),
        (["permessage-deflate"], PLAIN),
        (["permessage-deflate; client_max_window_bits"], PLAIN),
        (["permessage-deflate;client_max_window_bits=12 ; server_no_context_takeover"], PLAIN),
        (['permessage-deflate;server_max_window_bits="10"'], f"{PLAIN}; server_max_window_bits=10"),
        (["permessage-deflate; server_max_window_bits=8"], f"{PLAIN}; server_max_window_bits=8"),
        (["x-webkit-deflate-frame", "permessage-deflate"], PLAIN),
        (["permessage-deflate; unheard_of, permessage-deflate"], PLAIN),
        (["permessage-deflate; server_max_window_bits"], None),
        (["permessage-deflate; server_max_window_bits=16"], None),
        (["permessage-deflate; server_max_window_bits=07"], None),
        (["permessage-deflate; client_no_context_takeover=1"], None),
        (["permessage-deflate; client_max_window_bits; client_max_window_bits"], None),
        (["permessage-bzip2"], None),
        ([",".join(["x"] * 100) + ",permessage-deflate"], None),
    ],
)  # fmt: skip
def test_an_offer_of_compression_is_answered(lines: list[str], answer: str | None) -> None:
    assert deflate_answer(lines) == answer
