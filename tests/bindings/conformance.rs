//! The conformance cases that all bindings replay, and the checks of a replayer's output.

use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, in_repository};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The path of `cases.txt`.
pub fn cases() -> PathBuf {
    in_repository("bindings/conformance/cases.txt")
}

/// The number of cases and of checks in a file of cases.
fn counts(text: &str) -> (usize, usize) {
    let lines = || text.lines().filter(|line| !line.starts_with('#'));
    let cases = lines().filter(|line| line.starts_with("case ")).count();
    let is_compared = |line: &str| ["hit ", "entry ", "finding "].iter().any(|word| line.starts_with(word));
    let is_check = |line: &&str| line.contains(" -> ") || is_compared(line);
    (cases, lines().filter(is_check).count())
}

/// The number of cases in `cases.txt`.
///
/// # Errors
/// `cases.txt` cannot be read.
pub fn case_count() -> Result<usize, Failure> {
    let text = std::fs::read_to_string(cases()).map_err(|e| format!("reading cases.txt: {e}"))?;
    Ok(counts(&text).0)
}

/// Checks that a replayer succeeded and ran all of `cases.txt`; returns the text for its line.
///
/// # Errors
/// The replayer's output.
pub fn passed(output: &Output) -> Result<String, Failure> {
    let text = std::fs::read_to_string(cases()).map_err(|e| format!("reading cases.txt: {e}"))?;
    let (case_count, check_count) = counts(&text);
    let wanted = format!("conformance: {case_count} cases, {check_count} checks");
    if output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&wanted) {
        Ok(format!("{case_count} conformance cases"))
    } else {
        Err(format!("its last line is not {wanted:?}: {}", c_program::transcript(output)))
    }
}

/// Lines of `cases.txt` and the wrong lines that replace them. A replayer must report each of them.
const INJECTED: [(&str, &str); 24] = [
    ("hit five 40a00000 1 0 -", "hit five 40a00001 1 0 -"),
    ("hit half ~4.7169905 3 0 -", "hit half ~4.7179905 3 0 -"),
    ("hit a%00b 00000000 0 0 -", "hit a%00c 00000000 0 0 -"),
    ("get A small -> OK v1e-45,1.17549435e-38,-1e-45", "get A small -> OK v1e-45,1.17549435e-38"),
    ("salvage store saved -> OK 2 1", "salvage store saved -> OK 2 0"),
    ("status 17 -> POISONED", "status 17 -> INTERNAL"),
    ("finding b 1 DAMAGED_VECTOR", "finding b 1 HIDDEN"),
    ("contains A %FF -> no", "contains A %FF -> yes"),
    ("query 1 -> INVALID_VECTOR", "query 1 -> OK 0"),
    (
        "stats A rows live_rows deleted_rows indexed_rows last_seq -> OK 5 3 2 0 3",
        "stats A rows live_rows deleted_rows indexed_rows last_seq -> OK 5 3 2 0 4",
    ),
    ("search A v0 10 ends=/5 rows=0,1 -> OK 0", "search A v0 10 ends=/5 rows=0,1 -> OK 1"),
    ("entry - v2 0 pay%00load 1", "entry - v2 1 pay%00load 1"),
    ("refresh B -> OK no", "refresh B -> OK yes"),
    ("recall A 5 2 -> OK 1.000", "recall A 5 2 -> OK 0.999"),
    ("entry %FF%FE v6 2 - 5", "entry %FF%FD v6 2 - 5"),
    ("user_block A -> OK 5 8 -", "user_block A -> OK 5 8 label"),
    ("delete_where A tags_any=3 -> OK 2", "delete_where A tags_any=3 -> OK 1"),
    ("set_tags A missing 5 -> NOT_FOUND", "set_tags A missing 5 -> OK"),
    ("element B -> i8", "element B -> f16"),
    ("vector_bytes A -> 134", "vector_bytes A -> 136"),
    ("hit_vector 0 -> v0,-0,1", "hit_vector 0 -> v0,0,1"),
    ("hit_stored 1 -> %7F%FE+%00*66+%00%00%80%3F", "hit_stored 1 -> %7F%FE+%00*66+%00%00%80%BF"),
    ("view A zero -> OK v0 0 - 2 i8 %05+%00*63+%00*4", "view A zero -> OK v0 0 - 2 i8 %04+%00*63+%00*4"),
    ("entry row v1.001953125 6 - 6", "entry row v1.00146484375 6 - 6"),
];

/// Replays `cases.txt`, and then once with each injected wrong line, which must be reported.
///
/// `replayer` receives the path of the cases and an empty folder.
///
/// # Errors
/// The first failure.
pub fn replay(replayer: &dyn Fn(&Path, &Path) -> Command) -> Result<String, Failure> {
    let folder = TempFolder::new("conformance");
    let run = |cases: &Path| -> Result<Output, Failure> {
        let work = folder.file("work");
        std::fs::create_dir_all(&work).map_err(|e| format!("creating {}: {e}", work.display()))?;
        let mut command = replayer(cases, &work);
        let output = command.output().map_err(|e| format!("starting {command:?}: {e}"))?;
        std::fs::remove_dir_all(&work).map_err(|e| format!("removing {}: {e}", work.display()))?;
        Ok(output)
    };
    let words = passed(&run(&cases())?)?;
    let whole = std::fs::read_to_string(cases()).map_err(|e| format!("reading cases.txt: {e}"))?;
    for (line, injected) in INJECTED {
        let number =
            whole.lines().position(|l| l == line).ok_or(format!("cases.txt has no line {line:?}"))? + 1;
        let file = folder.file("injected.txt");
        std::fs::write(&file, whole.replacen(line, injected, 1))
            .map_err(|e| format!("injecting {injected:?}: {e}"))?;
        let output = run(&file)?;
        let said = c_program::transcript(&output);
        if output.status.success() || !said.contains(&format!("cases.txt:{number}")) {
            return Err(format!("{injected:?}, injected in line {number}, was not found: {said}"));
        }
    }
    Ok(words)
}

/// The program of `c-tests/`, which `tests/c_api.rs` runs too.
pub fn test_c() -> Result<Outcome, Failure> {
    let program = c_program::try_compile(
        &in_repository("c-tests/conformance.c"),
        &["-std=c11", "-D_XOPEN_SOURCE=700", "-Wall", "-Wextra", "-Werror", "-pedantic", "-lm"],
        &c_program::library_dir(),
    )?;
    let replayed = replay(&|cases, folder| {
        let mut command = c_program::command(&program);
        command.arg(folder).arg(cases).arg("report");
        command
    })?;
    checked_counts()?;
    Ok(Outcome::Passed(replayed))
}

/// Checks the counting on a known file of cases.
fn checked_counts() -> Result<(), Failure> {
    let text = "# case of a comment -> OK\ncase one\nopen A s -> OK\nsearch A s1 1 -> OK 1\nhit a 0 0 0 -\ncase two\n";
    checked(counts(text) == (2, 3), || format!("{text:?} counts as {:?}", counts(text)))
}
