//! Shortened paths for messages: the middle is cut, because both ends identify the file.

use std::fmt::{self, Write};
use std::path::Path;

/// Replaces the part that was cut.
const GAP: &str = "...";

/// A path of which at most `most` bytes are shown.
pub(crate) struct ShortPath<'a> {
    pub(crate) path: &'a Path,
    pub(crate) most: usize,
}

impl<'a> ShortPath<'a> {
    /// For a message that contains more than the path.
    pub(crate) fn in_text(path: &'a Path) -> Self {
        Self { path, most: 120 }
    }
}

impl fmt::Display for ShortPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = Length(0);
        write!(length, "{}", self.path.display())?;
        if length.0 <= self.most {
            return write!(f, "{}", self.path.display());
        }
        let kept = self.most.saturating_sub(GAP.len());
        let head = kept / 2;
        let mut ends = Ends { f, at: 0, head_end: head, tail_start: length.0 - (kept - head), is_cut: false };
        write!(ends, "{}", self.path.display())
    }
}

/// Counts the bytes that are written to it.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Forwards the two ends of the text that is written to it, cut between characters.
struct Ends<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    at: usize,
    head_end: usize,
    tail_start: usize,
    is_cut: bool,
}

impl Write for Ends<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let end = self.at + character.len_utf8();
            if end <= self.head_end || self.at >= self.tail_start {
                self.f.write_char(character)?;
            } else if !self.is_cut {
                self.is_cut = true;
                self.f.write_str(GAP)?;
            }
            self.at = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_both_ends() {
        let shown = |path: &str, most| ShortPath { path: Path::new(path), most }.to_string();
        assert_eq!(shown("/a/long/path/to/a.store", 23), "/a/long/path/to/a.store");
        assert_eq!(shown("/a/long/path/to/a.store", 22), "/a/long/p...to/a.store");
        assert_eq!(shown("/a/long/path/to/a.store", 0), "...");
        for most in 0..60 {
            let text = shown("/ä/ö/ü/€€€€€€€€/🦀🦀🦀/ß", most);
            assert!(text.len() <= most.max(GAP.len()), "{most}: {text}");
        }
    }
}
