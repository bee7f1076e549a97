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
//! | `relative.rs` | relative codes, their facts, and where their bits lie in a block |
//! | `query.rs` | `QueryCode`: a query prepared once, its distance to codes and to the neighbours in a block |
//! | `key.rs` | `SortKey`: what a walk sorts rows by, from a distance between codes |
//! | `transform.rs` | what is done to a vector before it is rotated: a centre is subtracted, lengths are scaled |
//! | `encoder.rs` | `Encoder`: from vectors to what codes are made of, and which vectors have no code |
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

pub(super) mod byte_code;
pub(super) mod encoder;
pub(super) mod key;
pub(super) mod query;
pub(super) mod relative;
pub(super) mod rotation;
#[cfg(test)]
mod tests;
pub(super) mod transform;
