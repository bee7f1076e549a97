//! Kills a process inside a system call, and verifies that the kill hit it there.
//!
//! The writing thread is traced (`ptrace`): it stops when it enters a system call and when it leaves one. The kill is
//! aimed at the n-th entry into a call that modifies files:
//!
//! ```text
//!   entry stop --- the call runs in the kernel --- exit stop --- back in the program
//!   ^ AtEntry      ^ Within                        ^ AtExit      (never reached)
//! ```
//!
//! In all three cases the program entered the call and never returned from it. A kill counts as `Within` if the thread
//! was resumed from its entry stop and no exit stop had been reported when the signal was sent. Between that check and
//! the signal there is about a microsecond. Such a kill may still come before the work starts, which is then skipped, or
//! after the last byte is written; the content of the file shows which.

use std::io;
use std::time::{Duration, Instant};

/// The calls that modify files: number, name, and how many microseconds the kernel may run before the kill.
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
    /// The call was entered; its work had not begun.
    AtEntry,
    /// The kernel was executing the call.
    Within,
    /// The work was complete, but the call had not returned.
    AtExit,
}

/// Where the process was killed.
#[derive(Debug, Clone, Copy)]
pub struct KillPoint {
    pub call: &'static str,
    pub moment: Moment,
}

/// Pins two threads to different processors, so that one can observe while the other runs. It has no effect on a machine
/// with one processor: kills then hit the entry or the exit of calls.
fn part(own: libc::pid_t, other: libc::pid_t) {
    let length = size_of::<libc::cpu_set_t>();
    // SAFETY: `cpu_set_t` is plain data, for which zeros are valid. Each call gets a set that outlives the call, with its
    // length. The indices are below the length of a set.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        // The affinity of the main thread: this thread, and a child that it started, may have been pinned before.
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

/// A thread of a child, traced by this thread.
pub struct Traced {
    process: libc::pid_t,
    thread: libc::pid_t,
}

impl Traced {
    /// Attaches to a thread, and stops it.
    ///
    /// # Errors
    /// If tracing is not permitted (a hardened kernel or container).
    pub fn attach(process: libc::pid_t, thread: libc::pid_t) -> io::Result<Self> {
        let traced = Self { process, thread };
        part(0, thread);
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        traced.request(libc::PTRACE_SEIZE, options as usize)?;
        traced.request(libc::PTRACE_INTERRUPT, 0)?;
        let status = traced.wait()?;
        assert!(libc::WIFSTOPPED(status), "the thread did not stop ({status:#x})");
        Ok(traced)
    }

    /// Resumes the thread until it enters the `ordinal`-th call of [`CALLS`] from now, and kills the process there: at once
    /// if `moment` is `None`, otherwise after a part of the call's time that `moment` selects.
    pub fn kill_in_call(&self, ordinal: u64, moment: Option<u64>) -> io::Result<KillPoint> {
        let mut seen = 0;
        let mut signal = 0;
        loop {
            self.request(libc::PTRACE_SYSCALL, signal)?;
            let status = self.wait()?;
            if !libc::WIFSTOPPED(status) {
                return Err(io::Error::other(format!("the process ended by itself ({status:#x})")));
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
                return self.kill_at(call, delay);
            }
        }
    }

    fn kill_at(&self, call: &'static str, delay: Option<Duration>) -> io::Result<KillPoint> {
        let mut moment = Moment::AtEntry;
        if let Some(delay) = delay {
            self.request(libc::PTRACE_SYSCALL, 0)?;
            let began = Instant::now();
            while began.elapsed() < delay {
                std::hint::spin_loop();
            }
            let mut status = 0;
            // SAFETY: a system call; `status` outlives it.
            let has_stopped =
                unsafe { libc::waitpid(self.thread, &raw mut status, libc::__WALL | libc::WNOHANG) };
            moment = if has_stopped == self.thread { Moment::AtExit } else { Moment::Within };
        }
        // SAFETY: a system call. The child was not waited for, so its process id is still valid.
        if unsafe { libc::kill(self.process, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        while libc::WIFSTOPPED(self.wait()?) {}
        Ok(KillPoint { call, moment })
    }

    /// Name and time of the call that the stopped thread is entering; `None` if it is leaving one, or entering another.
    fn entered_call(&self) -> Option<(&'static str, u64)> {
        // SAFETY: plain numbers, for which zeros are valid.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let length = size_of::<libc::ptrace_syscall_info>();
        // SAFETY: the thread is stopped by this one; `info` has `length` bytes and outlives the call.
        let written =
            unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, self.thread, length, &raw mut info) };
        assert!(written > 0, "PTRACE_GET_SYSCALL_INFO: {}", io::Error::last_os_error());
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return None;
        }
        // SAFETY: `op` says that the kernel filled this member of the union.
        let (number, first) = unsafe { (info.u.entry.nr, info.u.entry.args[0]) };
        // The acknowledgements are written to standard error; they are not part of the store's work.
        let is_own = number == libc::SYS_write as u64 && first <= 2;
        let listed = CALLS.iter().find(|(listed, ..)| !is_own && *listed as u64 == number);
        listed.map(|(_, name, most_micros)| (*name, *most_micros))
    }

    fn wait(&self) -> io::Result<libc::c_int> {
        let mut status = 0;
        loop {
            // SAFETY: a system call; `status` outlives it.
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
        // SAFETY: requests that do not access this process's memory.
        match unsafe { libc::ptrace(request, self.thread, 0usize, data) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}
