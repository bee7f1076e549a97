#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use targets::bases::small_bases;
use targets::open_data::run;
use targets::scratch::Scratch;

static SCRATCH: LazyLock<Scratch> = LazyLock::new(Scratch::new);

fuzz_target!(|bytes: &[u8]| {
    run(small_bases(), &SCRATCH, bytes, &mut |_, open| open());
});
