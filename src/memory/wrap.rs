//! The functions of the allocator as the shared library calls them: those of the system, and the reserve if they fail.
//!
//! A `#[global_allocator]` would affect Rust programs that use the crate. Instead, the linker binds calls of `malloc`
//! to `__wrap_malloc`, and `__real_malloc` to `malloc`, when it links the shared library (`--wrap`, `build.rs`). Rust
//! programs and the static library are not affected. The symbols are hidden, so no other calls get here, and weak, so
//! that another version of the crate, or a program that also wraps `malloc`, can be linked with it.
#![expect(unsafe_code, reason = "is called as malloc and its like are")]

use super::reserve::RESERVE;
use std::ffi::{c_int, c_void};

/// The size of the allocation in [`has_system_memory`].
const PROBE_BYTES: usize = 64 << 10;
/// The alignment of malloc.
const ALIGNMENT: usize = 16;

macro_rules! wrapped {
    ($jump_to:literal, $jump_real:literal, $($name:literal => $function:ident),* $(,)?) => {
        std::arch::global_asm!(
            ".pushsection .text.syna_mmap_wrap,\"ax\",%progbits",
            $(
                concat!(".weak __wrap_", $name),
                concat!(".hidden __wrap_", $name),
                concat!(".type __wrap_", $name, ",%function"),
                concat!("__wrap_", $name, ":"),
                concat!($jump_to, " {", stringify!($function), "}"),
                concat!(".weak __real_", $name),
                concat!(".weak syna_mmap_real_", $name),
                concat!(".hidden syna_mmap_real_", $name),
                concat!(".type syna_mmap_real_", $name, ",%function"),
                concat!("syna_mmap_real_", $name, ":"),
                concat!($jump_real, "__real_", $name, "@PLT"),
            )*
            ".popsection",
            $($function = sym $function,)*
        );
    };
}

#[cfg(target_arch = "x86_64")]
wrapped!("jmp", "jmp ",
    "malloc" => malloc, "calloc" => calloc, "realloc" => realloc, "posix_memalign" => posix_memalign,
    "aligned_alloc" => aligned_alloc, "free" => free);

unsafe extern "C" {
    fn syna_mmap_real_malloc(bytes: usize) -> *mut c_void;
    fn syna_mmap_real_calloc(count: usize, bytes: usize) -> *mut c_void;
    fn syna_mmap_real_realloc(old: *mut c_void, bytes: usize) -> *mut c_void;
    fn syna_mmap_real_posix_memalign(out: *mut *mut c_void, alignment: usize, bytes: usize) -> c_int;
    fn syna_mmap_real_aligned_alloc(alignment: usize, bytes: usize) -> *mut c_void;
    fn syna_mmap_real_free(pointer: *mut c_void);
    fn malloc_usable_size(pointer: *mut c_void) -> usize;
}

/// Whether the system has memory at this moment.
pub(super) fn has_system_memory() -> bool {
    // SAFETY: the functions of the system, with which wrap.rs is linked wherever it is called; NULL may be freed.
    unsafe {
        let probe = syna_mmap_real_malloc(PROBE_BYTES);
        syna_mmap_real_free(probe);
        !probe.is_null()
    }
}

unsafe extern "C" fn malloc(bytes: usize) -> *mut c_void {
    // SAFETY: by the caller's promise, which is the same.
    let pointer = unsafe { syna_mmap_real_malloc(bytes) };
    if pointer.is_null() { RESERVE.take(bytes, ALIGNMENT).cast() } else { pointer }
}

unsafe extern "C" fn calloc(count: usize, bytes: usize) -> *mut c_void {
    // SAFETY: by the caller's promise, which is the same.
    let pointer = unsafe { syna_mmap_real_calloc(count, bytes) };
    match count.checked_mul(bytes) {
        Some(bytes) if pointer.is_null() => {
            let slot = RESERVE.take(bytes, ALIGNMENT);
            if !slot.is_null() {
                // SAFETY: the slot has at least so many bytes.
                unsafe { slot.write_bytes(0, bytes) };
            }
            slot.cast()
        }
        _ => pointer,
    }
}

unsafe extern "C" fn realloc(old: *mut c_void, bytes: usize) -> *mut c_void {
    let held_bytes = match RESERVE.slot_bytes(old.cast()) {
        Some(slot_bytes) if slot_bytes >= bytes => return old,
        Some(slot_bytes) => slot_bytes,
        None => {
            // SAFETY: by the caller's promise, which is the same.
            let pointer = unsafe { syna_mmap_real_realloc(old, bytes) };
            if !pointer.is_null() || bytes == 0 {
                return pointer;
            }
            // SAFETY: a realloc that fails leaves the old memory unchanged; NULL has 0 bytes.
            unsafe { malloc_usable_size(old) }
        }
    };
    // SAFETY: only allocates.
    let pointer = unsafe { malloc(bytes) };
    if !pointer.is_null() {
        // SAFETY: the old memory has `held_bytes` bytes, the new one `bytes`, and they do not overlap; the old one is
        // not used again.
        unsafe {
            pointer.cast::<u8>().copy_from_nonoverlapping(old.cast(), held_bytes.min(bytes));
            free(old);
        }
    }
    pointer
}

unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, bytes: usize) -> c_int {
    // SAFETY: by the caller's promise, which is the same.
    let answer = unsafe { syna_mmap_real_posix_memalign(out, alignment, bytes) };
    if answer != libc::ENOMEM {
        return answer;
    }
    let slot = RESERVE.take(bytes, alignment);
    if slot.is_null() {
        return answer;
    }
    // SAFETY: `out` is where the caller expects the pointer.
    unsafe { *out = slot.cast() };
    0
}

unsafe extern "C" fn aligned_alloc(alignment: usize, bytes: usize) -> *mut c_void {
    // SAFETY: by the caller's promise, which is the same.
    let pointer = unsafe { syna_mmap_real_aligned_alloc(alignment, bytes) };
    if pointer.is_null() && alignment.is_power_of_two() {
        RESERVE.take(bytes, alignment).cast()
    } else {
        pointer
    }
}

unsafe extern "C" fn free(pointer: *mut c_void) {
    if !RESERVE.give_back(pointer.cast()) {
        // SAFETY: memory that is not the reserve's came from the system; NULL may be freed.
        unsafe { syna_mmap_real_free(pointer) };
    }
}
