//! Prints, and counts damage.

use std::fmt::{Arguments, Display};
use std::io::Write;

/// Exit code: no damage.
pub const SOUND: u8 = 0;
/// Exit code: damage was found.
pub const DAMAGED: u8 = 1;
/// Exit code: not a store file, or it could not be read.
pub const UNREADABLE: u8 = 2;

/// The number of damage lines that are printed; further damage is only counted.
const MAX_DAMAGE_LINES: u64 = 1_000;

/// The output, and the exit code so far.
pub struct Report<'a> {
    out: &'a mut dyn Write,
    damage_count: u64,
    is_unread: bool,
    is_closed: bool,
}

impl<'a> Report<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, damage_count: 0, is_unread: false, is_closed: false }
    }

    pub fn line(&mut self, line: Arguments<'_>) {
        if !self.is_closed {
            self.is_closed = writeln!(self.out, "{line}").is_err();
        }
    }

    /// A heading after an empty line.
    pub fn heading(&mut self, heading: &str) {
        self.line(format_args!("\n{heading}"));
    }

    /// Reports damage at an offset.
    pub fn damage(&mut self, offset_bytes: u64, what: impl Display) {
        self.damage_count = self.damage_count.saturating_add(1);
        if self.damage_count <= MAX_DAMAGE_LINES {
            self.line(format_args!("! {}: {what}", Offset(offset_bytes)));
        }
    }

    /// Reports something that is not damage.
    pub fn note(&mut self, note: impl Display) {
        self.line(format_args!("- {note}"));
    }

    /// Reports something that could not be read, or is not a store file.
    pub fn unread(&mut self, what: &dyn Display) {
        self.is_unread = true;
        self.line(format_args!("? {what}"));
    }

    /// Prints the verdict, and returns the exit code.
    pub fn finish(mut self) -> u8 {
        let code = match (self.damage_count, self.is_unread || self.is_closed) {
            (1.., _) => DAMAGED,
            (0, true) => UNREADABLE,
            (0, false) => SOUND,
        };
        let count = self.damage_count;
        match code {
            SOUND => self.line(format_args!("\nno damage found")),
            DAMAGED => self.line(format_args!("\ndamage found: {count}")),
            _ => self.line(format_args!("\nthe file could not be read completely")),
        }
        code
    }
}

/// An offset in decimal and hex.
#[derive(Debug, Clone, Copy)]
pub struct Offset(pub u64);

impl Display for Offset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{} ({:#x})", self.0, self.0))
    }
}
