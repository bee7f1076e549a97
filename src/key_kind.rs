//! What the keys of a store are.

/// What the keys of a store are. Fixed when the file is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum KeyKind {
    /// UTF-8 text.
    #[default]
    Text = 0,
    /// Any bytes, for example a number, a UUID or the id of an entity.
    Bytes = 1,
}

impl KeyKind {
    /// The kind with this number; `None` if there is none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Text, Self::Bytes].into_iter().find(|kind| kind.number() == number)
    }

    /// The number of this kind in files and in C.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self as u8)
    }

    /// The name of this kind in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_converted_both_ways_and_others_are_refused() {
        for kind in [KeyKind::Text, KeyKind::Bytes] {
            assert_eq!(KeyKind::from_number(kind.number()), Some(kind));
        }
        assert_eq!([2, 255, 256, u32::MAX].map(KeyKind::from_number), [None; 4]);
    }
}
