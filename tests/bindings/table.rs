//! The table of bindings/README.md: features of each binding, and the cost of one search call.

use crate::support::{TempFolder, c_program};
use crate::toolchain::{has, in_repository, run};
use crate::{Failure, conformance, cpp, csharp, go, python};
use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- Made by: cargo test --release --test bindings -- --table -->";
const END: &str = "<!-- The end of the table -->";

/// Rounds in which every language is measured once; the best round counts.
const ROUNDS: usize = 3;

/// The row of a language.
struct Row {
    language: &'static str,
    /// Prints the time of one call; it receives the path of the new store. `None` if it cannot be run here.
    measure: Option<Measure>,
    /// Whether vectors are passed in both directions without a copy.
    copy_free: &'static str,
    best_ns: f64,
}

type Measure = Box<dyn Fn(&Path) -> Command>;

/// Measures, and writes the table.
///
/// # Errors
/// What could not be built, run or written.
pub fn write() -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        return Err("measure a release build: cargo test --release --test bindings -- --table".to_owned());
    }
    let folder = TempFolder::new("table");
    let mut rows = rows(folder.path())?;
    for round in 0..ROUNDS {
        for row in &mut rows {
            let Some(measure) = &row.measure else { continue };
            let output = run(&mut measure(&folder.file(&format!("{}-{round}", row.language))))?;
            row.best_ns = row.best_ns.min(ns_per_search(&String::from_utf8_lossy(&output.stdout))?);
        }
    }
    let c_ns = rows[0].best_ns;
    let cases = conformance::case_count()?;
    let mut table = String::from(
        "| language | conformance cases passed | copy-free insert and search | one search call | over C |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for row in &rows {
        let line = match &row.measure {
            Some(_) => format!(
                "| {} | {cases} of {cases} | {} | {:.0} ns | {:.0} ns |\n",
                row.language,
                row.copy_free,
                row.best_ns,
                row.best_ns - c_ns
            ),
            None => format!("| {} | not run | {} | not run | not run |\n", row.language, row.copy_free),
        };
        print!("{line}");
        table.push_str(&line);
    }
    replace_table(&table)
}

/// The languages whose replayers passed.
fn rows(folder: &Path) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut add = |language, copy_free, measure| {
        rows.push(Row { language, measure, copy_free, best_ns: f64::INFINITY });
    };
    let in_c = c_program::try_compile(
        &in_repository("tests/bindings/overhead.c"),
        &["-std=c99", "-O2"],
        &c_program::library_dir(),
    )?;
    passed(conformance::test_c()?)?;
    add("C", "yes", with_store(move || c_program::command(&in_c)));
    passed(cpp::test("g++")?)?;
    let source = in_repository("bindings/cpp/tests/overhead.cpp");
    let in_cpp = cpp::compile("g++", &source, &["-std=c++17", "-O2"], folder)?;
    add("C++", "yes", with_store(move || Command::new(&in_cpp)));
    if has("go") {
        passed(go::test()?)?;
        let in_go = folder.join("go-benchmark");
        run(go::go(&["test", "-c", "-o"], &in_repository("bindings/go")).arg(&in_go))?;
        let measure: Measure = Box::new(move |_| {
            let mut command = Command::new(&in_go);
            command.args([
                "-test.run",
                "^$",
                "-test.bench",
                "Search",
                "-test.benchtime",
                "200000x",
                "-test.count",
                "7",
            ]);
            command
        });
        add("Go", "yes", Some(measure));
    }
    if csharp::missing().is_none() {
        passed(csharp::test()?)?;
        csharp::compile_assembly(folder)?;
        csharp::compile("Overhead", &[in_repository("bindings/csharp/tests/Overhead.cs")], folder)?;
        let folder = folder.to_path_buf();
        add("C# (Mono)", "yes", with_store(move || csharp::mono("Overhead", &folder)));
    }
    let work = folder.join("python");
    if let Ok(in_python) = python::environment(&work)? {
        passed(python::test()?)?;
        let measure = with_store(move || {
            let mut command = Command::new(&in_python);
            command.arg("-B").arg(in_repository("bindings/python/tests/overhead.py"));
            command
        });
        add("Python (ctypes)", "batches and hits; a single vector is copied in", measure);
    }
    add("Swift", "by its code", None);
    Ok(rows)
}

fn with_store(program: impl Fn() -> Command + 'static) -> Option<Measure> {
    Some(Box::new(move |store| {
        let mut command = program();
        command.arg(store);
        command
    }))
}

fn passed(outcome: crate::Outcome) -> Result<(), Failure> {
    match outcome {
        crate::Outcome::Passed(_) => Ok(()),
        crate::Outcome::NotRun(why) | crate::Outcome::Unrunnable(why) => Err(why),
    }
}

/// The smallest number of `ns_per_search: N` and of Go's `N ns/op`.
fn ns_per_search(printed: &str) -> Result<f64, Failure> {
    let words: Vec<&str> = printed.split_whitespace().collect();
    let ours =
        words.windows(2).filter(|pair| pair[0] == "ns_per_search:").filter_map(|pair| pair[1].parse().ok());
    let of_go = words.windows(2).filter(|pair| pair[1] == "ns/op").filter_map(|pair| pair[0].parse().ok());
    let least = ours.chain(of_go).fold(f64::INFINITY, f64::min);
    if least.is_finite() { Ok(least) } else { Err(format!("no time a search in {printed:?}")) }
}

fn replace_table(table: &str) -> Result<(), Failure> {
    let path = in_repository("bindings/README.md");
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("bindings/README.md has no marker for the table")?;
    let (_, after) = rest.split_once(END).ok_or("the table of bindings/README.md has no end")?;
    std::fs::write(&path, format!("{before}{BEGIN}\n\n{table}\n{END}{after}")).map_err(failed)
}
