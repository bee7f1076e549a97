//! Detecting a fork in about a nanosecond: a page that the kernel zeroes in every child (`MADV_WIPEONFORK`, Linux
//! 4.14), however it was forked.
//!
//! A process id would cost a system call each time and can be that of an ancestor: ids are reused, and the first
//! process of each pid namespace has the number 1.
#![expect(unsafe_code, reason = "mmap and madvise are system calls that std does not have")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The page that holds this process's mark, 0 until one is assigned. NULL: not mapped yet; [`WITHOUT_PAGE`]: the system
/// does not support it.
static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// Replaces the page if it could not be mapped; it stays 0.
static WITHOUT_PAGE: AtomicU32 = AtomicU32::new(0);
/// The last mark that this process or an ancestor has assigned. A child continues from its parent's.
static LAST_MARK: AtomicU32 = AtomicU32::new(0);

/// A number that this process keeps, and that none of its ancestors has. Never 0.
///
/// A child of `vfork` shares its parent's memory and so its mark. It may not call the library before exec anyway.
#[inline]
pub(crate) fn process_mark() -> u32 {
    let page = PAGE.load(Ordering::Acquire);
    if !page.is_null() {
        // SAFETY: not NULL, so it is a page that `new_page` mapped, or a static; neither is ever freed, both are
        // aligned, and they are accessed as atomics only. A fork zeroes the page before the child runs.
        let mark = unsafe { (*page).load(Ordering::Relaxed) };
        if mark != 0 {
            return mark;
        }
    }
    give_mark(page)
}

/// Takes no lock: a child that was forked while another thread held it would wait forever.
#[cold]
fn give_mark(known: *mut AtomicU32) -> u32 {
    let page = if known.is_null() { publish(new_page()) } else { known };
    if ptr::eq(page, &WITHOUT_PAGE) {
        return std::process::id();
    }
    // Counted before it is stored in the page, so that no fork finds a mark in use that `LAST_MARK` does not include.
    // Threads that race here count one each, and the first one stored in the page is used.
    let next = LAST_MARK.fetch_add(1, Ordering::AcqRel).wrapping_add(1).max(1);
    // SAFETY: as in `process_mark`.
    let placed = unsafe { (*page).compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire) };
    placed.map_or_else(|earlier| earlier, |_| next)
}

/// Makes `made` the process's page. If another thread was first, returns that thread's page.
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

/// A page of zeros that is zeroed in every child; `None` if the system does not support it.
fn new_page() -> Option<*mut AtomicU32> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: asks for new memory of the system's choice, so nothing that exists is touched.
    let page = unsafe { libc::mmap(ptr::null_mut(), size_of::<AtomicU32>(), protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: advice on the page above, which no other code has. The first advice is invalid: a system that accepts it
    // accepts everything and does nothing (as QEMU's user mode did), so it cannot be relied on.
    let is_wiped = unsafe {
        libc::madvise(page, size_of::<AtomicU32>(), -1) != 0
            && libc::madvise(page, size_of::<AtomicU32>(), libc::MADV_WIPEONFORK) == 0
    };
    // A mapping begins at the start of a page, which is aligned for any type.
    let page = page.cast::<AtomicU32>();
    if !is_wiped {
        unmap(page);
        return None;
    }
    Some(page)
}

/// Unmaps a page that was not published. A failure would only cost a page of memory.
fn unmap(page: *mut AtomicU32) {
    // SAFETY: `new_page` mapped it, and its callers have not published it.
    unsafe { libc::munmap(page.cast(), size_of::<AtomicU32>()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_have_the_same_mark() {
        let mark = process_mark();
        assert_ne!(mark, 0);
        let others: Vec<_> = (0..8).map(|_| std::thread::spawn(process_mark)).collect();
        assert!(others.into_iter().all(|other| other.join().unwrap() == mark));
    }

    /// Forks by `fork`. Returns whether `check` is true in the child.
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

    /// Forks without libc, so that handlers of `pthread_atfork` do not run.
    unsafe fn raw_fork() -> libc::pid_t {
        // SAFETY: the caller's; as `fork`, without libc's preparations, which the child does not need.
        let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
        libc::pid_t::try_from(child).unwrap_or(-1)
    }

    #[test]
    fn a_child_and_a_grandchild_have_different_marks() {
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
    fn a_second_page_is_unmapped() {
        let mark = process_mark();
        let known = PAGE.load(Ordering::Acquire);
        assert_eq!(publish(new_page()), known);
        assert_eq!(publish(None), known);
        assert_eq!(process_mark(), mark);
    }

    #[test]
    fn without_a_page_the_mark_is_the_process_id() {
        assert_eq!(give_mark((&raw const WITHOUT_PAGE).cast_mut()), std::process::id());
    }
}
