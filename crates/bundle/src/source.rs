//! The files of a bundle, read once, and their digest.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
};

use aws_lc_rs::digest;

use crate::report::{Problem, Report, Severity};

/// The largest file of a bundle, in bytes.
pub(crate) const FILE_SIZE_MAX: u64 = 8 * 1024 * 1024;

/// The files of a bundle. Every one that policy rests on must be there, if only with `[]` in it: a
/// file that got lost on the way must not read as "nothing is required".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FileId {
    Bundle,
    Certificates,
    Endpoints,
    Models,
    Prices,
    Regions,
    Routes,
    Tenants,
    Transfers,
    Workloads,
}

impl FileId {
    /// Every file, sorted by name.
    pub(crate) const ALL: [Self; 10] = [
        Self::Bundle,
        Self::Certificates,
        Self::Endpoints,
        Self::Models,
        Self::Prices,
        Self::Regions,
        Self::Routes,
        Self::Tenants,
        Self::Transfers,
        Self::Workloads,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle.yaml",
            Self::Certificates => "certificates.yaml",
            Self::Endpoints => "endpoints.yaml",
            Self::Models => "models.yaml",
            Self::Prices => "prices.yaml",
            Self::Regions => "regions.yaml",
            Self::Routes => "routes.yaml",
            Self::Tenants => "tenants.yaml",
            Self::Transfers => "transfers.yaml",
            Self::Workloads => "workloads.yaml",
        }
    }

    /// Whether a bundle may do without it. Nothing is permitted or refused because of a price.
    const fn is_optional(self) -> bool {
        matches!(self, Self::Prices)
    }
}

/// The text of one file.
pub(crate) struct Source {
    pub(crate) file: FileId,
    /// The path as people know it.
    pub(crate) shown: String,
    pub(crate) text: Arc<str>,
}

/// Reads every file of a bundle. What cannot be read is a problem of its own, so that all of them
/// are named at once.
pub(crate) fn read(dir: &Path) -> (Vec<Source>, Report) {
    let mut report = Report::default();
    if let Err((message, remedy)) = check_directory(dir) {
        report.problems.push(whole(dir.display().to_string(), message, remedy));
        return (Vec::new(), report);
    }
    let mut sources = Vec::with_capacity(FileId::ALL.len());
    for file in FileId::ALL {
        let path = dir.join(file.name());
        let shown = path.display().to_string();
        if file.is_optional() && !path.exists() {
            continue;
        }
        match read_file(&path) {
            Ok(text) => sources.push(Source { file, shown, text: Arc::from(text) }),
            Err((message, remedy)) => report.problems.push(whole(shown, message, remedy)),
        }
    }
    report.sources = sources.iter().map(|s| (s.shown.clone(), Arc::clone(&s.text))).collect();
    (sources, report)
}

/// SHA-256 in hexadecimal over name and digest of each file, in the order of names: the same for
/// the same files, wherever they lie.
pub(crate) fn digest(sources: &[Source]) -> String {
    let mut whole = digest::Context::new(&digest::SHA256);
    for source in sources {
        whole.update(source.file.name().as_bytes());
        whole.update(&[0]);
        whole.update(digest::digest(&digest::SHA256, source.text.as_bytes()).as_ref());
    }
    hex::encode(whole.finish())
}

type Complaint = (String, String);

fn whole(file: String, message: String, remedy: String) -> Problem {
    Problem { severity: Severity::Error, file, line: 0, column: 0, span: (0, 0), message, remedy }
}

fn check_directory(dir: &Path) -> Result<(), Complaint> {
    match std::fs::metadata(dir) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err((
            "is not a directory".to_owned(),
            "name the directory that holds `bundle.yaml`".to_owned(),
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Err((
            "there is no such directory".to_owned(),
            "check the path; `isobar up` writes a sample bundle to start from".to_owned(),
        )),
        Err(error) => Err(unreadable("directory", &error)),
    }
}

fn read_file(path: &Path) -> Result<String, Complaint> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => (
            "the file is missing".to_owned(),
            "create it; a file with nothing to say holds `[]`".to_owned(),
        ),
        _ => unreadable("file", &error),
    })?;
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(("is not a file".to_owned(), "put a plain file in its place".to_owned()));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells too large from just large enough, whatever the file's
    // size was said to be.
    file.take(FILE_SIZE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable("file", &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_SIZE_MAX {
        return Err((
            format!("the file is larger than {} MiB", FILE_SIZE_MAX / 1024 / 1024),
            "split the installation into several deployments".to_owned(),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        (
            format!("the file is not UTF-8 text: byte {place} does not fit"),
            "save it as UTF-8".to_owned(),
        )
    })
}

fn unreadable(what: &str, error: &std::io::Error) -> Complaint {
    match error.kind() {
        ErrorKind::PermissionDenied => (
            format!("no right to read the {what}"),
            format!("give the user that runs isobar the right to read the {what}"),
        ),
        _ => (format!("the {what} cannot be read: {error}"), "check the disk".to_owned()),
    }
}
