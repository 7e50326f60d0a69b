"""botocore, which is strict about shapes and checksums, reads what the simulated Bedrock sends."""

import base64
import json
import time

import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from lab import clients, vendors

CLAUDE = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
SPEC = {
    "name": "get_weather",
    "description": "Weather of a city",
    "inputSchema": {"json": clients.WEATHER},
}
TOOLS = {"tools": [{"toolSpec": SPEC}]}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
FAST = Config(retries={"max_attempts": 0, "mode": "standard"}, read_timeout=20)


def _bedrock_at(simulated, endpoint="bedrock", region=vendors.AWS_REGION, **keys):
    """A client that signs, with the simulator's own key pair unless told otherwise."""
    keys = keys or {
        "aws_access_key_id": vendors.AWS_KEY["access_key_id"],
        "aws_secret_access_key": vendors.AWS_KEY["secret_access_key"],
    }
    url = simulated.at(endpoint)
    return boto3.client("bedrock-runtime", endpoint_url=url, region_name=region, config=FAST, **keys)


@pytest.fixture
def bedrock(simulated):
    return _bedrock_at(simulated)


def _say(*texts):
    """Turns of text, the user's first."""
    roles = ["user", "assistant"] * len(texts)
    return [{"role": role, "content": [{"text": text}]} for role, text in zip(roles, texts)]


def _results_of(message):
    """Every call of a message, answered."""
    calls = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
    content = [{"text": "sunny"}]
    return [{"toolResult": {"toolUseId": one, "content": content}} for one in calls]


def a_text_is_answered_whole_with_usage(bedrock):
    text = clients.marker()
    answer = bedrock.converse(modelId=CLAUDE, messages=_say(text))
    assert text in answer["output"]["message"]["content"][0]["text"]
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["stopReason"] == "end_turn"


def a_stream_has_no_start_of_text_and_ends_with_metadata(bedrock):
    text = clients.marker()
    limit = {"maxTokens": 20}
    events = list(
        bedrock.converse_stream(modelId=CLAUDE, messages=_say(text), inferenceConfig=limit)["stream"]
    )
    names = [name for event in events for name in event]
    assert "contentBlockStart" not in names
    assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"]
    assert events[-2]["messageStop"]["stopReason"] == "max_tokens"
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    assert text in "".join(delta["delta"]["text"] for delta in deltas)


def two_tools_are_called_in_a_stream_and_answered_in_the_next_turn(bedrock):
    ask = "weather in both cities"
    how = {"modelId": CLAUDE, "toolConfig": TOOLS, "additionalModelRequestFields": THINKING}
    events = bedrock.converse_stream(messages=_say(ask), **how)["stream"]
    starts = [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]
    assert [start["toolUse"]["name"] for start in starts] == ["get_weather"] * 2
    message = bedrock.converse(messages=_say(ask), **how)["output"]["message"]
    kinds = [name for block in message["content"] for name in block]
    assert kinds == ["reasoningContent", "text", "toolUse", "toolUse"]
    turns = [*_say(ask), message, {"role": "user", "content": _results_of(message)}]
    answer = bedrock.converse(messages=turns, **how)["output"]["message"]["content"][-1]["text"]
    assert '"sunny" and "sunny"' in answer


def altered_reasoning_is_refused(bedrock):
    how = {"modelId": CLAUDE, "toolConfig": TOOLS, "additionalModelRequestFields": THINKING}
    message = bedrock.converse(messages=_say("weather"), **how)["output"]["message"]
    message["content"][0]["reasoningContent"]["reasoningText"]["text"] += "!"
    turns = [*_say("weather"), message, {"role": "user", "content": _results_of(message)}]
    with pytest.raises(ClientError, match="Invalid `signature`"):
        bedrock.converse(messages=turns, **how)


def a_schema_is_answered_with_json_that_fits(bedrock):
    schema = {"name": "city", "schema": json.dumps(clients.WEATHER)}
    wanted = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    answer = bedrock.converse(modelId=CLAUDE, messages=_say("Paris"), outputConfig=wanted)
    assert json.loads(answer["output"]["message"]["content"][0]["text"]) == {"city": "Paris"}


def a_guardrail_stops_a_prompt_and_an_answer(bedrock):
    prompt = bedrock.converse(modelId=CLAUDE, messages=_say("filter=prompt"))
    answer = bedrock.converse(modelId=CLAUDE, messages=_say("filter=answer"))
    assert (prompt["stopReason"], answer["stopReason"]) == ("guardrail_intervened", "content_filtered")


def the_rules_of_turns_are_kept(bedrock):
    for turns, reason in [
        (_say("a")[:1] * 2, "alternate"),
        (_say("", "b")[1:], "start with a user"),
        (_say(" "), "is blank"),
    ]:
        with pytest.raises(ClientError, match=reason) as refused:
            bedrock.converse(modelId=CLAUDE, messages=turns)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def claude_is_invoked_whole_and_streamed(bedrock):
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [
        {"role": "user", "content": "hello"}]}
    arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-x"
    whole = bedrock.invoke_model(modelId=arn, body=json.dumps(body))
    assert json.loads(whole["body"].read())["stop_reason"] == "max_tokens"
    assert whole["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-output-token-count"] == "5"
    stream = bedrock.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(body))
    kinds = [json.loads(event["chunk"]["bytes"])["type"] for event in stream["body"]]
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"


