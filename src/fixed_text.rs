//! Text in a fixed number of bytes, as it is stored in a file: UTF-8 without a NUL character, then zeros.

/// See the module. The default is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FixedText<const N: usize> {
    /// Zeros after the text.
    bytes: [u8; N],
}

impl<const N: usize> FixedText<N> {
    /// No text.
    pub(crate) const EMPTY: Self = Self { bytes: [0; N] };

    /// `None` for a text of more bytes. The caller has refused NUL characters.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes })
    }

    /// The text in the bytes of a file; `None` if there is none: not UTF-8, or not zero after the first zero.
    pub(crate) fn from_bytes(bytes: [u8; N]) -> Option<Self> {
        let found = Self { bytes };
        let rest = bytes.get(found.text().len()..)?;
        (rest.iter().all(|&byte| byte == 0) && std::str::from_utf8(found.text()).is_ok()).then_some(found)
    }

    /// The text, with zeros after it.
    pub(crate) fn bytes(&self) -> [u8; N] {
        self.bytes
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.text()).unwrap_or_default()
    }

    fn text(&self) -> &[u8] {
        let end = self.bytes.iter().position(|&byte| byte == 0).unwrap_or(N);
        self.bytes.get(..end).unwrap_or_default()
    }
}
