//! A cache line as plain data.

use bytemuck::{Pod, Zeroable};

/// 64 bytes in one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [u8; 64]);

// SAFETY: 64 bytes aligned to 64, so no padding; any bits are a byte, zeros among them.
unsafe impl Zeroable for Line {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for Line {}
