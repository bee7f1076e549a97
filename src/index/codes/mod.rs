//! Quantised vectors without training: 8-bit codes of nodes, and beside a node 1-bit codes of its neighbours relative to it.
//!
//! ```text
//!   vector --Rotation--> rotated --kernels.encode--> bytes + CodeFacts                      (of a node)
//!                           |                            |
//!                           |                two ByteCodes --RelativeCode--> slot of a NeighbourBlock
//!                           v                            |
//!                       QueryCode -- distance to a node, 8-bit --> base --estimates of its 32 neighbours-->
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `rotation.rs` | a seeded rotation that spreads every vector's energy over all components |
//! | `byte_code.rs` | `ByteCode`: an 8-bit code with its facts, and distances between two |
//! | `query.rs` | `QueryCode`: a query prepared once, its distance to codes and to the neighbours in a block |
//! | `neighbours.rs` | relative codes, their facts, and where their bits lie in a block |
//!
//! Meaning, beyond what `kernel/codes` says of the bytes: with `q` the rotated query, `c` a decoded node, `v` its decoded
//! neighbour, `r = v - c`, `b_i` the relative code's bit as +1 or -1, and `gain = |r|^2 / sum |r_i|` (0 where `r` is 0),
//! `<x, r>` is estimated as `gain * sum b_i x_i`, without bias for a random rotation (RaBitQ, SIGMOD 2024). So
//!
//! - `|q - v|^2 = |q - c|^2 + |r|^2 - 2 <q - c, r>`, estimated as `base + add + multiply * sum b_i q_i` with
//!   `base = |q - c|^2`, `add = |r|^2 + 2 gain sum b_i c_i`, `multiply = -2 gain`;
//! - `-2 <q, v>`, estimated with `base = -2 <q, c>`, `add = 0`, `multiply = -2 gain`.
//!
//! Everything is deterministic and has the same bits on every instruction set.

mod byte_code;
mod neighbours;
mod query;
mod rotation;
#[cfg(test)]
mod tests;

pub(crate) use byte_code::ByteCode;
#[cfg(test)]
pub(crate) use neighbours::read_slot;
pub use neighbours::write_slot;
pub(crate) use neighbours::{RelativeCode, SlotFacts, set_slot_facts};
pub(crate) use query::QueryCode;
pub use rotation::Rotation;
