//! What the fuzz targets do, each a function of bytes. `tests/` includes this file too and runs the same functions over
//! stored inputs and seeds, so a target cannot rot between two campaigns.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `source.rs` | bytes as a stream of choices |
//! | `scratch.rs` | a folder in memory |
//! | `image.rs` | a data file as bytes: where its structures are, and their checksums mended |
//! | `bases.rs` | whole stores that mutations begin with |
//! | `mutate.rs` | structures changed as a hostile writer would |
//! | `examine.rs` | what has to hold for every file, whatever is in it |
//! | `open_data.rs` | target: a hostile data file |
//! | `open_index.rs` | target: a hostile index beside a whole store |
//! | `world.rs` | a store and a model of it, side by side |
//! | `questions.rs` | searches of every kind, against a scan of the model |
//! | `operations.rs` | target: a life of a store |
//! | `c_calls.rs` | target: C calls with handles of every kind |
//! | `c_hosts.rs` | those of them that do more than insert and search |
//! | `planted.rs` | a fault in each target, to show that it would be found |
//! | `c_header.rs` | the functions and structs that these calls need |
#![allow(dead_code, reason = "each program that includes this uses a part of it")]

pub mod bases;
pub mod c_calls;
pub mod c_header;
pub mod c_hosts;
pub mod examine;
pub mod image;
pub mod mutate;
pub mod open_data;
pub mod open_index;
pub mod operations;
pub mod planted;
pub mod questions;
pub mod scratch;
pub mod source;
pub mod world;
