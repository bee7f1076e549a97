//! The user block: values that an application stores in the file for itself. The library does not interpret them.

use crate::fixed_text::FixedText;
use crate::{Result, SynaError};

/// The length of the longest label in bytes.
pub const MAX_LABEL_BYTES: usize = 64;

/// Values that an application stores in the file for itself, as in the header of an SQLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserBlock {
    /// Tells which application the file belongs to. 0 by default.
    pub application_id: u32,
    /// The version of the application's data. 0 by default.
    pub user_version: u32,
    /// What the vectors are, for example the name of the embedding model. Empty by default.
    pub label: Label,
}

/// Up to [`MAX_LABEL_BYTES`] bytes of UTF-8 without a NUL character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Label(FixedText<MAX_LABEL_BYTES>);

impl Label {
    /// No label.
    pub const EMPTY: Self = Self(FixedText::EMPTY);

    /// # Errors
    /// [`SynaError::InvalidArgument`] for a longer text, and for one that contains a NUL character.
    pub fn new(text: &str) -> Result<Self> {
        let invalid = |what: String| SynaError::InvalidArgument { what };
        let label = FixedText::new(text).ok_or_else(|| {
            invalid(format!("the label has {} bytes; at most {MAX_LABEL_BYTES} are stored", text.len()))
        })?;
        if text.contains('\0') {
            return Err(invalid("the label contains a NUL character".to_owned()));
        }
        Ok(Self(label))
    }

    /// The label in the bytes of a file; `None` if they are none: not UTF-8, or not zero after the first zero.
    pub(crate) fn from_bytes(bytes: [u8; MAX_LABEL_BYTES]) -> Option<Self> {
        FixedText::from_bytes(bytes).map(Self)
    }

    /// The label, with zeros after it.
    pub(crate) fn to_bytes(self) -> [u8; MAX_LABEL_BYTES] {
        self.0.bytes()
    }

    /// The label; empty if there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Default for Label {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl std::fmt::Debug for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_utf_8_of_up_to_64_bytes() {
        for text in ["", "a", "all-MiniLM-L6-v2", &"x".repeat(64), &"ü".repeat(32)] {
            let label = Label::new(text).unwrap();
            assert_eq!(label.as_str(), text);
            assert_eq!(Label::from_bytes(label.to_bytes()), Some(label));
        }
        for text in ["x".repeat(65), "ü".repeat(33), "a\0b".to_owned()] {
            assert!(matches!(Label::new(&text), Err(SynaError::InvalidArgument { .. })));
        }
    }

    #[test]
    fn bytes_that_are_no_label_are_refused() {
        let mut bytes = [0; MAX_LABEL_BYTES];
        bytes[0] = 0xff;
        assert_eq!(Label::from_bytes(bytes), None, "not UTF-8");
        bytes = [0; MAX_LABEL_BYTES];
        bytes[1] = b'x';
        assert_eq!(Label::from_bytes(bytes), None, "text after a zero");
    }
}
