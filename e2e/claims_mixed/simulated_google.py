"""google-genai and Anthropic's client for Vertex read what the simulated Google sends."""

import json

import anthropic
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.genai import errors, types
from google.oauth2 import credentials, service_account

from lab import clients, vendors

GEMINI = "gemini-2.5-flash"
CLAUDE = "claude-sonnet-4@20250514"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather", description="Weather", parameters_json_schema=clients.WEATHER
        )
    ]
)
WITH_TOOLS = types.GenerateContentConfig(
    tools=[TOOL],
    thinking_config=types.ThinkingConfig(include_thoughts=True),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


def _gemini_api_at(simulated, key=vendors.GOOGLE_KEY):
    """The Gemini API, by key."""
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=simulated.at("vertex")))


def _vertex_at(simulated, endpoint="vertex", location=vendors.GOOGLE_LOCATION, granted=None):
    """Vertex AI, by token."""
    return genai.Client(
        vertexai=True,
        project="claims",
        location=location,
        credentials=granted or credentials.Credentials(vendors.GOOGLE_KEY),
        http_options=types.HttpOptions(base_url=simulated.at(endpoint)),
    )


@pytest.fixture(params=[_gemini_api_at, _vertex_at], ids=["gemini", "vertex"])
def google(request, simulated):
    return request.param(simulated)


def _turn(role, *parts):
    """A turn of parts."""
    return types.Content(role=role, parts=list(parts))


def a_text_is_answered_whole_and_streamed(google):
    text = clients.marker()
    answer = google.models.generate_content(model=GEMINI, contents=text)
    assert text in answer.text and answer.candidates[0].finish_reason == "STOP"
    usage = answer.usage_metadata
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    chunks = list(google.models.generate_content_stream(model=GEMINI, contents=text))
    assert text in "".join(chunk.text or "" for chunk in chunks)
    counts = [chunk.usage_metadata.total_token_count for chunk in chunks]
    assert counts == sorted(counts) and chunks[-1].candidates[0].finish_reason == "STOP"


def a_limit_is_a_reason(google):
    config = types.GenerateContentConfig(max_output_tokens=3)
    answer = google.models.generate_content(model=GEMINI, contents="hello", config=config)
    assert answer.candidates[0].finish_reason == "MAX_TOKENS"


def calls_have_no_ids_and_the_first_is_signed(google):
    ask = "weather in both cities"
    answer = google.models.generate_content(model=GEMINI, contents=ask, config=WITH_TOOLS)
    assert [call.id for call in answer.function_calls] == [None, None]
    content = answer.candidates[0].content
    assert content.parts[0].thought and content.parts[1].thought_signature
    responses = [
        types.Part.from_function_response(name=call.name, response={"result": "sunny"})
        for call in answer.function_calls
    ]
    turns = [_turn("user", types.Part(text=ask)), content, _turn("user", *responses)]
    next_answer = google.models.generate_content(model=GEMINI, contents=turns, config=WITH_TOOLS)
    assert '"sunny" and "sunny"' in next_answer.text
    content.parts[1].thought_signature = b"forged"
    with pytest.raises(errors.ClientError, match="Thought signature is not valid"):
        google.models.generate_content(model=GEMINI, contents=turns, config=WITH_TOOLS)


def calls_come_whole_in_a_stream(google):
    chunks = google.models.generate_content_stream(
        model=GEMINI, contents="weather in both", config=WITH_TOOLS
    )
    calls = [call for chunk in chunks for call in chunk.function_calls or []]
    assert [call.args for call in calls] == [{"city": "Paris"}, {"city": "Oslo"}]


def a_schema_is_answered_with_json_that_fits(google):
    own = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    for schema in [{"response_schema": own}, {"response_json_schema": clients.WEATHER}]:
        config = types.GenerateContentConfig(response_mime_type="application/json", **schema)
        answer = google.models.generate_content(model=GEMINI, contents="x", config=config)
        assert json.loads(answer.text) == {"city": "Paris"}


def an_image_is_seen(google):
    image = types.Part.from_bytes(data=b"pixels", mime_type="image/png")
    answer = google.models.generate_content(model=GEMINI, contents=[image, "look"])
    assert "saw 1 image" in answer.text


