//! Header section: logging.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of C callbacks")]

use super::boundary;
use super::boundary::callbacks::forbidding;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::listener::Current;
use crate::{Result, SynaError};
use log::{LevelFilter, Log, Metadata, Record};
use std::ffi::{c_char, c_void};

/// Users of the program must know this: a sync failed, or a call ended in a bug of the library.
pub const SYNA_MMAP_LOG_ERROR: u32 = 1;
/// Something unexpected was found or not done: an index that does not match, the remains of a killed
/// compaction.
pub const SYNA_MMAP_LOG_WARNING: u32 = 2;
/// Rare work: recovered batches, an index build, a compaction.
pub const SYNA_MMAP_LOG_INFO: u32 = 3;
/// Frequent work: checkpoints, indexed rows.
pub const SYNA_MMAP_LOG_DEBUG: u32 = 4;

/// Receives a log message: one line of English text, for people. A control character of a path is shown as
/// U+FFFD.
///
/// context   BORROWED for the callback: the pointer that was passed with the callback, unchanged.
/// level     SYNA_MMAP_LOG_*.
/// text      BORROWED for the callback: UTF-8, NUL-terminated.
/// text_len  bytes of the text, without the NUL.
///
/// It must not call this library: functions with a status return SYNA_MMAP_ERR_INVALID_ARGUMENT, the others
/// 0, false or NULL. It must return normally: an exception or a longjmp that leaves it is undefined
/// behaviour.
/// Threads: any thread that does the logged work, several at the same time. Cost: yours; the logging call
/// waits for it.
pub type syna_mmap_log_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, level: u32, text: *const c_char, text_len: usize)>;

/// Sets the log callback, for all stores of the process. By default there is none.
///
/// most_level  SYNA_MMAP_LOG_*. Messages of this level and of lower numbers are logged.
/// callback    NULL: logging ends.
/// context     BORROWED until another callback is set: passed to the callback unchanged. May be NULL.
/// error       BORROWED for the call. May be NULL.
///
/// When the call returns, the previous callback is not running and will not be called again.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (an unknown level, or a Rust program has set its
/// own logger of the crate log).
/// On failure: nothing has changed.
/// Threads: any, also in a forked child. Cost: negligible; it waits for a callback that is running.
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

/// A log callback with its context.
#[derive(Clone, Copy)]
struct Listener {
    function: unsafe extern "C" fn(*mut c_void, u32, *const c_char, usize),
    context: *mut c_void,
}

// SAFETY: the header says that any thread may call the callback with this pointer, which is not dereferenced here.
unsafe impl Send for Listener {}
/// The logger that passes records to the host's callback.
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
            _ => return Err(SynaError::argument(format!("most_level is {most_level}; it must be 1 to 4"))),
        };
        self.listener.replace(listener, || {
            if log::set_logger(self).is_err() && !std::ptr::addr_eq(log::logger(), self) {
                return Err(SynaError::argument(
                    "the program has already installed a logger of the crate log, which receives the messages",
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
            // A path can contain line breaks and terminal control sequences.
            let mut text = record.args().to_string().replace(char::is_control, "\u{fffd}");
            let length = text.len();
            text.push('\0');
            forbidding("a log callback", || {
                // SAFETY: the caller of `syna_mmap_set_log` guaranteed a function that accepts these arguments and does not
                // unwind. The text is NUL-terminated and exists during the call.
                unsafe { function(context, record.level() as u32, text.as_ptr().cast(), length) }
            });
        });
    }

    fn flush(&self) {}
}
