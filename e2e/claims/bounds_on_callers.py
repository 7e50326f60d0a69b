"""Callers are bounded: size and pace of head and body, paths, methods, doubled fields (Q4)."""

import json
import socket

import httpx2
import pytest

from lab import clients, gateway

BODY_MAX = 20_000
ANSWER_LIMIT_S = 10
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}


@pytest.fixture(scope="module")
def small(running, tmp_path_factory):
    """A gateway with bounds that a test can reach."""
    limits = {
        "body_size_max": BODY_MAX, "body_time_max": "1s", "head_size_max": 8192, "head_time_max": "1s",
    }
    with gateway.serving(running, tmp_path_factory.mktemp("small"), limits=limits) as door:
        yield door


def _body(text="hello"):
    return {"model": clients.MODEL, "max_tokens": 9, "messages": clients.say(text)}


def _post(door, path, **how):
    headers = {"authorization": f"Bearer {door.key}", "content-type": "application/json"}
    return httpx2.post(door.url + path, headers=headers, timeout=ANSWER_LIMIT_S, **how)


def _raw(door, data):
    """Sends bytes and reads until the gateway closes or has sent a whole head."""
    with socket.create_connection(door.address, timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(65536)
            if not more:
                break
            answer += more
        return answer.decode()


def _head(door, extra=""):
    return (
        f"POST {PATHS['openai']} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {door.key}\r\n"
        f"content-type: application/json\r\n{extra}"
    )


@pytest.mark.parametrize("dialect", PATHS)
def a_body_above_the_limit_is_refused_in_the_callers_dialect(small, dialect):
    answer = _post(small, PATHS[dialect], json=_body("x" * BODY_MAX))
    assert answer.status_code == 413
    assert answer.headers["isobar-refusal"] == "body_too_large"
    assert ("type" in answer.json()) == (dialect == "anthropic")


def a_body_above_the_limit_is_refused_before_it_is_sent(small):
    answer = _raw(small, (_head(small) + f"content-length: {10**12}\r\n\r\n").encode())
    assert answer.startswith("HTTP/1.1 413")


@pytest.mark.parametrize("size", [BODY_MAX + 2_000, 40 * BODY_MAX])
def a_chunked_body_above_the_limit_is_refused_too(small, size):
    """The answer must not be lost in a reset while the caller is still sending."""

    def pieces():
        for _ in range(size // 1000):
            yield b" " * 1000

    for _ in range(10):
        assert _post(small, PATHS["openai"], content=pieces()).status_code == 413


def a_body_that_does_not_arrive_is_given_up(small):
    answer = _raw(small, (_head(small) + "content-length: 100\r\n\r\n{").encode())
    assert answer.startswith("HTTP/1.1 408") and "body_too_slow" in answer


def a_head_that_does_not_arrive_is_given_up(small):
    answer = _raw(small, _head(small).encode())
    assert answer == "" or answer.startswith("HTTP/1.1 408")


def a_head_above_the_limit_is_refused(small):
    answer = _raw(small, (_head(small) + f"x-large: {'x' * 9000}\r\n\r\n").encode())
    assert answer == "" or answer.startswith("HTTP/1.1 431")


def a_request_with_two_lengths_is_refused(small):
    """Q4: what two readers could take for different requests is nobody's request."""
    two = "content-length: 2\r\ncontent-length: 3\r\n\r\n{}"
    assert not _raw(small, (_head(small) + two).encode()).startswith("HTTP/1.1 2")


def a_field_that_stands_twice_is_refused(small):
    text = json.dumps(_body())
    doubled = text[:-1] + f', "model": "{clients.MODEL}"}}'
    answer = _post(small, PATHS["openai"], content=doubled)
    assert answer.status_code == 400
    assert answer.headers["isobar-refusal"] == "malformed_request" and "model" in answer.text


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"model": 1}', "[" * 5000])
def a_body_that_is_no_request_is_refused(small, content):
    answer = _post(small, PATHS["openai"], content=content)
    assert (answer.status_code, answer.headers["isobar-refusal"]) == (400, "malformed_request")


def an_unknown_path_is_said_to_be_unknown(small):
    answer = _post(small, "/v1/no-such-thing", json=_body())
    assert (answer.status_code, answer.headers["isobar-refusal"]) == (404, "unknown_path")


def a_wrong_method_names_the_right_one(small):
    answer = httpx2.get(small.url + PATHS["openai"], timeout=ANSWER_LIMIT_S)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def a_request_without_a_key_is_told_so(small):
    answer = httpx2.post(small.url + PATHS["openai"], json=_body(), timeout=ANSWER_LIMIT_S)
    assert (answer.status_code, answer.headers["isobar-refusal"]) == (401, "credential_missing")


@pytest.mark.parametrize("header", ["x-api-key", "api-key"])
def a_key_is_taken_from_wherever_an_sdk_puts_it(small, header):
    answer = httpx2.post(
        small.url + PATHS["openai"], json=_body(), headers={header: small.key}, timeout=ANSWER_LIMIT_S
    )
    assert answer.status_code == 200
