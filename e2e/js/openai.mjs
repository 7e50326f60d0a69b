// The unmodified `openai` SDK for JavaScript against one gateway. Prints one JSON document: what each
// step brought. The claims about it are in claims/javascript.py.
import OpenAI from "openai";

const { BASE_URL, KEY, MODEL, TEXT } = process.env;
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0 });
const say = (text) => [{ role: "user", content: text }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Weather of a city",
      parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
      },
    },
  },
];

async function refusal(promise) {
  try {
    await promise;
    return { served: true };
  } catch (error) {
    return { status: error.status, code: error.code, name: error.constructor.name };
  }
}

const { data: chat, response } = await client.chat.completions
  .create({ model: MODEL, messages: say(TEXT) })
  .withResponse();

const pieces = [];
let finish = null;
for await (const chunk of await client.chat.completions.create({
  model: MODEL,
  messages: say(TEXT),
  stream: true,
})) {
  if (chunk.choices[0]?.delta?.content) pieces.push(chunk.choices[0].delta.content);
  finish = chunk.choices[0]?.finish_reason ?? finish;
}

const turns = say("what is the weather in Oslo?");
const asked = await client.chat.completions.create({ model: MODEL, messages: turns, tools });
const call = asked.choices[0].message.tool_calls[0];
const answered = await client.chat.completions.create({
  model: MODEL,
  tools,
  messages: [
    ...turns,
    asked.choices[0].message,
    { role: "tool", tool_call_id: call.id, content: "12 degrees, rain" },
  ],
});

const both = await client.chat.completions
  .stream({ model: MODEL, messages: say("both: the weather in Oslo and in Rome"), tools })
  .finalChatCompletion();

const models = [];
for await (const model of client.models.list()) models.push(model.id);

console.log(
  JSON.stringify({
    chat: {
      text: chat.choices[0].message.content,
      finish: chat.choices[0].finish_reason,
      tokens: chat.usage.total_tokens,
      requestId: chat._request_id,
      route: response.headers.get("isobar-route"),
    },
    stream: { pieces: pieces.length, text: pieces.join(""), finish },
    tool: {
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments),
      finish: answered.choices[0].finish_reason,
    },
    both: both.choices[0].message.tool_calls.map((one) => JSON.parse(one.function.arguments)),
    models,
    wrongKey: await refusal(
      new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: "isb_demo_nobody_0000", maxRetries: 0 })
        .chat.completions.create({ model: MODEL, messages: say(TEXT) }),
    ),
    wrongModel: await refusal(
      client.chat.completions.create({ model: "no-such-model", messages: say(TEXT) }),
    ),
    malformed: await refusal(client.chat.completions.create({ model: MODEL, messages: "hello" })),
  }),
);
