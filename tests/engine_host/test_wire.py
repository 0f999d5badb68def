import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.engine_host.wire import LONGEST_PAYLOAD_BYTES, Message, WireError, encoded, read_head

DATA = st.dictionaries(
    st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(), max_size=4
)


@given(kind=st.text(min_size=1, max_size=20), data=DATA, payload=st.binary(max_size=200))
def test_what_is_sent_is_what_is_read(kind: str, data: dict[str, Any], payload: bytes) -> None:
    line, _, rest = encoded(Message(kind, data, payload)).partition(b"\n")
    message, length = read_head(line)
    assert Message(message.type, message.data, rest) == Message(kind, data, payload)
    assert length == len(payload)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"data": {}}',
        b'{"type": 7}',
        b'{"type": "a", "data": 7}',
        b'{"type": "a", "payload_length": -1}',
        b'{"type": "a", "payload_length": "9"}',
        json.dumps({"type": "a", "payload_length": LONGEST_PAYLOAD_BYTES + 1}).encode(),
    ],
)
def test_bytes_that_are_no_message_are_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        read_head(line)


@given(line=st.binary(max_size=100))
def test_no_bytes_do_more_harm_than_that(line: bytes) -> None:
    with contextlib.suppress(WireError):
        read_head(line)


def test_an_id_that_is_no_number_belongs_to_nobody() -> None:
    assert Message("a", {"id": "7"}).id == -1
    assert Message("a", {"id": 7}).id == 7
