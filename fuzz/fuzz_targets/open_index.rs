#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use targets::open_index::{run, small_stores};
use targets::scratch::Scratch;

static SCRATCH: LazyLock<Scratch> = LazyLock::new(Scratch::new);

fuzz_target!(|bytes: &[u8]| {
    run(small_stores(), &SCRATCH, bytes, &mut |_, open| open());
});
