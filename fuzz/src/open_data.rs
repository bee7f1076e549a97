//! Target: a hostile data file.

use super::bases::Bases;
use super::examine::{Meter, Tally, examine};
use super::mutate::mutate;
use super::scratch::Scratch;
use super::source::Source;

/// Changes one of `bases` as `bytes` say, and opens the result.
pub fn run(bases: &Bases, scratch: &Scratch, bytes: &[u8], meter: &mut Meter<'_>) -> Tally {
    let mut source = Source(bytes);
    let [first, second, halves, integers] = bases;
    let (base, other) = match source.byte() % 8 {
        0 | 4 => (second, first),
        3 => (halves, second),
        7 => (integers, halves),
        _ => (first, second),
    };
    let mut image = base.clone();
    mutate(&mut image, other, &mut source);
    scratch.clear();
    let path = scratch.file("store");
    std::fs::write(&path, &image.bytes).unwrap();
    examine(&path, meter)
}
