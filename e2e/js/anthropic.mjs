// The unmodified `@anthropic-ai/sdk` against one gateway. Prints one JSON document: what each step
// brought. The claims about it are in claims/javascript.py.
import Anthropic from "@anthropic-ai/sdk";

const { BASE_URL, KEY, MODEL, TEXT } = process.env;
const client = new Anthropic({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const say = (text) => [{ role: "user", content: text }];
const tools = [
  {
    name: "get_weather",
    description: "Weather of a city",
    input_schema: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
];
const ask = { model: MODEL, max_tokens: 200 };

const chat = await client.messages.create({ ...ask, messages: say(TEXT) });
const kinds = [];
const stream = client.messages.stream({ ...ask, messages: say(TEXT) });
stream.on("streamEvent", (event) => kinds.push(event.type));
const streamed = await stream.finalMessage();
const tool = await client.messages.create({
  ...ask,
  tools,
  messages: say("what is the weather in Oslo?"),
});

let wrongKey = { served: true };
try {
  await new Anthropic({ baseURL: BASE_URL, apiKey: "isb_demo_nobody_0000", maxRetries: 0 })
    .messages.create({ ...ask, messages: say(TEXT) });
} catch (error) {
  wrongKey = { status: error.status, type: error.error?.error?.type };
}

console.log(
  JSON.stringify({
    chat: { text: chat.content[0].text, stop: chat.stop_reason },
    stream: { text: streamed.content[0].text, stop: streamed.stop_reason, last: kinds.at(-1) },
    tool: { stop: tool.stop_reason, input: tool.content.find((b) => b.type === "tool_use").input },
    wrongKey,
  }),
);
