//! `isobar bundle check`

use std::{io::IsTerminal as _, path::Path};

use bundle::{Bundle, Report, Style};
use serde_json::{Value, json};
use transport::Env;

use crate::{Verdict, cli::Output, print};

const WIDTH: usize = 100;

/// Explains every mistake in a bundle.
pub(crate) fn check(dir: &Path, strict: bool, output: Output) -> anyhow::Result<Verdict> {
    let loaded = bundle::load(dir, Env::real().now());
    if let (Err(report), Err(_)) = (&loaded, std::fs::read_dir(dir)) {
        anyhow::bail!("{report}");
    }
    let report = match &loaded {
        Ok(bundle) => &bundle.report,
        Err(report) => report,
    };
    let warned = report.warnings().next().is_some();
    let verdict = if loaded.is_err() || (strict && warned) { Verdict::Bad } else { Verdict::Good };
    match output {
        Output::Json => print::json(&json!({
            "usable": loaded.is_ok(),
            "generation": loaded.as_ref().ok().map(|bundle| bundle.generation),
            "sha256": loaded.as_ref().ok().map(|bundle| &bundle.digest),
            "routes": loaded.as_ref().ok().map(|bundle| bundle.routes.len()),
            "routes_with_a_price": loaded.as_ref().ok().map(priced),
            "problems": report.problems().iter().map(problem).collect::<Vec<_>>(),
        }))?,
        Output::Text => {
            show(report);
            if let Ok(bundle) = &loaded {
                print::line(format_args!(
                    "{}: generation {} can be used: {} routes ({} with a price) over {} endpoints, {} models, {} tenants (sha256 {})",
                    dir.display(),
                    bundle.generation,
                    bundle.routes.len(),
                    priced(bundle),
                    bundle.endpoints.len(),
                    bundle.models.len(),
                    bundle.tenants.len(),
                    bundle.digest,
                ));
            }
        }
    }
    Ok(verdict)
}

fn priced(bundle: &Bundle) -> usize {
    bundle.routes.iter().filter(|route| bundle.prices.of(&route.id).is_some()).count()
}

fn show(report: &Report) {
    if report.problems().is_empty() {
        return;
    }
    // A pipe gets one plain line per problem, which editors and scripts understand.
    if std::io::stderr().is_terminal() {
        print::error(format_args!("{}", report.draw(Style { colour: true, width: WIDTH })));
    } else {
        print::error(format_args!("{report}\n{}", report.summary()));
    }
}

fn problem(problem: &bundle::Problem) -> Value {
    json!({
        "severity": problem.severity.as_str(),
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    })
}
