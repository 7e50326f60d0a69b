//! A report drawn for people: the lines of the file with the place underlined.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use crate::report::{Problem, Report, Severity};

/// How a report is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// The width of the page in columns.
    pub width: usize,
}

impl Report {
    /// Draws every problem with the lines it stands in, and a closing line that counts them.
    #[must_use]
    pub fn draw(&self, style: Style) -> String {
        let theme = if style.colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler =
            GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false);
        let mut page = String::new();
        for problem in &self.problems {
            let source = self.sources.iter().find(|(file, _)| *file == problem.file);
            let source = source.map(|(file, text)| NamedSource::new(file, text.to_string()));
            let drawn = Drawn { problem, source };
            // Writing to a `String` cannot fail.
            let _ = handler.render_report(&mut page, &drawn);
            page.push('\n');
        }
        page.push_str(&self.summary());
        page
    }

    /// `3 errors, 1 warning`, or `no problems`.
    #[must_use]
    pub fn summary(&self) -> String {
        let counted = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            more => Some(format!("{more} {word}s")),
        };
        let errors = counted(self.errors().count(), "error");
        let warnings = counted(self.warnings().count(), "warning");
        let parts: Vec<String> = errors.into_iter().chain(warnings).collect();
        if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
    }
}

#[derive(Debug)]
struct Drawn<'a> {
    problem: &'a Problem,
    source: Option<NamedSource<String>>,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problem.line == 0 {
            write!(f, "{}: ", self.problem.file)?;
        }
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.problem.remedy))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let source = self.source.as_ref().filter(|_| self.problem.line > 0)?;
        Some(source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, length) = self.problem.span;
        (self.problem.line > 0).then(|| -> Box<dyn Iterator<Item = LabeledSpan>> {
            Box::new(std::iter::once(LabeledSpan::new(Some("here".to_owned()), start, length)))
        })
    }
}
