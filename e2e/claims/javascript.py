"""The unmodified SDKs for JavaScript work through every gateway (G2)."""

from lab import clients


def the_openai_sdk_chats_streams_calls_tools_and_reads_errors(door, javascript):
    text = clients.marker()
    got = javascript.answers(
        "openai.mjs", BASE_URL=door.url, KEY=door.key, MODEL=clients.MODEL, TEXT=text
    )
    assert text in got["chat"]["text"] and got["chat"]["finish"] == "stop"
    assert got["chat"]["tokens"] > 0 and got["chat"]["requestId"] and got["chat"]["route"]
    assert text in got["stream"]["text"] and got["stream"]["finish"] == "stop"
    assert got["stream"]["pieces"] > 3
    assert got["tool"]["name"] == "get_weather" and "city" in got["tool"]["arguments"]
    assert got["tool"]["finish"] == "stop"
    assert len(got["both"]) == 2 and all("city" in arguments for arguments in got["both"])
    assert clients.MODEL in got["models"]
    assert got["wrongKey"] == {
        "status": 401, "code": "credential_unknown", "name": "AuthenticationError",
    }
    assert got["wrongModel"] == {
        "status": 404, "code": "model_not_allowed", "name": "NotFoundError",
    }
    assert (got["malformed"]["status"], got["malformed"]["name"]) == (400, "BadRequestError")


def the_anthropic_sdk_chats_streams_calls_tools_and_reads_errors(door, javascript):
    text = clients.marker()
    got = javascript.answers(
        "anthropic.mjs", BASE_URL=door.url, KEY=door.key, MODEL=clients.MODEL, TEXT=text
    )
    assert text in got["chat"]["text"] and got["chat"]["stop"] == "end_turn"
    assert text in got["stream"]["text"] and got["stream"]["stop"] == "end_turn"
    assert got["stream"]["last"] == "message_stop"
    assert got["tool"]["stop"] == "tool_use" and "city" in got["tool"]["input"]
    assert got["wrongKey"] == {"status": 401, "type": "authentication_error"}
