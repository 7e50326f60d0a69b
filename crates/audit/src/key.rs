//! The signing key of a journal: made once, kept for good, readable by its owner only.

use std::path::Path;

use journal::{SigningKey, verify};
use transport::Env;

use crate::{AuditError, Options, disk};

/// Loads the key of the journal in `dir`, or makes it when the journal is new.
pub(crate) fn load(
    dir: &Path,
    options: &Options,
    env: &Env,
    is_new: bool,
) -> Result<SigningKey, AuditError> {
    let path = options.key.clone().unwrap_or_else(|| dir.join(verify::SIGNING_KEY_FILE));
    let wrong = |reason: String| AuditError::Key { path: path.clone(), reason };
    let text = match disk::read_if_there(&path)? {
        Some(bytes) => bytes,
        None if is_new => {
            let text = SigningKey::text(&options.origin, env.random_bytes()).map_err(|_| {
                AuditError::Setting {
                    setting: "origin",
                    reason: format!("`{}` may not hold spaces, `+` or nothing", options.origin),
                }
            })?;
            let line = format!("{text}\n").into_bytes();
            disk::replace(&path, &line, 0o600)?;
            line
        }
        None => {
            let reason = "it is missing and the journal was signed with it: put it back";
            return Err(wrong(reason.to_owned()));
        }
    };
    let line = std::str::from_utf8(&text).ok().and_then(|text| text.strip_suffix('\n'));
    let key = line
        .and_then(|line| SigningKey::parse(line).ok())
        .ok_or_else(|| wrong("it is not a key text, or was changed".to_owned()))?;
    if key.public().name() != options.origin {
        let reason =
            format!("it is the key of `{}`, not of `{}`", key.public().name(), options.origin);
        return Err(wrong(reason));
    }
    publish(dir, &key, is_new)?;
    Ok(key)
}

/// Puts the public key beside the journal, or checks that it is the right one.
fn publish(dir: &Path, key: &SigningKey, is_new: bool) -> Result<(), AuditError> {
    let path = dir.join(verify::KEY_FILE);
    let text = format!("{}\n", key.public());
    match disk::read_if_there(&path)? {
        Some(found) if found == text.as_bytes() => Ok(()),
        None if is_new => disk::replace(&path, text.as_bytes(), 0o644),
        found => {
            let reason = match found {
                Some(_) => "it is not the public half of the signing key",
                None => "the public key is missing",
            };
            Err(AuditError::Damaged { file: path, offset: 0, reason: reason.to_owned() })
        }
    }
}
