//! What `isobar up` says once everything is ready: where things are and what to try first.

use super::layout::{Layout, REGIONS};
use crate::print;

/// Prints addresses, keys and snippets.
pub(crate) fn print(layout: &Layout) {
    print::line(format_args!("{}", text(layout)));
}

fn text(layout: &Layout) -> String {
    let home = REGIONS.first().map_or_else(String::new, |(_, ip)| layout.gateway(*ip).to_string());
    let strict = &layout.keys().strict;
    let data = layout.data_dir().display();
    let simulator = layout.simulator();
    let at = if simulator.port() == 8090 {
        String::new()
    } else {
        format!(" --simulator http://{simulator}")
    };
    let mut out =
        format!("\nIsobar is ready (bundle generation {}).\n\n", layout.bundle().generation);
    for (region, ip) in REGIONS {
        let (gateway, admin) = (layout.gateway(ip), layout.admin(ip));
        out +=
            &format!("  {region:<11} http://{gateway}   metrics and readiness: http://{admin}\n");
    }
    out += &format!("  simulator   http://{simulator}\n  data        {data}\n");
    if !layout.real().is_empty() {
        out += &format!(
            "  REAL        {} (calls cost money; the sample's certificates describe simulated providers)\n",
            layout.real().join(", ")
        );
    }
    out += &format!(
        "\n  strict key  {strict}\n              workload support-assistant: may not leave the EU\n  \
         lenient key {}\n              workload marketing-drafts: may cross to the US, by a recorded mechanism\n",
        layout.keys().lenient
    );
    out += &format!(
        r#"
Try it with curl:

  curl -si http://{home}/v1/chat/completions \
    -H "Authorization: Bearer {strict}" -H "Content-Type: application/json" \
    -d '{{"model":"chat-large","messages":[{{"role":"user","content":"Hello"}}]}}'

with the official Python SDKs (pip install openai anthropic):

  from openai import OpenAI
  client = OpenAI(base_url="http://{home}/v1", api_key="{strict}")
  for chunk in client.chat.completions.create(model="chat-large", stream=True,
          messages=[{{"role": "user", "content": "Hello"}}]):
      print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="")

  from anthropic import Anthropic
  client = Anthropic(base_url="http://{home}", api_key="{strict}")
  print(client.messages.create(model="chat-large", max_tokens=100,
        messages=[{{"role": "user", "content": "Hello"}}]).content[0].text)

or JavaScript (npm install openai):

  import OpenAI from "openai";
  const client = new OpenAI({{ baseURL: "http://{home}/v1", apiKey: "{strict}" }});
  const answer = await client.chat.completions.create({{ model: "chat-large",
    messages: [{{ role: "user", content: "Hello" }}] }});
  console.log(answer.choices[0].message.content);

Break it, and see where traffic goes (and where it never goes):

  isobar fault set openai-eu-west hang_before_headers{at}
  isobar audit tail --data-dir {data}
  isobar audit show REQUEST_ID --data-dir {data}
  isobar policy explain REQUEST_ID --data-dir {data}
  isobar audit verify {data}
  isobar fault clear{at}

Ctrl-C ends everything.
"#
    );
    out
}
