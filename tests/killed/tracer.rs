//! Kills a process inside a system call, and knows that it did.
//!
//! The thread that writes is traced (`ptrace`): it stops where it enters a system call and where it leaves one. The
//! kill is aimed at the n-th entry into a call that changes files:
//!
//! ```text
//!   entry stop --- the kernel at it --- exit stop --- back in the program
//!   ^ AtEntry      ^ Within             ^ AtExit      (never reached)
//! ```
//!
//! In all three the program entered the call and never came back from it. A kill counts as `Within` where the thread
//! was let go on from its entry stop and no exit stop had been reported when the signal was sent; between that look
//! and the signal lies about a microsecond. Such a kill may still strike before the work, and skips it then, or after
//! the last byte: which of them is seen in what the file holds afterwards.

use std::io;
use std::time::{Duration, Instant};

/// The calls that change files, by number and name, and for how many microseconds the kernel may be left at them.
const CALLS: &[(libc::c_long, &str, u64)] = &[
    (libc::SYS_pwritev, "pwritev", 30),
    (libc::SYS_pwrite64, "pwrite64", 30),
    (libc::SYS_write, "write", 30),
    (libc::SYS_fdatasync, "fdatasync", 800),
    (libc::SYS_fsync, "fsync", 800),
    (libc::SYS_fallocate, "fallocate", 40),
    (libc::SYS_ftruncate, "ftruncate", 30),
    (libc::SYS_renameat2, "renameat2", 30),
    (libc::SYS_renameat, "renameat", 30),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rename, "rename", 30),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", 30),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The call was entered, its work not begun.
    AtEntry,
    /// The kernel was at it, or on its way into or out of the work.
    Within,
    /// Its work was done, and the program never heard of it.
    AtExit,
}

/// Where the kill struck.
#[derive(Debug, Clone, Copy)]
pub struct Strike {
    pub call: &'static str,
    pub moment: Moment,
}

/// Puts two threads on different processors, so that one can look on while the other works. Of no effect where there
/// is only one: kills then land at the ends of calls.
fn part(own: libc::pid_t, other: libc::pid_t) {
    let length = size_of::<libc::cpu_set_t>();
    // SAFETY: plain bits, for which zeros are a value; each call gets a set that lives across it, and its length.
    // The indices are below the length of a set.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        // The main thread's: this one, and a child that it started, may have been put somewhere before.
        if libc::sched_getaffinity(libc::getpid(), length, &raw mut allowed) != 0 {
            return;
        }
        let processors = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, &allowed));
        for (thread, processor) in [own, other].into_iter().zip(processors) {
            let mut only: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(processor, &mut only);
            libc::sched_setaffinity(thread, length, &raw const only);
        }
    }
}

/// A thread of a child that is traced by this thread.
pub struct Traced {
    process: libc::pid_t,
    thread: libc::pid_t,
}

impl Traced {
    /// Attaches to a thread, and stops it.
    ///
    /// # Errors
    /// Where tracing is not allowed (a hardened kernel or container).
    pub fn attach(process: libc::pid_t, thread: libc::pid_t) -> io::Result<Self> {
        let traced = Self { process, thread };
        part(0, thread);
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        traced.request(libc::PTRACE_SEIZE, options as usize)?;
        traced.request(libc::PTRACE_INTERRUPT, 0)?;
        let status = traced.wait()?;
        assert!(libc::WIFSTOPPED(status), "an interrupted thread stops ({status:#x})");
        Ok(traced)
    }

    /// Lets the thread go on until it enters the `ordinal`-th call of [`CALLS`] from now, and kills the process
    /// there: at once where `moment` is `None`, else after a part of the call's time that `moment` chooses.
    pub fn kill_in_call(&self, ordinal: u64, moment: Option<u64>) -> io::Result<Strike> {
        let mut seen = 0;
        let mut signal = 0;
        loop {
            self.request(libc::PTRACE_SYSCALL, signal)?;
            let status = self.wait()?;
            if !libc::WIFSTOPPED(status) {
                return Err(io::Error::other(format!("it ended by itself ({status:#x})")));
            }
            let stopped_by = libc::WSTOPSIG(status);
            let is_event = status >> 16 != 0;
            signal = if is_event || stopped_by & 0x80 != 0 { 0 } else { stopped_by as usize };
            if stopped_by != libc::SIGTRAP | 0x80 {
                continue;
            }
            let Some((call, most_micros)) = self.entered_call() else { continue };
            seen += 1;
            if seen > ordinal {
                let delay = moment.map(|moment| Duration::from_nanos(moment % (most_micros * 1000)));
                return self.strike(call, delay);
            }
        }
    }

    fn strike(&self, call: &'static str, delay: Option<Duration>) -> io::Result<Strike> {
        let mut moment = Moment::AtEntry;
        if let Some(delay) = delay {
            self.request(libc::PTRACE_SYSCALL, 0)?;
            let began = Instant::now();
            while began.elapsed() < delay {
                std::hint::spin_loop();
            }
            let mut status = 0;
            // SAFETY: a system call; `status` lives across it.
            let has_stopped =
                unsafe { libc::waitpid(self.thread, &raw mut status, libc::__WALL | libc::WNOHANG) };
            moment = if has_stopped == self.thread { Moment::AtExit } else { Moment::Within };
        }
        // SAFETY: a system call on a child that was not waited for, so the number is still its own.
        if unsafe { libc::kill(self.process, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        while libc::WIFSTOPPED(self.wait()?) {}
        Ok(Strike { call, moment })
    }

    /// Name and time of the call that the stopped thread is entering; `None` where it leaves one, or enters another.
    fn entered_call(&self) -> Option<(&'static str, u64)> {
        // SAFETY: plain numbers, for which zeros are a value.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let length = size_of::<libc::ptrace_syscall_info>();
        // SAFETY: the thread is stopped by this one; `info` has `length` bytes and lives across the call.
        let written =
            unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, self.thread, length, &raw mut info) };
        assert!(written > 0, "PTRACE_GET_SYSCALL_INFO: {}", io::Error::last_os_error());
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return None;
        }
        // SAFETY: `op` says that this is the part of the union that the kernel filled in.
        let (number, first) = unsafe { (info.u.entry.nr, info.u.entry.args[0]) };
        // The acknowledgements go to standard error: they are no part of the store's work.
        let is_own = number == libc::SYS_write as u64 && first <= 2;
        let listed = CALLS.iter().find(|(listed, ..)| !is_own && *listed as u64 == number);
        listed.map(|(_, name, most_micros)| (*name, *most_micros))
    }

    fn wait(&self) -> io::Result<libc::c_int> {
        let mut status = 0;
        loop {
            // SAFETY: a system call; `status` lives across it.
            if unsafe { libc::waitpid(self.thread, &raw mut status, libc::__WALL) } == self.thread {
                return Ok(status);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    fn request(&self, request: libc::c_uint, data: usize) -> io::Result<()> {
        // SAFETY: requests that read and write no memory of this process.
        match unsafe { libc::ptrace(request, self.thread, 0usize, data) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}
