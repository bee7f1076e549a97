//! Fixed fields, and the location words of frames and extents.

use std::fmt;

/// The u16 at an offset; 0 past the end, which callers exclude.
pub fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

/// The u32 at an offset; 0 past the end, which callers exclude.
pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

/// The u64 at an offset; 0 past the end, which callers exclude.
pub fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

/// `N` bytes at an offset; zeros past the end, which callers exclude.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = at.checked_add(N).and_then(|end| bytes.get(at..end));
    found.and_then(|found| found.try_into().ok()).unwrap_or([0; N])
}

/// The name of a metric.
pub fn metric_name(metric: u32) -> &'static str {
    match metric {
        0 => "cosine",
        1 => "euclidean",
        2 => "dot product",
        _ => "unknown metric",
    }
}

/// A store's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What all parts of a store have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub store_id: StoreId,
    pub dimensions: u32,
    pub metric: u32,
    /// 0 f32, 1 f16, 2 i8 with a scale.
    pub element: u32,
    /// 0 text, 1 bytes.
    pub key_kind: u32,
    /// The number of columns.
    pub columns: u32,
}

impl Identity {
    /// Whether such dimensions, metric, element type, kind of keys and number of columns are allowed.
    pub fn is_possible(&self) -> bool {
        let is_vector = (1..=8192).contains(&self.dimensions) && self.metric <= 2 && self.element <= 2;
        is_vector && self.key_kind <= 1 && self.columns <= 16
    }

    pub fn has_text_keys(&self) -> bool {
        self.key_kind == 0
    }

    pub fn element_name(&self) -> &'static str {
        match self.element {
            0 => "f32",
            1 => "f16",
            2 => "i8",
            _ => "of an unknown type",
        }
    }

    /// Bytes of a stored vector, for allowed dimensions.
    pub fn vector_bytes(&self) -> u32 {
        match self.element {
            1 => self.dimensions.saturating_mul(2),
            2 => self.dimensions.checked_next_multiple_of(4).unwrap_or(u32::MAX).saturating_add(4),
            _ => self.dimensions.saturating_mul(4),
        }
    }

    /// Bytes from one row to the next, for allowed dimensions.
    pub fn stride_bytes(&self) -> u32 {
        let bytes = self.vector_bytes();
        if bytes <= 32 {
            return bytes.next_power_of_two().max(4);
        }
        bytes.checked_next_multiple_of(64).unwrap_or(u32::MAX)
    }

    /// Bytes of a row in an extent, with its values.
    pub fn row_bytes(&self) -> u32 {
        self.stride_bytes().saturating_add(self.columns.saturating_mul(8))
    }

    /// Rows of a block.
    pub fn block_rows(&self) -> u32 {
        let rows = 65_536 / self.stride_bytes().max(1);
        rows.checked_ilog2().map_or(1, |power| 1 << power)
    }
}

/// The location of a frame or an extent, as bits.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The lower half, which is in the header.
    pub mark: u32,
    /// The upper half, which the checksum starts with.
    pub seed: u32,
}

impl Place {
    pub fn new(store_id: StoreId, offset_bytes: u64) -> Self {
        let (a, b) = (long(&store_id.0, 0), long(&store_id.0, 8));
        let bits = splitmix64(splitmix64(a.wrapping_add(offset_bytes)) ^ b).to_le_bytes();
        Self { mark: word(&bits, 0), seed: word(&bits, 4) }
    }
}

/// The output function of splitmix64.
fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
