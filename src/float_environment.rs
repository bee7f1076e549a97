//! The floating-point environment of a thread: rounding mode, treatment of subnormal numbers, enabled exceptions.
//!
//! The compiler assumes the default environment, and distances must not depend on the caller's. So the C boundary
//! computes in the default environment and restores the caller's before it returns. A callback runs in the caller's
//! environment. A thread of the library sets the default one when it starts.
//!
//! ```text
//!   C program (its own) --> boundary (default) --> callback (its own) --> boundary (default) --> C program (its own)
//! ```
//! On processors other than x86-64 and AArch64 the environment is not changed.
#![expect(unsafe_code, reason = "reads and writes the control registers of the processor")]

use std::cell::Cell;

thread_local! {
    /// The caller's environment in the current call of this thread.
    static OF_CALLER: Cell<Option<register::State>> = const { Cell::new(None) };
}

/// Calls `work` in the default environment and restores the caller's afterwards, also after a panic.
#[inline]
pub(crate) fn in_default<R>(work: impl FnOnce() -> R) -> R {
    let found = register::read();
    let _entered = RestoreCaller { before: OF_CALLER.replace(Some(found)) };
    if found != register::DEFAULT {
        register::write(register::DEFAULT);
    }
    not_inlined(work)
}

/// Calls `callback` in the environment of the current call's caller. Changes that the callback makes to it are kept.
pub(crate) fn in_callers<R>(callback: impl FnOnce() -> R) -> R {
    // `None` on a thread of the library, which has no caller.
    let Some(of_caller) = OF_CALLER.get() else { return callback() };
    let _left = RestoreDefault;
    register::write(of_caller);
    not_inlined(callback)
}

/// Sets the default environment for the calling thread.
pub(crate) fn set_default() {
    register::write(register::DEFAULT);
}

/// A call that is not inlined, so that the compiler moves no computation across the change of the register.
#[inline(never)]
fn not_inlined<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Restores the caller's environment when it is dropped.
struct RestoreCaller {
    /// That of the outer call, if this call comes from its callback.
    before: Option<register::State>,
}

impl Drop for RestoreCaller {
    fn drop(&mut self) {
        if let Some(of_caller) = OF_CALLER.replace(self.before) {
            register::write(of_caller);
        }
    }
}

/// Restores the default environment when it is dropped, and saves the caller's as the callback has left it.
struct RestoreDefault;

impl Drop for RestoreDefault {
    fn drop(&mut self) {
        OF_CALLER.set(Some(register::read()));
        register::write(register::DEFAULT);
    }
}

#[cfg(target_arch = "x86_64")]
mod register {
    use std::arch::asm;

    /// MXCSR: control bits, and flags for the exceptions that have occurred.
    pub(super) type State = u32;
    /// Round to nearest, subnormal numbers unchanged, all exceptions masked, none occurred.
    pub(super) const DEFAULT: State = 0x1f80;

    #[inline]
    pub(super) fn read() -> State {
        let mut state = 0;
        // SAFETY: writes the register's four bytes to `state`, which is aligned.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut state, options(nostack, preserves_flags)) };
        state
    }

    #[inline]
    pub(super) fn write(state: State) {
        // SAFETY: `state` is the default or came from `read`, so it sets no reserved bit. Code of this crate runs in
        // the default environment, which the compiler assumes: others are set only right before the caller's code runs.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    /// FPCR, the control bits, and FPSR, the flags for the exceptions that have occurred.
    pub(super) type State = (u64, u64);
    /// Round to nearest, subnormal numbers unchanged, no trap enabled, no exception occurred.
    pub(super) const DEFAULT: State = (0, 0);

    #[inline]
    pub(super) fn read() -> State {
        let (control, flags);
        // SAFETY: reads two registers that every program may read.
        unsafe { asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) flags, options(nostack)) };
        (control, flags)
    }

    #[inline]
    pub(super) fn write((control, flags): State) {
        // SAFETY: the state is the default or came from `read`. Code of this crate runs in the default environment,
        // which the compiler assumes: others are set only right before the caller's code runs.
        unsafe { asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) control, in(reg) flags, options(nostack)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub(super) type State = ();
    pub(super) const DEFAULT: State = ();

    pub(super) fn read() -> State {}

    pub(super) fn write((): State) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    /// Flush to zero, subnormal operands as zero, round up, an exception that has occurred.
    const ODD: u32 = register::DEFAULT | 0x8000 | 0x4000 | 0x0040 | 0x0020;
    /// Round down.
    const OTHER: u32 = register::DEFAULT | 0x2000;

    #[test]
    fn calls_run_in_the_default_environment_and_callbacks_in_the_callers() {
        register::write(ODD);
        let seen = in_default(|| {
            let own = register::read();
            let of_callback = in_callers(|| (register::read(), in_default(register::read)));
            (own, of_callback, register::read())
        });
        let after = register::read();
        register::write(register::DEFAULT);
        assert_eq!(seen, (register::DEFAULT, (ODD, register::DEFAULT), register::DEFAULT));
        assert_eq!(after, ODD);
        assert_eq!(OF_CALLER.get(), None);
    }

    #[test]
    fn a_panic_restores_the_environment() {
        register::write(ODD);
        let outer = catch_unwind(|| in_default(|| panic!("injected"))).is_err();
        let after = register::read();
        let inner =
            in_default(|| (catch_unwind(|| in_callers(|| panic!("injected"))).is_err(), register::read()));
        register::write(register::DEFAULT);
        assert_eq!((outer, after, inner), (true, ODD, (true, register::DEFAULT)));
    }

    #[test]
    fn changes_by_a_callback_are_kept() {
        register::write(ODD);
        in_default(|| in_callers(|| register::write(OTHER)));
        let after = register::read();
        register::write(register::DEFAULT);
        assert_eq!(after, OTHER);
        assert_eq!(in_callers(register::read), register::DEFAULT, "a thread of the library has no caller");
    }
}