def a_filter_stops_a_prompt_and_an_answer(google):
    prompt = google.models.generate_content(model=GEMINI, contents="filter=prompt")
    assert prompt.candidates is None and prompt.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    answer = google.models.generate_content(model=GEMINI, contents="filter=answer")
    assert answer.candidates[0].finish_reason == "SAFETY"


def tokens_are_counted_and_texts_embedded(google):
    assert google.models.count_tokens(model=GEMINI, contents="hello").total_tokens > 0
    config = types.EmbedContentConfig(output_dimensionality=128)
    model = "gemini-embedding-001"
    vectors = google.models.embed_content(model=model, contents=["a", "b"], config=config).embeddings
    assert [len(vector.values) for vector in vectors] == [128, 128]


def unknown_roles_are_refused(google):
    with pytest.raises(errors.ClientError, match="Please use a valid role: user, model."):
        google.models.generate_content(model=GEMINI, contents=[_turn("system", types.Part(text="x"))])


def a_wrong_key_token_or_location_is_refused(simulated):
    wrong_token = credentials.Credentials("wrong")
    for client, status in [
        (_gemini_api_at(simulated, "wrong"), "INVALID_ARGUMENT"),
        (_vertex_at(simulated, granted=wrong_token), "UNAUTHENTICATED"),
        (_vertex_at(simulated, location="us-east4"), "INVALID_ARGUMENT"),
    ]:
        with pytest.raises(errors.ClientError) as refused:
            client.models.generate_content(model=GEMINI, contents="x")
        assert refused.value.status == status


def the_log_tells_location_and_wire(simulated):
    text = clients.marker()
    client = _vertex_at(simulated)
    list(client.models.generate_content_stream(model=GEMINI, contents=text))
    (logged,) = simulated.requests(text)
    assert (logged["model"], logged["wire"], logged["stream"]) == (GEMINI, "vertex.gemini", True)
    assert (logged["marks"]["location"], logged["marks"]["alt"]) == (vendors.GOOGLE_LOCATION, "sse")


def _account(token_uri):
    """A service account whose key was made a moment ago."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    told = {
        "type": "service_account",
        "client_email": "gateway@claims.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "private_key_id": "1",
        "token_uri": token_uri,
        "project_id": "claims",
    }
    return service_account.Credentials.from_service_account_info(told, scopes=[SCOPE])


def an_issued_token_opens_and_a_stale_one_does_not(simulated):
    good = _vertex_at(simulated, "vertex-issued", granted=_account(simulated.at("identity") + "/token"))
    assert good.models.generate_content(model=GEMINI, contents="x").text
    assert simulated.last("identity")["wire"] == "identity.google"
    fixed = _vertex_at(simulated, "vertex-issued")
    with pytest.raises(errors.ClientError) as refused:
        fixed.models.generate_content(model=GEMINI, contents="x")
    assert refused.value.code == 401


def a_stream_fails_in_the_ways_of_the_wire(simulated):
    client = _gemini_api_at(simulated)

    def read():
        return list(client.models.generate_content_stream(model=GEMINI, contents="x"))

    with simulated.once("vertex", "in_stream_error"), pytest.raises(errors.APIError):
        read()
    slow_down = simulated.once("vertex", "status", code=429, retry_after=7)
    with slow_down, pytest.raises(errors.ClientError) as failed:
        read()
    assert failed.value.status == "RESOURCE_EXHAUSTED" and "'7s'" in str(failed.value)
    with simulated.once("vertex", "cut_after_tokens", ending="clean"):
        assert all(chunk.candidates[0].finish_reason is None for chunk in read())


def claude_is_served_whole_streamed_and_counted(simulated):
    claude = anthropic.AnthropicVertex(
        region=vendors.GOOGLE_LOCATION,
        project_id="claims",
        access_token=vendors.GOOGLE_KEY,
        base_url=simulated.at("vertex") + "/v1",
        max_retries=0,
    )
    how = {"model": CLAUDE, "messages": clients.say("hello")}
    answer = claude.messages.create(max_tokens=20, **how)
    assert answer.stop_reason == "max_tokens" and answer.id.startswith("msg_vrtx_")
    with claude.messages.stream(max_tokens=20, **how) as stream:
        assert stream.get_final_message().usage.output_tokens == 20
    assert claude.messages.count_tokens(**how).input_tokens > 0
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        claude.messages.create(max_tokens=0, **how)