def each_family_embeds_in_its_own_format(bedrock):
    def embed(model, body):
        return json.loads(bedrock.invoke_model(modelId=model, body=json.dumps(body))["body"].read())

    titan = embed("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 256})
    cohere = embed("cohere.embed-english-v3", {"texts": ["a", "b"], "input_type": "search_query"})
    single = {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 384,
              "text": {"truncationMode": "END", "value": "a"}}
    nova = embed("amazon.nova-2-multimodal-embeddings-v1:0",
                 {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single})
    assert len(titan["embedding"]) == 256
    assert [len(one) for one in cohere["embeddings"]] == [1024, 1024]
    assert len(nova["embeddings"][0]["embedding"]) == 384


def tokens_are_counted_for_either_api(bedrock):
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [
        {"role": "user", "content": "hello"}]}
    for wanted in [{"converse": {"messages": _say("hello")}}, {"invokeModel": {"body": json.dumps(body)}}]:
        assert bedrock.count_tokens(modelId=CLAUDE, input=wanted)["inputTokens"] > 0


def a_wrong_secret_region_or_key_is_found_out(simulated):
    good = vendors.AWS_KEY
    for keys, code in [
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"region": "us-east-1"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIAUNKNOWN"}, "UnrecognizedClientException"),
    ]:
        keys = {
            "aws_access_key_id": good["access_key_id"],
            "aws_secret_access_key": good["secret_access_key"],
            **keys,
        }
        with pytest.raises(ClientError) as refused:
            _bedrock_at(simulated, **keys).converse(modelId=CLAUDE, messages=_say("x"))
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def a_bearer_key_opens_too(simulated):
    # botocore sends a bearer key over TLS only.
    def asked_with(key):
        url = f"{simulated.at('bedrock')}/model/{CLAUDE}/converse"
        body = {"messages": _say("x")}
        return httpx2.post(url, json=body, headers={"authorization": f"Bearer {key}"})

    assert asked_with(vendors.BEDROCK_KEY).json()["stopReason"] == "end_turn"
    assert simulated.last("bedrock")["marks"]["credential"] == "bearer"
    refused = asked_with("wrong")
    assert refused.status_code == 403
    assert refused.headers["x-amzn-errortype"].split(":")[0] == "AccessDeniedException"


def the_log_tells_model_wire_and_signature(simulated, bedrock):
    text = clients.marker()
    bedrock.converse_stream(modelId=CLAUDE, messages=_say(text))["stream"].close()
    (logged,) = simulated.requests(text)
    assert (logged["model"], logged["wire"], logged["stream"]) == (CLAUDE, "bedrock.converse", True)
    assert logged["marks"]["sigv4_scope"].endswith("/eu-west-1/bedrock/aws4_request")


def _sts_at(simulated, endpoint):
    """STS, which takes a web identity without a signature of ours."""
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return boto3.client("sts", endpoint_url=simulated.at(endpoint), region_name="eu-west-1",
                        config=FAST, **keys)


def _web_identity():
    """A token as a cluster issues it, signed by nobody."""
    claims = {"iss": "https://cluster", "sub": "system:serviceaccount:a:b", "exp": int(time.time()) + 600}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _assume(simulated, endpoint, token):
    """Keys for a web identity."""
    granted = _sts_at(simulated, endpoint).assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/gateway",
        RoleSessionName="claims",
        WebIdentityToken=token,
    )["Credentials"]
    return {
        "aws_access_key_id": granted["AccessKeyId"],
        "aws_secret_access_key": granted["SecretAccessKey"],
        "aws_session_token": granted["SessionToken"],
    }


def issued_keys_open_and_others_do_not(simulated):
    keys = _assume(simulated, "identity", _web_identity())
    client = _bedrock_at(simulated, "bedrock-issued", **keys)
    assert client.converse(modelId=CLAUDE, messages=_say("x"))["stopReason"] == "end_turn"
    without_session = {**keys, "aws_session_token": None}
    stale = _assume(simulated, "identity-stale", _web_identity())
    for keys, code in [
        (without_session, "UnrecognizedClientException"),
        (stale, "ExpiredTokenException"),
    ]:
        with pytest.raises(ClientError) as refused:
            _bedrock_at(simulated, "bedrock-issued", **keys).converse(modelId=CLAUDE, messages=_say("x"))
        assert refused.value.response["Error"]["Code"] == code


def an_identity_that_is_no_token_is_refused(simulated):
    with pytest.raises(ClientError) as refused:
        _assume(simulated, "identity", "not-a-token")
    assert refused.value.response["Error"]["Code"] == "InvalidIdentityToken"


def faults_are_exceptions_of_the_service(simulated, bedrock):
    for code, name in [
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
        (408, "ModelTimeoutException"),
    ]:
        with simulated.once("bedrock", "status", code=code), pytest.raises(ClientError) as failed:
            bedrock.converse(modelId=CLAUDE, messages=_say("x"))
        assert failed.value.response["Error"]["Code"] == name
    with simulated.once("bedrock", "insufficient_quota"), pytest.raises(ClientError) as failed:
        bedrock.converse(modelId=CLAUDE, messages=_say("x"))
    assert failed.value.response["Error"]["Code"] == "ServiceQuotaExceededException"


def a_stream_fails_in_the_ways_of_the_wire(simulated, bedrock):
    def read():
        return list(bedrock.converse_stream(modelId=CLAUDE, messages=_say("x"))["stream"])

    with simulated.once("bedrock", "in_stream_error"):
        with pytest.raises(EventStreamError, match="modelStreamErrorException"):
            read()
    with simulated.once("bedrock", "cut_after_tokens"), pytest.raises(ProtocolError):
        read()
    with simulated.once("bedrock", "cut_after_tokens", ending="clean"):
        assert "messageStop" not in [name for event in read() for name in event]
