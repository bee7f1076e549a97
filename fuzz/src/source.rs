//! Bytes as a stream of choices. After the end everything is 0, so every input is a complete program.

#[derive(Debug, Clone)]
pub struct Source<'a>(pub &'a [u8]);

impl Source<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let count = N.min(self.0.len());
        let (head, rest) = self.0.split_at(count);
        out[..count].copy_from_slice(head);
        self.0 = rest;
        out
    }

    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub fn one_in(&mut self, count: u8) -> bool {
        self.byte().is_multiple_of(count)
    }

    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    /// A number below `end`; 0 if `end` is 0. It takes as few bytes as possible, so that inputs stay short.
    pub fn below(&mut self, end: usize) -> usize {
        let value = match end {
            0..=0x100 => usize::from(self.byte()),
            0x101..=0x10000 => usize::from(self.short()),
            _ => self.word() as usize,
        };
        value.checked_rem(end).unwrap_or(0)
    }
}
