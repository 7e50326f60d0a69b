// How often the JavaScript SDK calls when a gateway refuses. Prints one JSON document.
import OpenAI from "openai";

const { BASE_URL, KEY, MODEL, RETRIES } = process.env;
const seen = [];
const client = new OpenAI({
  baseURL: `${BASE_URL}/v1`,
  apiKey: KEY,
  maxRetries: Number(RETRIES),
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    seen.push({ status: response.status, headers: Object.fromEntries(response.headers) });
    return response;
  },
});
try {
  await client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: "hello" }],
  });
  console.log(JSON.stringify({ calls: seen, code: null }));
} catch (error) {
  console.log(JSON.stringify({ calls: seen, code: error.code }));
}
