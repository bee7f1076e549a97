//! How a forked child notices that it is one, in a nanosecond: a page that the kernel empties in every child
//! (`MADV_WIPEONFORK`, Linux 4.14), whichever way it was forked.
//!
//! A process id would cost a system call each time, and it can be the ancestor's again: ids are given out anew, and
//! the first process of each pid namespace is number 1.
#![expect(unsafe_code, reason = "mmap and madvise are system calls that std does not have")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Holds this process's mark, 0 until one was given. NULL: not yet asked for; [`WITHOUT_PAGE`]: the system has no such
/// page.
static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// Stands for a page that could not be had; it stays 0.
static WITHOUT_PAGE: AtomicU32 = AtomicU32::new(0);
/// The last mark that this process or an ancestor of it has given out: a child goes on from its parent's.
static LAST_MARK: AtomicU32 = AtomicU32::new(0);

/// A number that this process has for all its life, and none of its ancestors; never 0.
///
/// A `vfork` child shares its parent's memory and so its mark; it may call nothing before it execs anyway.
#[inline]
pub(crate) fn process_mark() -> u32 {
    let page = PAGE.load(Ordering::Acquire);
    if !page.is_null() {
        // SAFETY: not NULL, so it is a page that `new_page` mapped, or a static; neither is ever freed, both are
        // aligned, and they are reached as atomics only. A fork empties the page before the child runs.
        let mark = unsafe { (*page).load(Ordering::Relaxed) };
        if mark != 0 {
            return mark;
        }
    }
    give_mark(page)
}

/// No locks here: a child that was forked while another thread was in this function would wait for ever.
#[cold]
fn give_mark(known: *mut AtomicU32) -> u32 {
    let page = if known.is_null() { publish(new_page()) } else { known };
    if ptr::eq(page, &WITHOUT_PAGE) {
        return std::process::id();
    }
    // Counted before it stands in the page: no fork finds a mark in use that `LAST_MARK` does not know. Threads that
    // come here together count one each, and the first in the page is everyone's.
    let next = LAST_MARK.fetch_add(1, Ordering::AcqRel).wrapping_add(1).max(1);
    // SAFETY: as in `process_mark`.
    let placed = unsafe { (*page).compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire) };
    placed.map_or_else(|earlier| earlier, |_| next)
}

/// Makes `made` the process's page; where another thread was first, that one's.
fn publish(made: Option<*mut AtomicU32>) -> *mut AtomicU32 {
    let place = made.unwrap_or((&raw const WITHOUT_PAGE).cast_mut());
    match PAGE.compare_exchange(ptr::null_mut(), place, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => place,
        Err(earlier) => {
            if let Some(unused) = made {
                unmap(unused);
            }
            earlier
        }
    }
}

/// A page of zeros that is zeros again in every child; `None` where the system has no such thing.
fn new_page() -> Option<*mut AtomicU32> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: asks for new memory of the system's choice, so nothing that exists is touched.
    let page = unsafe { libc::mmap(ptr::null_mut(), size_of::<AtomicU32>(), protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: advice on the page of above, which nobody else has. The first is no advice at all: a system that
    // takes it takes everything and does nothing (QEMU's user mode did), so it cannot be relied on.
    let is_wiped = unsafe {
        libc::madvise(page, size_of::<AtomicU32>(), -1) != 0
            && libc::madvise(page, size_of::<AtomicU32>(), libc::MADV_WIPEONFORK) == 0
    };
    // A mapping begins at a page's start, which is aligned for anything.
    let page = page.cast::<AtomicU32>();
    if !is_wiped {
        unmap(page);
        return None;
    }
    Some(page)
}

/// Gives back a page that nobody else has seen. A failure would cost a page of memory and nothing else.
fn unmap(page: *mut AtomicU32) {
    // SAFETY: `new_page` mapped it, and its callers have not published it.
    unsafe { libc::munmap(page.cast(), size_of::<AtomicU32>()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_the_same_in_all_threads() {
        let mark = process_mark();
        assert_ne!(mark, 0);
        let others: Vec<_> = (0..8).map(|_| std::thread::spawn(process_mark)).collect();
        assert!(others.into_iter().all(|other| other.join().unwrap() == mark));
    }

    /// Forks by `fork`; whether the child, and what it does in turn, finds `check` true.
    fn holds_in_child(fork: unsafe fn() -> libc::pid_t, check: &dyn Fn() -> bool) -> bool {
        // SAFETY: the child calls what needs no lock (atomics, system calls) and ends without running any destructor.
        unsafe {
            let child = fork();
            assert!(child >= 0);
            if child == 0 {
                libc::_exit(i32::from(!check()));
            }
            let mut status = -1;
            libc::waitpid(child, &raw mut status, 0) == child && status == 0
        }
    }

    unsafe fn libc_fork() -> libc::pid_t {
        // SAFETY: the caller's.
        unsafe { libc::fork() }
    }

    /// Past libc, whose handlers of `pthread_atfork` do not run.
    unsafe fn raw_fork() -> libc::pid_t {
        // SAFETY: the caller's; as `fork`, without libc's own preparations, which the child does not need.
        let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
        libc::pid_t::try_from(child).unwrap_or(-1)
    }

    #[test]
    fn a_child_and_a_grandchild_have_other_marks() {
        let own = process_mark();
        for fork in [libc_fork as unsafe fn() -> libc::pid_t, raw_fork] {
            let is_new = holds_in_child(fork, &|| {
                let child = process_mark();
                let grandchild = || ![own, child, 0].contains(&process_mark());
                child != own && child != 0 && child == process_mark() && holds_in_child(fork, &grandchild)
            });
            assert!(is_new);
            assert_eq!(process_mark(), own);
        }
    }

    #[test]
    fn a_second_page_is_given_back() {
        let mark = process_mark();
        let known = PAGE.load(Ordering::Acquire);
        assert_eq!(publish(new_page()), known);
        assert_eq!(publish(None), known);
        assert_eq!(process_mark(), mark);
    }

    #[test]
    fn without_a_page_it_is_the_process_id() {
        assert_eq!(give_mark((&raw const WITHOUT_PAGE).cast_mut()), std::process::id());
    }
}
