//! `isobar prices import`: a public list read, what it has shown, and `prices.yaml` written.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufReader, ErrorKind, Read, Write as _},
    path::Path,
    time::UNIX_EPOCH,
};

use anyhow::{Context as _, bail};
use bundle::{
    Bundle,
    pricelist::{self, Change, Found, Import, Missing, PriceList, Wish},
};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use vocab::{RouteId, Timestamp};

use super::{COLUMNS, cells, day, open, price_json, table};
use crate::{
    Verdict,
    cli::{Output, PricesImportArgs},
    print,
};

/// The largest list, unpacked. The public one has 3 MB.
const LIST_SIZE_MAX: u64 = 64 * 1024 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const DAY_MICROS: i64 = 86_400_000_000;

/// Looks prices up, and writes them when asked to.
pub(super) fn run(args: &PricesImportArgs, output: Output) -> anyhow::Result<Verdict> {
    let (dir, bundle) = open(&args.at)?;
    let keys = keys(&args.keys, &bundle)?;
    let text = read_list(&args.list)?;
    let list = PriceList::parse(&text)
        .with_context(|| format!("`{}` cannot be used", args.list.display()))?;
    let as_of = as_of(args)?;
    let list_name = args.list.file_name().unwrap_or_default().to_string_lossy();
    let file = dir.join("prices.yaml");
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read `{}`", file.display()));
        }
    };
    let wish = Wish { bundle: &bundle, text: &before, list_name: &list_name, as_of, keys: &keys };
    let import = pricelist::look_up(&wish, &list);
    let after = pricelist::written(&before, &import)?;
    let write = args.write && after != before;
    if write {
        replace(&file, &after)?;
    }
    match output {
        Output::Json => print::json(&json!({
            "list": args.list,
            "models": list.len(),
            "as_of": day(as_of),
            "found": import.found.iter().map(found_json).collect::<Vec<_>>(),
            "not_found": import.missing.iter().map(missing_json).collect::<Vec<_>>(),
            "kept": import.kept.iter().map(|kept| json!({
                "endpoint": kept.endpoint, "model": kept.model, "line": kept.line,
            })).collect::<Vec<_>>(),
            "removed": import.removed.iter().map(|entry| json!({
                "endpoint": entry.scope.endpoint, "model": entry.scope.model,
            })).collect::<Vec<_>>(),
            "file": file,
            "written": write,
        }))?,
        Output::Text => {
            show(&import, &format!("{list_name} of {} ({} models)", day(as_of), list.len()));
            print::line(format_args!("{}", closing(&file, args.write, write)));
        }
    }
    Ok(Verdict::Good)
}

fn closing(file: &Path, asked: bool, wrote: bool) -> String {
    let file = file.display();
    match (asked, wrote) {
        (_, true) => format!(
            "wrote {file}; raise `generation` in bundle.yaml to put it in force, and see `isobar prices show`"
        ),
        (true, false) => format!("{file} says all of this already"),
        (false, false) => format!("nothing was written; add --write to write {file}"),
    }
}

/// `ROUTE=KEY` pairs, each route checked against the bundle.
fn keys(pairs: &[String], bundle: &Bundle) -> anyhow::Result<BTreeMap<RouteId, String>> {
    let mut keys = BTreeMap::new();
    for pair in pairs {
        let (route, key) = pair.split_once('=').with_context(|| {
            format!("`{pair}` is not ROUTE=KEY, e.g. my-route=azure/eu/gpt-4o-mini")
        })?;
        let Some(route) = bundle.routes.iter().find(|known| known.id.as_str() == route) else {
            bail!("the bundle has no route `{route}`; `isobar prices show` lists them");
        };
        keys.insert(route.id.clone(), key.to_owned());
    }
    Ok(keys)
}

fn read_list(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let bytes = fs::metadata(file)
        .and_then(|_| File::open(file))
        .and_then(|file| bounded(BufReader::new(file)))
        .with_context(|| format!("cannot read the price list `{shown}`"))?;
    let bytes = if bytes.starts_with(&GZIP_MAGIC) {
        bounded(GzDecoder::new(bytes.as_slice()))
            .with_context(|| format!("`{shown}` is packed by gzip and cannot be unpacked"))?
    } else {
        bytes
    };
    String::from_utf8(bytes).with_context(|| format!("`{shown}` is not UTF-8 text"))
}

fn bounded(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LIST_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LIST_SIZE_MAX {
        let limit = LIST_SIZE_MAX / 1024 / 1024;
        return Err(std::io::Error::other(format!("it is larger than {limit} MiB")));
    }
    Ok(bytes)
}

