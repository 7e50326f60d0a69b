// What the official JavaScript SDKs understand of answers: reads JOBS (a JSON list of
// {dialect, model, streamed}), prints a JSON list of facts. The claims are in
// claims/recorded_answers.py.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { BASE_URL, KEY, JOBS } = process.env;
const openai = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "hello" }];
const finishes = {
  stop: "stop",
  length: "length",
  tool_calls: "tools",
  content_filter: "filter",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  tool_use: "tools",
  refusal: "filter",
};

const ask = {
  "openai-chat": async (model, streamed) => {
    const answer = streamed
      ? await openai.chat.completions
          .stream({ model, messages, stream_options: { include_usage: true } })
          .finalChatCompletion()
      : await openai.chat.completions.create({ model, messages });
    const { message, finish_reason } = answer.choices[0];
    // Azure leaves the message out of an answer that its filter withheld.
    if (!message) return { finish: finishes[finish_reason] };
    return {
      text: (message.content ?? "") + (message.refusal ?? ""),
      tools: (message.tool_calls ?? []).map((c) => [
        c.function.name,
        JSON.parse(c.function.arguments || "{}"),
      ]),
      tokens_in: answer.usage?.prompt_tokens ?? null,
      tokens_out: answer.usage?.completion_tokens ?? null,
      finish: message.refusal ? "filter" : finishes[finish_reason],
    };
  },
  "openai-responses": async (model, streamed) => {
    const answer = streamed
      ? await openai.responses.stream({ model, input: "hello" }).finalResponse()
      : await openai.responses.create({ model, input: "hello" });
    const parts = answer.output.filter((i) => i.type === "message").flatMap((i) => i.content);
    const tools = answer.output
      .filter((i) => i.type === "function_call")
      .map((i) => [i.name, JSON.parse(i.arguments || "{}")]);
    const reason = answer.incomplete_details?.reason;
    const finish = { max_output_tokens: "length", content_filter: "filter" }[reason];
    const refused = parts.some((part) => part.type === "refusal");
    return {
      text: parts.map((part) => part.text ?? part.refusal).join(""),
      tools,
      tokens_in: answer.usage?.input_tokens ?? null,
      tokens_out: answer.usage?.output_tokens ?? null,
      finish: finish ?? (refused ? "filter" : tools.length ? "tools" : "stop"),
    };
  },
  "anthropic-messages": async (model, streamed) => {
    const body = { model, max_tokens: 4000, messages };
    const answer = streamed
      ? await anthropic.messages.stream(body).finalMessage()
      : await anthropic.messages.create(body);
    const { usage } = answer;
    const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
    return {
      text: answer.content.map((b) => (b.type === "text" ? b.text : "")).join(""),
      tools: answer.content.filter((b) => b.type === "tool_use").map((b) => [b.name, b.input]),
      tokens_in: usage.input_tokens + cached,
      tokens_out: usage.output_tokens,
      finish: finishes[answer.stop_reason],
    };
  },
};

const facts = [];
for (const { dialect, model, streamed } of JSON.parse(JOBS)) {
  try {
    facts.push(await ask[dialect](model, streamed));
  } catch (error) {
    facts.push({ error: error.constructor.name, status: error.status ?? null, said: error.message });
  }
}
console.log(JSON.stringify(facts));
