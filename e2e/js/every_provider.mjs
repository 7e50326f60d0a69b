// One JavaScript SDK in front of one provider: everything that a conversation needs. Reads DIALECT,
// prints one JSON document: what each step brought. The claims are in claims/javascript_conversations.py.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { BASE_URL, KEY, MODEL, TEXT, PIXEL, DIALECT } = process.env;
const openai = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const city = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tool = { name: "get_weather", description: "Weather of a city" };
const results = ["12 degrees, rain", "24 degrees, sun"];

const finishes = {
  stop: "stop",
  tool_calls: "tools",
  length: "length",
  end_turn: "stop",
  tool_use: "tools",
  max_tokens: "length",
};

// Each conversation: say and show are turns of the user, answer gives results to all calls, ask is the
// model's turn and returns { text, calls, finish, tokens }.
class Chat {
  turns = [];
  say(text) {
    this.turns.push({ role: "user", content: text });
  }
  show(text) {
    const url = `data:image/png;base64,${PIXEL}`;
    const content = [{ type: "text", text }, { type: "image_url", image_url: { url } }];
    this.turns.push({ role: "user", content });
  }
  answer(texts) {
    this.calls.forEach((call, i) =>
      this.turns.push({ role: "tool", tool_call_id: call.id, content: texts[i] }),
    );
  }
  async ask({ streamed, tools, schema, limit, ...more } = {}) {
    const body = { model: MODEL, messages: this.turns, ...more };
    if (tools) body.tools = [{ type: "function", function: { ...tool, parameters: city } }];
    if (schema) {
      const json_schema = { name: "city", schema: city, strict: true };
      body.response_format = { type: "json_schema", json_schema };
    }
    if (limit) body.max_completion_tokens = limit;
    const whole = streamed
      ? await openai.chat.completions
          .stream({ ...body, stream_options: { include_usage: true } })
          .finalChatCompletion()
      : await openai.chat.completions.create(body);
    const { message, finish_reason } = whole.choices[0];
    this.turns.push(message);
    this.calls = message.tool_calls ?? [];
    return {
      text: message.content ?? "",
      calls: this.calls.map((c) => [c.function.name, JSON.parse(c.function.arguments)]),
      finish: finishes[finish_reason],
      tokens: whole.usage.completion_tokens,
    };
  }
}

class Responses {
  items = [];
  say(text) {
    this.items.push({ role: "user", content: text });
  }
  show(text) {
    const shown = {
      type: "input_image",
      image_url: `data:image/png;base64,${PIXEL}`,
      detail: "auto",
    };
    this.items.push({ role: "user", content: [{ type: "input_text", text }, shown] });
  }
  answer(texts) {
    this.calls.forEach(({ call_id }, i) =>
      this.items.push({ type: "function_call_output", call_id, output: texts[i] }),
    );
  }
  async ask({ streamed, tools, schema, limit, ...more } = {}) {
    const body = { model: MODEL, input: this.items, store: false, ...more };
    if (tools) body.tools = [{ type: "function", ...tool, parameters: city, strict: true }];
    if (schema) {
      body.text = { format: { type: "json_schema", name: "city", schema: city, strict: true } };
    }
    if (limit) body.max_output_tokens = limit;
    const whole = streamed
      ? await openai.responses.stream(body).finalResponse()
      : await openai.responses.create(body);
    // The SDK adds what it parsed, which OpenAI does not take back either.
    this.items.push(...whole.output.map(({ parsed_arguments, ...item }) => item));
    this.calls = whole.output.filter((item) => item.type === "function_call");
    const cut = whole.incomplete_details?.reason === "max_output_tokens" && "length";
    return {
      text: whole.output_text,
      calls: this.calls.map((c) => [c.name, JSON.parse(c.arguments)]),
      finish: cut || (this.calls.length ? "tools" : "stop"),
      tokens: whole.usage.output_tokens,
    };
  }
}

class Messages {
  turns = [];
  say(text) {
    this.turns.push({ role: "user", content: text });
  }
  show(text) {
    const source = { type: "base64", media_type: "image/png", data: PIXEL };
    this.turns.push({ role: "user", content: [{ type: "image", source }, { type: "text", text }] });
  }
  answer(texts) {
    const content = this.calls.map(({ id }, i) => ({
      type: "tool_result",
      tool_use_id: id,
      content: texts[i],
    }));
    this.turns.push({ role: "user", content });
  }
  async ask({ streamed, tools, schema, limit, ...more } = {}) {
    const body = { model: MODEL, messages: this.turns, max_tokens: limit ?? 300, ...more };
    if (tools) body.tools = [{ ...tool, input_schema: city }];
    if (schema) body.output_config = { format: { type: "json_schema", schema: city } };
    const whole = streamed
      ? await anthropic.messages.stream(body).finalMessage()
      : await anthropic.messages.create(body);
    this.turns.push({ role: "assistant", content: whole.content });
    this.calls = whole.content.filter((block) => block.type === "tool_use");
    return {
      text: whole.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      calls: this.calls.map((c) => [c.name, c.input]),
      finish: finishes[whole.stop_reason],
      tokens: whole.usage.output_tokens,
    };
  }
}

const dialects = {
  "openai-chat": [Chat, { temperature: "hot" }],
  "openai-responses": [Responses, { temperature: "hot" }],
  "anthropic-messages": [Messages, { stop_sequences: "END" }],
};
const [Conversation, mistake] = dialects[DIALECT];

async function text(streamed) {
  const talk = new Conversation();
  talk.say(TEXT);
  return talk.ask({ streamed });
}

async function tools(streamed) {
  const talk = new Conversation();
  talk.say("both: the weather in Oslo and in Rome");
  const first = await talk.ask({ streamed, tools: true });
  talk.answer(results);
  const second = await talk.ask({ streamed, tools: true });
  talk.say(TEXT);
  return [first, second, await talk.ask({ streamed, tools: true })];
}

async function image() {
  const talk = new Conversation();
  talk.show("what is this?");
  return talk.ask();
}

async function limit() {
  const talk = new Conversation();
  talk.say("tokens=200 go on and on");
  return talk.ask({ limit: 20 });
}

async function schema(streamed) {
  const talk = new Conversation();
  talk.say("Where are you?");
  return JSON.parse((await talk.ask({ streamed, schema: true })).text);
}

async function refusal() {
  const talk = new Conversation();
  talk.say("hello");
  try {
    return { served: await talk.ask(mistake) };
  } catch (error) {
    return { status: error.status, name: error.constructor.name, said: error.message };
  }
}

console.log(
  JSON.stringify({
    texts: [await text(false), await text(true)],
    tools: [await tools(false), await tools(true)],
    image: await image(),
    limit: await limit(),
    schemas: [await schema(false), await schema(true)],
    refusal: await refusal(),
  }),
);
