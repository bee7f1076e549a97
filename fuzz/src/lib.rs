//! The fuzz targets, each a function of bytes. `tests/` includes this file too and runs the same functions on stored inputs
//! and seeds, so that the targets stay valid between campaigns.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `source.rs` | bytes as a stream of choices |
//! | `scratch.rs` | a folder in memory |
//! | `image.rs` | a data file as bytes: the offsets of its structures, and their checksums |
//! | `elements.rs` | element types by definition |
//! | `bases.rs` | intact stores that mutations start from |
//! | `mutate.rs` | mutations of structures, as by a hostile writer |
//! | `examine.rs` | properties of every file, regardless of its content |
//! | `open_data.rs` | target: a hostile data file |
//! | `open_index.rs` | target: a hostile index beside an intact store |
//! | `world.rs` | a store and a model of it, compared after each operation |
//! | `values.rs` | columns whose values follow from tags and payloads |
//! | `changes.rs` | writes of many keys at once |
//! | `questions.rs` | searches of every kind, compared with a scan of the model |
//! | `operations.rs` | target: a sequence of operations on a store |
//! | `c_calls.rs` | target: C calls with valid and invalid handles |
//! | `c_hosts.rs` | more C calls: filters, ranges, batches, cursors |
//! | `c_reading.rs` | more C calls: views, row numbers, many keys, conditions, settings, stores in memory |
//! | `c_rows.rs` | checks of hits and rows; calls with columns |
//! | `injected.rs` | a fault in each target, on request, to show that the target finds it |
//! | `c_header.rs`, `c_functions.rs` | the C structs and functions that these calls need |
#![allow(dead_code, reason = "each program that includes this uses some of it")]

pub mod bases;
pub mod c_calls;
pub mod c_functions;
pub mod c_header;
pub mod c_hosts;
pub mod c_reading;
pub mod c_rows;
pub mod changes;
pub mod elements;
pub mod examine;
pub mod image;
pub mod injected;
pub mod mutate;
pub mod open_data;
pub mod open_index;
pub mod operations;
pub mod questions;
pub mod scratch;
pub mod source;
pub mod values;
pub mod world;
