//! The list of columns after a superblock slot.

use super::fields::{array, word};
use crc32c::crc32c;
use std::fmt;

/// The offset of the list from the start of the slot.
pub const LIST_AT: usize = 256;
const MOST: usize = 16;
const NAME_BYTES: usize = 32;
const ENTRY_BYTES: usize = 4 + NAME_BYTES;
pub const LIST_BYTES: usize = MOST * ENTRY_BYTES;

/// A valid list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    count: usize,
    /// Kind, and name followed by zeros.
    columns: [(u32, [u8; NAME_BYTES]); MOST],
}

impl Columns {
    /// The list after the slot `bytes`. `Err` says what is wrong with it.
    pub fn decode(bytes: &[u8], count: u32, checksum: u32) -> Result<Self, String> {
        let count = usize::try_from(count).unwrap_or(MOST).min(MOST);
        let mut found = Self { count, columns: [(0, [0; NAME_BYTES]); MOST] };
        if count == 0 {
            return Ok(found);
        }
        let computed = bytes.get(LIST_AT..LIST_AT + LIST_BYTES).map_or(0, crc32c);
        if computed != checksum {
            return Err(format!(
                "the checksum of the columns is {checksum:08x}, of the bytes {computed:08x}"
            ));
        }
        for (number, column) in found.columns.iter_mut().enumerate().take(count) {
            let at = LIST_AT + number * ENTRY_BYTES;
            *column = (word(bytes, at), array(bytes, at + 4));
            let (kind, name) = *column;
            if kind_name(kind).is_none() || text(&name).is_none_or(str::is_empty) {
                return Err(format!("column {number} has kind {kind} or an invalid name"));
            }
        }
        let names: std::collections::HashSet<_> = found.list().iter().map(|(_, name)| name).collect();
        if names.len() < count { Err("two columns have the same name".to_owned()) } else { Ok(found) }
    }

    fn list(&self) -> &[(u32, [u8; NAME_BYTES])] {
        self.columns.get(..self.count).unwrap_or_default()
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (kind, name)) in self.list().iter().enumerate() {
            let (kind, name) = (kind_name(*kind).unwrap_or_default(), text(name).unwrap_or_default());
            write!(f, "{}{name} {kind}", if number > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

fn kind_name(kind: u32) -> Option<&'static str> {
    match kind {
        1 => Some("i64"),
        2 => Some("u64"),
        3 => Some("f64"),
        _ => None,
    }
}

/// The text of a name; `None` if it is not UTF-8 followed by zeros.
fn text(name: &[u8; NAME_BYTES]) -> Option<&str> {
    let length = name.iter().position(|&byte| byte == 0).unwrap_or(NAME_BYTES);
    let (text, zeros) = name.split_at(length);
    std::str::from_utf8(text).ok().filter(|_| zeros.iter().all(|&byte| byte == 0))
}
