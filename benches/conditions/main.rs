//! Conditions on columns: how long their evaluation takes, and searches with them.
//!
//! ```text
//! cargo bench --bench conditions -- [DIR..] [--rows 1000000] [--rounds 30] [--queries 200]
//! ```
//!
//! `DIR` is a data set as for the benchmark `filters`.

#[path = "../data_set/mod.rs"]
mod data_set;
mod evaluation;
mod searches;

use clap::Parser;
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// Folders of data sets to search
    dirs: Vec<PathBuf>,
    /// Rows whose conditions are evaluated; 0: none
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Evaluations of each filter
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Use the first queries of a data set only
    #[arg(long, default_value_t = 200)]
    queries: usize,
    /// Threads of the index build
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> data_set::Outcome<()> {
    let arguments = Arguments::parse();
    if arguments.rows > 0 {
        evaluation::measure(arguments.rows, arguments.rounds);
    }
    let Arguments { dirs, queries, threads, .. } = &arguments;
    data_set::for_each("conditions", dirs, |dir| searches::measure(dir, *queries, *threads))
}
