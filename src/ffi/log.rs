//! Header section: what the library has to say besides its answers.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of the caller's callback")]

use super::boundary;
use super::boundary::callbacks::forbidding;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::listener::Current;
use crate::{Result, SynaError};
use log::{LevelFilter, Log, Metadata, Record};
use std::ffi::{c_char, c_void};

/// Something that the program's users have to know: a sync failed, a call ended in a bug of the library.
pub const SYNA_MMAP_LOG_ERROR: u32 = 1;
/// Something is not as it was left: an index that does not fit, the rest of a compaction that was killed.
pub const SYNA_MMAP_LOG_WARNING: u32 = 2;
/// Rare work: batches recovered, an index made, a compaction.
pub const SYNA_MMAP_LOG_INFO: u32 = 3;
/// Work that is done again and again: checkpoints, rows taken into the index.
pub const SYNA_MMAP_LOG_DEBUG: u32 = 4;

/// Hears what the library has to say: one line of text, in English, for people. A control character of a path
/// is shown as U+FFFD.
///
/// context   BORROWED for the callback: the pointer that was given with the callback, as it is.
/// level     SYNA_MMAP_LOG_*.
/// text      BORROWED for the callback: UTF-8, NUL-terminated.
/// text_len  bytes of it, without the NUL.
///
/// It must not call this library (what has a status answers SYNA_MMAP_ERR_INVALID_ARGUMENT there) and has to
/// return: no exception of C++ or the like and no longjmp may leave it, which would be undefined behaviour.
/// Threads: whichever was at work, several at once. Cost: yours, and the call waits for it.
pub type syna_mmap_log_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, level: u32, text: *const c_char, text_len: usize)>;

/// Sets who hears what the library has to say, of all stores of the process. Nobody does by default.
///
/// most_level  SYNA_MMAP_LOG_*: that level and those with lower numbers are told.
/// callback    NULL: nobody hears it any more.
/// context     BORROWED until another callback is set: handed to the callback and not looked at. May be NULL.
/// error       BORROWED for the call. May be NULL.
///
/// When it returns, the callback that was set before is in no call and will get none.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (a level that there is not; a program in Rust
/// that has a logger of the crate log of its own).
/// On failure: all is as before.
/// Threads: any, in a forked child too. Cost: none to speak of; it waits for a callback in flight.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_log(
    most_level: u32,
    callback: syna_mmap_log_callback,
    context: *mut c_void,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them.
    unsafe {
        boundary::call(error, || {
            HOST.set(most_level, callback.map(|function| Listener { function, context }))
        })
    }
}

/// Who listens.
#[derive(Clone, Copy)]
struct Listener {
    function: unsafe extern "C" fn(*mut c_void, u32, *const c_char, usize),
    context: *mut c_void,
}

// SAFETY: the header says that the callback is called by any thread, with this pointer, which is not looked at here.
unsafe impl Send for Listener {}
/// The logger that hands everything to the host.
struct Host {
    listener: Current<Listener>,
}

static HOST: Host = Host { listener: Current::new() };

impl Host {
    fn set(&'static self, most_level: u32, listener: Option<Listener>) -> Result<()> {
        let filter = match most_level {
            SYNA_MMAP_LOG_ERROR => LevelFilter::Error,
            SYNA_MMAP_LOG_WARNING => LevelFilter::Warn,
            SYNA_MMAP_LOG_INFO => LevelFilter::Info,
            SYNA_MMAP_LOG_DEBUG => LevelFilter::Debug,
            _ => return Err(SynaError::argument(format!("most_level is {most_level}, it has to be 1 to 4"))),
        };
        self.listener.replace(listener, || {
            if log::set_logger(self).is_err() && !std::ptr::addr_eq(log::logger(), self) {
                return Err(SynaError::argument(
                    "the program has a logger of the crate log already, which hears what the library says",
                ));
            }
            log::set_max_level(if listener.is_some() { filter } else { LevelFilter::Off });
            Ok(())
        })
    }
}

impl Log for Host {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        self.listener.with(|listener| {
            let Some(Listener { function, context }) = listener else { return };
            // A path may have line breaks and what a terminal takes for orders.
            let mut text = record.args().to_string().replace(char::is_control, "\u{fffd}");
            let length = text.len();
            text.push('\0');
            forbidding("a log callback", || {
                // SAFETY: the caller of `syna_mmap_set_log` promised a function that takes these and does not unwind; the
                // text ends with a NUL and lives through the call.
                unsafe { function(context, record.level() as u32, text.as_ptr().cast(), length) }
            });
        });
    }

    fn flush(&self) {}
}
