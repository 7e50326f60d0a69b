//! Whatever is in the files, the answer is a bundle or a report (Q4).

use std::fs;

use proptest::prelude::*;

use crate::tree::Tree;

const FILES: [&str; 5] =
    ["regions.yaml", "endpoints.yaml", "certificates.yaml", "workloads.yaml", "tenants.yaml"];

/// One edit: where in the file (as a share of its length), how many bytes go, and what comes.
type Edit = (usize, f64, usize, String);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let pieces = prop_oneof![
        "[\\[\\]{}:,&*!|>'\"%@`#\\- \n\t]{0,4}",
        "[a-z0-9_.]{0,6}",
        Just("\u{fc}".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("<<: *a".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec((0..FILES.len(), 0.0..1.0_f64, 0..12_usize, pieces), 1..4)
}

fn damage(text: &str, share: f64, gone: usize, come: &str) -> String {
    let marks: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small file"
    )]
    let first = (share * marks.len() as f64) as usize;
    let at = |n: usize| marks.get(n).copied().unwrap_or(text.len());
    format!("{}{come}{}", &text[..at(first)], &text[at(first + gone)..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_bundle_is_loaded_or_its_mistakes_lie_inside_its_files(edits in edits()) {
        let tree = Tree::sound();
        for (file, share, gone, come) in edits {
            let path = tree.path().join(FILES[file]);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, damage(&text, share, gone, &come)).unwrap();
        }
        let report = match tree.load() {
            Ok(bundle) => bundle.report,
            Err(report) => {
                prop_assert!(report.has_errors(), "a bundle is refused only with a reason");
                report
            }
        };
        for problem in report.problems() {
            let text = fs::read_to_string(&problem.file).unwrap();
            let (start, length) = problem.span;
            prop_assert!(text.get(start..start + length).is_some(), "{problem}");
            let lines = u32::try_from(text.lines().count()).unwrap();
            prop_assert!(problem.line <= lines + 1, "{problem}");
            prop_assert!(!problem.message.is_empty() && !problem.remedy.is_empty());
        }
        let style = bundle::Style { colour: true, width: 80 };
        prop_assert!(!report.draw(style).is_empty());
    }
}
