//! `isobar audit`: evidence read and verified from files alone.

use std::path::Path;

use audit::{Answer, Located, Verified};
use serde_json::{Value, json};
use vocab::RequestId;

use crate::{
    Verdict,
    cli::{AuditCommand, Output},
    print,
};

const FOLLOW_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// Runs an audit command.
pub(crate) fn run(command: AuditCommand, output: Output) -> anyhow::Result<Verdict> {
    match command {
        AuditCommand::Show { request, data_dir } => show(&data_dir, request.parse()?, output),
        AuditCommand::Tail { lines, follow, data_dir } => tail(&data_dir, lines, follow, output),
        AuditCommand::Verify { dir } => verify(&dir, output),
    }
}

fn show(dir: &Path, request: RequestId, output: Output) -> anyhow::Result<Verdict> {
    let answer = audit::show(dir, request)?;
    match output {
        Output::Json => {
            let entries: anyhow::Result<Vec<_>> = answer.entries.iter().map(entry_json).collect();
            print::json(&json!({"request": request, "entries": entries?, "gaps": answer.gaps}))?;
        }
        Output::Text => {
            for located in &answer.entries {
                print::line(format_args!("{} #{}", located.origin, located.index));
                print::line(format_args!("{}\n", indented(&located.leaf)?));
            }
            tell_gaps(&answer.gaps);
        }
    }
    if answer.entries.is_empty() {
        print::error(format_args!(
            "no journal under `{}` has an entry of `{request}`; the id is in the `x-request-id` header of the answer",
            dir.display()
        ));
        return Ok(Verdict::Bad);
    }
    Ok(Verdict::Good)
}

fn tail(dir: &Path, lines: usize, follow: bool, output: Output) -> anyhow::Result<Verdict> {
    let (answer, mut reader) = audit::tail(dir, lines)?;
    print_tail(&answer, output)?;
    if !follow {
        return Ok(Verdict::Good);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        loop {
            tokio::select! {
                _interrupt = tokio::signal::ctrl_c() => return Ok(Verdict::Good),
                () = tokio::time::sleep(FOLLOW_EVERY) => print_tail(&reader.added()?, output)?,
            }
        }
    })
}

fn print_tail(answer: &Answer, output: Output) -> anyhow::Result<()> {
    for located in &answer.entries {
        match output {
            Output::Json => print::json_line(&entry_json(located)?)?,
            Output::Text => print::line(format_args!("{}", line(located)?)),
        }
    }
    tell_gaps(&answer.gaps);
    Ok(())
}

fn tell_gaps(gaps: &[String]) {
    for gap in gaps {
        print::error(format_args!("not read: {gap}; `isobar audit verify` says more"));
    }
}

fn entry_json(located: &Located) -> anyhow::Result<Value> {
    let entry: Value = serde_json::from_str(&located.leaf)?;
    Ok(json!({"origin": located.origin, "index": located.index, "entry": entry}))
}

fn indented(leaf: &str) -> anyhow::Result<String> {
    let entry: Value = serde_json::from_str(leaf)?;
    Ok(serde_json::to_string_pretty(&entry)?)
}

/// One entry on one line: when, where, what, and the words that matter.
fn line(located: &Located) -> anyhow::Result<String> {
    let entry: Value = serde_json::from_str(&located.leaf)?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let mut out = format!(
        "{} {:<11} {:<16}",
        text("at").unwrap_or_default(),
        text("region").unwrap_or_default(),
        text("type").unwrap_or_default()
    );
    for name in [
        "request",
        "workload",
        "model",
        "result",
        "code",
        "route",
        "served_region",
        "mechanism",
        "finish",
    ] {
        if let Some(value) = text(name) {
            out +=
                &if name == "request" { format!(" {value}") } else { format!(" {name}={value}") };
        }
    }
    for name in ["planned", "attempts"] {
        if let Some(Value::Array(list)) = entry.get(name) {
            let words: Vec<_> = list.iter().map(word).collect();
            out += &format!(" {name}={}", words.join(","));
        }
    }
    for name in ["generation", "cost_micro_usd", "elapsed_ms"] {
        if let Some(value) = entry.get(name).and_then(Value::as_u64) {
            out += &format!(" {name}={value}");
        }
    }
    Ok(out)
}

/// A route, or an attempt as `route:how it ended`.
fn word(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match (value.as_str(), text("route")) {
        (Some(route), _) => route.to_owned(),
        (None, Some(route)) => {
            let how = text("kind").or_else(|| text("class")).unwrap_or_default();
            format!("{route}:{how}")
        }
        (None, None) => value.to_string(),
    }
}

fn verify(dir: &Path, output: Output) -> anyhow::Result<Verdict> {
    let verified = audit::verify(dir, None)?;
    let holds = verified.iter().all(|journal| journal.report.holds());
    match output {
        Output::Json => {
            let journals: Vec<_> = verified.iter().map(report_json).collect();
            print::json(&json!({"holds": holds, "journals": journals}))?;
        }
        Output::Text => {
            for journal in &verified {
                show_report(journal);
            }
            let word = if holds { "everything holds" } else { "DOES NOT HOLD" };
            print::line(format_args!("{} journals: {word}", verified.len()));
        }
    }
    Ok(if holds { Verdict::Good } else { Verdict::Bad })
}

fn show_report(journal: &Verified) {
    let report = &journal.report;
    let requests = &report.requests;
    let word = if report.holds() { "holds" } else { "DOES NOT HOLD" };
    print::line(format_args!(
        "{}: {word}\n  log         {}\n  entries     {} in {} segments, {} under a signed checkpoint, {} newer\n  \
         root        {}\n  requests    {} admitted, {} refused, {} still open, {} orphans, {} with two outcomes",
        journal.dir.display(),
        report.origin.as_deref().unwrap_or("unknown"),
        report.entries,
        report.segments,
        report.sealed,
        report.unsealed(),
        report.root,
        requests.admitted,
        requests.refused,
        requests.open,
        requests.orphans,
        requests.repeated,
    ));
    if let Some(key) = &report.key {
        print::line(format_args!("  key         {key}"));
    }
    if let Some(fault) = &report.fault {
        print::line(format_args!("  FAULT       {fault}"));
    }
    for example in &requests.examples {
        print::line(format_args!("  FAULT       {example}"));
    }
    for note in &report.notes {
        print::line(format_args!("  note        {note}"));
    }
    if report.unsealed() > 0 {
        print::line(format_args!(
            "  limit       the {} newest entries are not yet under a checkpoint: their removal could not be told",
            report.unsealed()
        ));
    }
}

fn report_json(journal: &Verified) -> Value {
    let report = &journal.report;
    json!({
        "dir": journal.dir,
        "holds": report.holds(),
        "origin": report.origin,
        "key": report.key,
        "segments": report.segments,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "sealed": report.sealed,
        "unsealed": report.unsealed(),
        "root": report.root.to_string(),
        "last_at": report.last_at,
        "requests": {
            "admitted": report.requests.admitted,
            "refused": report.requests.refused,
            "open": report.requests.open,
            "orphans": report.requests.orphans,
            "repeated": report.requests.repeated,
            "unadmitted": report.requests.unadmitted,
            "examples": report.requests.examples,
        },
        "fault": report.fault.as_ref().map(|fault| json!({
            "file": fault.file,
            "offset": fault.offset,
            "entry": fault.entry,
            "sentence": fault.sentence,
            "torn": fault.torn,
        })),
        "notes": report.notes,
    })
}
