//! `isobar fault`: the simulator's control API from the command line.

use anyhow::{Context as _, bail};
use http::Method;
use serde_json::{Map, Value, json};
use transport::Client;

use crate::{
    cli::{FaultCommand, FaultSetArgs, Output},
    fetch, print,
};

/// Runs a fault command.
pub(crate) fn run(command: FaultCommand, output: Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            FaultCommand::Set(args) => set(args, output).await,
            FaultCommand::Clear { endpoint, id, at } => {
                let at = base(&at.simulator);
                let uri = match (endpoint, id) {
                    (Some(endpoint), _) => format!("{at}/_sim/faults?endpoint={endpoint}"),
                    (None, Some(id)) => format!("{at}/_sim/faults/{id}"),
                    (None, None) => format!("{at}/_sim/faults"),
                };
                let answer = ask(Method::DELETE, &uri, None).await?;
                show(&answer, output, "cleared")
            }
            FaultCommand::List { kinds: true, .. } => list_kinds(output),
            FaultCommand::List { kinds: false, at } => {
                let answer =
                    ask(Method::GET, &format!("{}/_sim/faults", base(&at.simulator)), None).await?;
                show(&answer, output, "in force")
            }
        }
    })
}

async fn set(args: FaultSetArgs, output: Output) -> anyhow::Result<()> {
    let mut spec = Map::new();
    spec.insert("endpoint".to_owned(), json!(args.endpoint));
    spec.insert("kind".to_owned(), json!(args.kind));
    for param in &args.params {
        let (name, value) = param
            .split_once('=')
            .with_context(|| format!("`{param}` is not NAME=VALUE, e.g. code=529"))?;
        // Numbers and JSON are taken as such, anything else as text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        spec.insert(name.to_owned(), value);
    }
    for (name, value) in [
        ("model", args.model.map(Value::from)),
        ("count", args.count.map(Value::from)),
        ("probability", args.probability.map(Value::from)),
    ] {
        if let Some(value) = value {
            spec.insert(name.to_owned(), value);
        }
    }
    let uri = format!("{}/_sim/faults", base(&args.at.simulator));
    let answer = ask(Method::POST, &uri, Some(Value::Object(spec))).await?;
    show(&answer, output, "set")
}

fn base(simulator: &str) -> &str {
    simulator.trim_end_matches('/')
}

async fn ask(method: Method, uri: &str, body: Option<Value>) -> anyhow::Result<Value> {
    let client = Client::new(transport::ClientOptions::default())?;
    let reply = fetch::call(&client, method, uri, body).await.with_context(|| {
        format!(
            "no simulator answers at `{uri}`; is `isobar up` running? `--simulator URL` says where"
        )
    })?;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if !reply.head.status.is_success() {
        let message = answer.pointer("/error/message").and_then(Value::as_str);
        bail!("{}", message.unwrap_or("the simulator refused without a reason"));
    }
    Ok(answer)
}

fn show(answer: &Value, output: Output, verb: &str) -> anyhow::Result<()> {
    if output == Output::Json {
        return print::json(answer);
    }
    if let Some(cleared) = answer.get("cleared") {
        let count = cleared.as_array().map_or(0, Vec::len);
        print::line(format_args!("cleared {count} faults"));
        return Ok(());
    }
    let faults = match answer.get("faults").unwrap_or(answer) {
        Value::Array(faults) => faults.clone(),
        other => vec![other.clone()],
    };
    if faults.is_empty() {
        print::line(format_args!("none {verb}"));
    }
    for fault in &faults {
        print::line(format_args!("{verb}: {}", described(fault)));
    }
    Ok(())
}

/// `#1 hang_before_headers on openai-eu-west, hits 3`
fn described(fault: &Value) -> String {
    let text = |name: &str| {
        fault.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let mut out = format!(
        "#{} {} on {}",
        text("id").unwrap_or_default(),
        text("kind").unwrap_or_default(),
        text("endpoint").unwrap_or_default()
    );
    let rest = fault.as_object().into_iter().flatten();
    for (name, value) in
        rest.filter(|(name, _)| !["id", "kind", "endpoint"].contains(&name.as_str()))
    {
        out += &format!(", {name} {value}");
    }
    out
}

fn list_kinds(output: Output) -> anyhow::Result<()> {
    let kinds = simulator::fault_kinds();
    if output == Output::Json {
        return print::json(&kinds);
    }
    for kind in kinds {
        print::line(format_args!("{:<22} {}", kind.name, kind.help));
        for parameter in kind.parameters {
            print::line(format_args!(
                "{:<22}   --param {}=…  {}",
                "", parameter.name, parameter.value
            ));
        }
    }
    Ok(())
}
