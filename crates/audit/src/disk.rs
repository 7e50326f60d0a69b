//! The few file operations a journal needs, each with an error that names step, path and remedy.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::AuditError;

/// Names the step and the path of a failed operation.
pub(crate) fn failed(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuditError {
    move |source| {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => AuditError::Missing { path },
            ErrorKind::PermissionDenied => AuditError::Denied { path },
            ErrorKind::NotADirectory => AuditError::NotADirectory { path },
            _ => AuditError::Io { step, path, source: Arc::new(source) },
        }
    }
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    fs::read(path).map_err(failed("read", path))
}

/// Reads a whole file that may be absent.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(AuditError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names in a directory that are text, in order.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>, AuditError> {
    let mut names = Vec::new();
    for item in fs::read_dir(dir).map_err(failed("list", dir))? {
        let item = item.map_err(failed("list", dir))?;
        names.extend(item.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), AuditError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
}

/// Replaces a file so that a crash leaves the old or the new one, never a part.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), AuditError> {
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let mut file = options.open(&fresh).map_err(failed("create", &fresh))?;
    file.write_all(content).map_err(failed("write", &fresh))?;
    file.sync_data().map_err(failed("sync", &fresh))?;
    fs::rename(&fresh, path).map_err(failed("replace", path))
}

/// Makes a file of zeros on disk, so that later writes change no metadata and sync fast.
pub(crate) fn make_blank(path: &Path, size: u32) -> Result<(), AuditError> {
    let blank = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(path)?;
        let block = vec![0; 64 << 10];
        let mut left = usize::try_from(size).unwrap_or(usize::MAX);
        while left > 0 {
            let part = block.get(..left.min(block.len())).unwrap_or(&block);
            file.write_all(part)?;
            left -= part.len();
        }
        file.sync_all()
    };
    blank().map_err(failed("prepare", path))
}

/// Holds the right to write to a journal for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock(
    #[expect(dead_code, reason = "kept open: closing it gives the lock up")] File,
);

impl Lock {
    /// Takes the lock of a journal directory.
    pub(crate) fn take(dir: &Path) -> Result<Self, AuditError> {
        let path: PathBuf = dir.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o640);
        let file = options.open(&path).map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(AuditError::Locked { path: dir.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
        }
    }
}

/// Free space, in bytes, that this process may use on the disk of a directory.
pub(crate) fn free_bytes(dir: &Path) -> Result<u64, AuditError> {
    let found = rustix::fs::statvfs(dir).map_err(|e| failed("measure", dir)(e.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
