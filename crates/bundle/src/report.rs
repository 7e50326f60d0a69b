//! What is wrong with a bundle, and where, and what to do about it.

use std::{fmt, sync::Arc};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The bundle cannot be used.
    Error,
    /// The bundle can be used, and somebody should look.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One mistake or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file as the reader knows it: the directory as it was given, and the name in it.
    pub file: String,
    /// The line, from 1; 0 when the whole file or directory is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 when the whole file or directory is meant.
    pub column: u32,
    /// Where the place starts in the file, in bytes, and how many bytes it has.
    pub span: (usize, usize),
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    /// `file:line:column: error: message (remedy)`, without the figures when the whole file is
    /// meant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}: {} ({})", self.severity.as_str(), self.message, self.remedy)
    }
}

/// Everything found in one bundle, in the order of files and lines, errors and warnings mixed.
///
/// Shown with `{}`, one plain line per problem; [`Report::draw`] shows the lines of the files.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub(crate) problems: Vec<Problem>,
    pub(crate) sources: Vec<(String, Arc<str>)>,
}

impl Report {
    /// Every problem.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What makes the bundle unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// What somebody should look at.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Warning)
    }

    /// Whether the bundle is unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.problems.iter();
        if let Some(first) = problems.next() {
            write!(f, "{first}")?;
        }
        problems.try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl std::error::Error for Report {}
