//! Quantization without training: 8-bit codes of nodes, and codes of their neighbours relative to them, of one bit a
//! component, or of several if there are at most 128 components.
//!
//! ```text
//!   vector --Rotation--> rotated --kernels.encode--> bytes + CodeFacts                      (of a node)
//!   vector --Rotation--> rotated --kernels.encode--> bytes + CodeFacts                      (of a node)
//!                           |                            |
//!                           |                two ByteCodes --RelativeCode--> slot of a block
//!                           v                            |
//!                       QueryCode -- distance to a node, 8-bit --> base --estimates of its 32 neighbours-->
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `layout.rs` | `CodeLayout`: how many components and bits the codes have |
//! | `rotation.rs` | a seeded rotation that distributes a vector's energy over all components |
//! | `byte_code.rs` | `ByteCode`: an 8-bit code with its facts, and distances between two |
//! | `relative.rs` | relative codes, their facts, and the layout of their bits in a block |
//! | `query.rs` | `QueryCode`: a prepared query, its distances to codes and to the neighbours in a block |
//! | `key.rs` | `SortKey`: the key by which a walk orders rows, from a distance between codes |
//! | `transform.rs` | the step before the rotation: a centre is subtracted, lengths are scaled |
//! | `encoder.rs` | `Encoder`: from vectors to codes; which vectors have no code |
//!
//! Definitions, in addition to those of the bytes in `kernel/codes`: `q` is the rotated query, `c` a decoded node, `v`
//! its decoded neighbour, `r = v - c`, `b_i` the relative code's bit as +1 or -1 (of several bits: `u_i`), and
//! `gain = |r|^2 / sum b_i r_i` (0 if `r` is 0). Then `gain * sum b_i x_i` is an estimate of `<x, r>`, unbiased for a random rotation (RaBitQ, SIGMOD
//! 2024). So
//!
//! - `|q - v|^2 = |q - c|^2 + |r|^2 - 2 <q - c, r>`, estimated as `base + add + multiply * sum b_i q_i` with
//!   `base = |q - c|^2`, `add = |r|^2 + 2 gain sum b_i c_i`, `multiply = -2 gain`;
//! - `-2 <q, v>`, estimated with `base = -2 <q, c>`, `add = 0`, `multiply = -2 gain`.
//!
//! All results are deterministic and have the same bits on every instruction set.

pub(super) mod byte_code;
pub(super) mod encoder;
pub(super) mod key;
pub(super) mod layout;
pub(super) mod query;
pub(super) mod relative;
pub(super) mod rotation;
#[cfg(test)]
mod tests;
pub(super) mod transform;