/// The day on which the list held: what was said, else the day its file was last changed.
fn as_of(args: &PricesImportArgs) -> anyhow::Result<Timestamp> {
    if let Some(text) = &args.as_of {
        return Ok(text.parse()?);
    }
    let changed = fs::metadata(&args.list)?.modified()?;
    let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_unix_micros(micros - micros.rem_euclid(DAY_MICROS)))
}

/// Replaces a file as a whole: a gateway that looks at the same moment sees the old or the new one.
fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let beside = file.with_extension("yaml.new");
    let written = File::create(&beside)
        .and_then(|mut new| new.write_all(text.as_bytes()).and_then(|()| new.sync_all()))
        .and_then(|()| fs::rename(&beside, file));
    written.with_context(|| format!("cannot write `{}`", file.display()))
}

fn show(import: &Import, list: &str) {
    if !import.found.is_empty() {
        print::line(format_args!("found in {list}, in US dollars per million tokens\n"));
        let head =
            [&["endpoint", "model", "change"], COLUMNS.as_slice(), &["times", "key"]].concat();
        table(&head, &import.found.iter().flat_map(found_rows).collect::<Vec<_>>());
        print::line(format_args!(""));
    }
    if !import.missing.is_empty() {
        print::line(format_args!("not found in {list}\n"));
        for missing in &import.missing {
            print::line(format_args!(
                "  {} {}: {}",
                missing.endpoint,
                missing.model,
                tried(missing)
            ));
        }
        print::line(format_args!(
            "\n  name the key that is meant with `--key ROUTE=KEY`, or write the price in prices.yaml\n"
        ));
    }
    for kept in &import.kept {
        print::line(format_args!(
            "kept: {} {} has the price you wrote on line {}",
            kept.endpoint, kept.model, kept.line
        ));
    }
    for entry in &import.removed {
        let endpoint = entry.scope.endpoint.as_ref().map_or("", |id| id.as_str());
        print::line(format_args!("no longer used: {endpoint} {}", entry.scope.model));
    }
}

fn found_rows(found: &Found) -> Vec<Vec<String>> {
    let scope = &found.entry.scope;
    let endpoint = scope.endpoint.as_ref().map_or("", |id| id.as_str());
    let listed = &found.entry.listed;
    let change = match found.change {
        Change::New => "new".to_owned(),
        Change::Same => "same".to_owned(),
        Change::Was(_) => "changed".to_owned(),
    };
    let times = found.entry.multiplier.map_or(String::new(), |by| by.to_string());
    let name = vec![endpoint.to_owned(), scope.model.clone(), change];
    let mut rows =
        vec![[name, cells(&listed.base).to_vec(), vec![times, found.key.clone()]].concat()];
    let about = |text: String| vec![String::new(), text, String::new()];
    if let Some(long) = &listed.long {
        let text = format!("prompts above {}", long.above);
        rows.push([about(text), cells(&long.rates).to_vec()].concat());
    }
    if let Change::Was(before) = &found.change {
        let text = "was, surcharge included".to_owned();
        rows.push([about(text), cells(&before.base).to_vec()].concat());
    }
    rows
}

/// `no gpt-x; azure/gpt-x: it is not sold by the token; the price of 2026-01-31 stays`
fn tried(missing: &Missing) -> String {
    let mut parts: Vec<String> = missing
        .tried
        .iter()
        .map(|(key, why)| match why {
            Some(why) => format!("`{key}`: {why}"),
            None => format!("no `{key}`"),
        })
        .collect();
    if let Some(earlier) = &missing.earlier {
        parts.push(format!("the price of {} stays", day(earlier.as_of)));
    }
    parts.join("; ")
}

fn found_json(found: &Found) -> Value {
    let (change, before) = match &found.change {
        Change::New => ("new", None),
        Change::Same => ("same", None),
        Change::Was(before) => ("changed", Some(price_json(before))),
    };
    json!({
        "endpoint": found.entry.scope.endpoint,
        "model": found.entry.scope.model,
        "routes": found.routes,
        "key": found.key,
        "change": change,
        "price": price_json(&found.entry.price),
        "multiplier": found.entry.multiplier.map(|by| by.to_string()),
        "before": before,
        "source": found.entry.source,
    })
}

fn missing_json(missing: &Missing) -> Value {
    let tried = missing.tried.iter().map(|(key, why)| json!({"key": key, "why": why}));
    json!({
        "endpoint": missing.endpoint,
        "model": missing.model,
        "routes": missing.routes,
        "tried": tried.collect::<Vec<_>>(),
        "kept_as_of": missing.earlier.as_ref().map(|entry| day(entry.as_of)),
    })
}
