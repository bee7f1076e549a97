//! Linux and Android.
#![expect(unsafe_code, reason = "system calls that std does not have")]

use super::file_types::FileIdentity;
use super::limits::{MOST_INTERRUPTIONS, MOST_SLICES};
use super::zeros::write_zeros_to;
use std::fs::{File, Metadata};
use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicU64, Ordering};

/// Repeats a system call, which returns 0 or -1, as long as a signal interrupts it.
pub(super) fn retry(mut call: impl FnMut() -> libc::c_int) -> io::Result<()> {
    for _ in 0..MOST_INTERRUPTIONS {
        if call() == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}

/// The error of the system when a new file has the name of an existing one.
pub(crate) fn file_exists() -> io::Error {
    io::Error::from_raw_os_error(libc::EEXIST)
}

pub(crate) fn read_at(file: &File, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
    file.read_at(into, offset_bytes)
}

/// `pwritev`. Contiguous slices are joined, because the kernel copies one long slice faster than many short ones. A
/// single slice is written by `pwrite`, which has no list to copy and check.
pub(crate) fn write_at(file: &File, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize> {
    // A write that begins below the limit is cut off at the limit.
    refuse_beyond_limit(offset_bytes.saturating_add(1), MOST_FILE_BYTES.load(Ordering::Relaxed))?;
    if let [slice] = from {
        return file.write_at(slice, offset_bytes);
    }
    let offset = libc::off64_t::try_from(offset_bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut slices = [const { MaybeUninit::<libc::iovec>::uninit() }; MOST_SLICES];
    let mut count = 0_usize;
    let mut end = std::ptr::null();
    for slice in from {
        let range = slice.as_ptr_range();
        if range.start == end
            && let Some(last) = count.checked_sub(1).and_then(|last| slices.get_mut(last))
        {
            // SAFETY: the first `count` of `slices` are written.
            unsafe { last.assume_init_mut() }.iov_len += slice.len();
        } else if let Some(free) = slices.get_mut(count) {
            free.write(libc::iovec { iov_base: range.start.cast_mut().cast(), iov_len: slice.len() });
            count += 1;
        } else {
            break;
        }
        end = range.end;
    }
    let count = libc::c_int::try_from(count).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the first `count` of `slices` are initialized and name memory that `from` borrows across the call: each
    // begins at a slice of it and continues over contiguous slices. The kernel does not write to that memory and keeps
    // no pointer; the descriptor is open as long as `file` is borrowed.
    let written = unsafe { libc::pwritev64(file.as_raw_fd(), slices.as_ptr().cast(), count, offset) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// The largest file that this process may write (`ulimit -f`), as last queried.
static MOST_FILE_BYTES: AtomicU64 = AtomicU64::new(0);

/// Queries the limit: at each open for writing, growth and sync. A query before each write would cost another system
/// call, so a limit that is set below the length of an open file takes effect at the next of these calls only.
pub(super) fn ask_for_limit() -> u64 {
    let mut limit = MaybeUninit::<libc::rlimit64>::uninit();
    // SAFETY: the pointer is to writable memory for the struct, which the call fills.
    let most_bytes = match unsafe { libc::getrlimit64(libc::RLIMIT_FSIZE, limit.as_mut_ptr()) } {
        // SAFETY: the call succeeded, so it has filled the struct.
        0 => unsafe { limit.assume_init() }.rlim_cur,
        _ => u64::MAX,
    };
    MOST_FILE_BYTES.store(most_bytes, Ordering::Relaxed);
    most_bytes
}

/// Refuses to make a file longer than the limit. The system would send SIGXFSZ, which kills a program that does not
/// handle it.
fn refuse_beyond_limit(end_bytes: u64, most_bytes: u64) -> io::Result<()> {
    // The limit may have been raised.
    if end_bytes > most_bytes && end_bytes > ask_for_limit() {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(())
}

/// Truncates a file, or extends it by zeros.
pub(crate) fn set_length(file: &File, length_bytes: u64) -> io::Result<()> {
    let length = libc::off64_t::try_from(length_bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    if length_bytes > file.metadata()?.len() {
        refuse_beyond_limit(length_bytes, ask_for_limit())?;
    }
    // SAFETY: a system call on numbers; the descriptor is open as long as `file` is borrowed.
    retry(|| unsafe { libc::ftruncate64(file.as_raw_fd(), length) })
}

pub(crate) fn identity_of(metadata: &Metadata) -> FileIdentity {
    FileIdentity { device: metadata.dev(), inode: metadata.ino() }
}

/// While this exists, all signals are blocked on the calling thread. A thread that it starts meanwhile keeps them
/// blocked.
#[derive(Debug)]
pub(crate) struct SignalsBlocked {
    before: MaybeUninit<libc::sigset_t>,
    is_blocked: bool,
    /// It must be dropped on the thread that created it.
    _of_this_thread: PhantomData<*const ()>,
}

impl SignalsBlocked {
    pub(crate) fn new() -> Self {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the first call fills the set that it is given; the second reads it, and writes the previous mask to
        // the other. Neither keeps a pointer.
        let result = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr())
        };
        Self { before, is_blocked: result == 0, _of_this_thread: PhantomData }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        if self.is_blocked {
            // SAFETY: `before` was written, since the call that blocked the signals succeeded; the call keeps no pointer.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, self.before.as_ptr(), std::ptr::null_mut()) };
        }
    }
}

/// Replaces an open file by /dev/null without unlocking it. The lock belongs to the open file description, which a
/// parent and its children share, and ends when the last of them has closed it.
pub(crate) fn disown(file: &File) -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    // SAFETY: a system call on two descriptors that are open as long as the files are borrowed. The descriptor of `file`
    // stays open, and its owner's.
    match unsafe { libc::dup3(nothing.as_raw_fd(), file.as_raw_fd(), libc::O_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Replaces a mapping by anonymous zeros, because a mapping keeps its file open and locked.
///
/// # Safety
/// The bytes must be those of one read-only mapping whose content is no longer used.
pub(crate) unsafe fn detach_mapping(start: *mut u8, length_bytes: usize) -> io::Result<()> {
    // SAFETY: a system call on a number.
    let page_bytes = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    // A mapping begins at the start of a page, before the requested bytes.
    let before = start.addr() % page_bytes;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
    // SAFETY: the range is that of the mapping, by the caller's promise; it stays mapped, so its owner can unmap it.
    let mapped = unsafe {
        let first = start.sub(before);
        libc::mmap(first.cast(), length_bytes + before, libc::PROT_READ, flags, -1, 0)
    };
    if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether the file system has no space for a file that ends at `end_bytes`. `fallocate` would use up all space before
/// it fails, and other programs would have none meanwhile.
fn lacks_space(file: &File, end_bytes: u64) -> bool {
    let mut found = MaybeUninit::<libc::statvfs64>::uninit();
    // SAFETY: the pointer is to writable memory for the struct; the descriptor is open as long as `file` is borrowed.
    if unsafe { libc::fstatvfs64(file.as_raw_fd(), found.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call succeeded, so it has filled the struct.
    let found = unsafe { found.assume_init() };
    let missing = file.metadata().map_or(0, |metadata| end_bytes.saturating_sub(metadata.len()));
    // A file system without blocks has no limit either, or does not report it.
    found.f_blocks > 0 && missing > found.f_bfree.saturating_mul(found.f_frsize)
}

/// `SEEK_DATA` and `SEEK_HOLE`: the next bytes that are not a hole. A file system without support for holes reports none.
pub(crate) fn next_data(file: &File, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
    let seek = |offset_bytes: u64, what| {
        let offset = libc::off64_t::try_from(offset_bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: a system call on numbers; the descriptor is open as long as `file` is borrowed. It moves the file
        // position, which is not used: all reads and writes here pass an offset.
        let found = unsafe { libc::lseek64(file.as_raw_fd(), offset, what) };
        u64::try_from(found).map_err(|_| io::Error::last_os_error())
    };
    let found = seek(offset_bytes, libc::SEEK_DATA)
        .and_then(|start| Ok(start..seek(start, libc::SEEK_HOLE)?.max(start.saturating_add(1))));
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            let end = file.metadata()?.len();
            Ok((offset_bytes < end).then_some(offset_bytes..end))
        }
        Err(error) => Err(error),
    }
}

/// Whether the file is on overlayfs.
pub(crate) fn may_be_copied(file: &File) -> io::Result<bool> {
    let mut found = MaybeUninit::<libc::statfs64>::uninit();
    // SAFETY: the pointer is to writable memory for the struct; the descriptor is open as long as `file` is borrowed.
    retry(|| unsafe { libc::fstatfs64(file.as_raw_fd(), found.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it has filled the struct.
    let kind = unsafe { found.assume_init() }.f_type;
    // The types of the constant and of the field differ between targets. Both fit in i128.
    Ok(i128::from(kind) == i128::from(libc::OVERLAYFS_SUPER_MAGIC))
}

/// `fallocate`; zeros are written if the file system does not support it.
pub(crate) fn allocate(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
    let end_bytes = offset_bytes.saturating_add(length_bytes);
    if lacks_space(file, end_bytes) {
        return Err(io::Error::from_raw_os_error(libc::ENOSPC));
    }
    refuse_beyond_limit(end_bytes, ask_for_limit())?;
    let out_of_range = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let offset = libc::off64_t::try_from(offset_bytes).map_err(out_of_range)?;
    let length = libc::off64_t::try_from(length_bytes).map_err(out_of_range)?;
    // SAFETY: a system call on numbers; the descriptor is open as long as `file` is borrowed.
    match retry(|| unsafe { libc::fallocate64(file.as_raw_fd(), 0, offset, length) }) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS)) => {
            write_zeros_to(file, end_bytes, write_at)
        }
        allocated => allocated,
    }
}

/// `fdatasync`.
pub(crate) fn sync_file(file: &File) -> io::Result<()> {
    ask_for_limit();
    // SAFETY: a system call on a number; the descriptor is open as long as `file` is borrowed.
    retry(|| unsafe { libc::fdatasync(file.as_raw_fd()) })
}

/// Asks the system to start writing bytes to the disk: `sync_file_range`. Not every file system supports it; nothing
/// relies on it.
pub(crate) fn begin_sync(file: &File, offset_bytes: u64, length_bytes: u64) {
    let (Ok(offset), Ok(length)) = (i64::try_from(offset_bytes), i64::try_from(length_bytes)) else { return };
    // SAFETY: a system call on numbers; the descriptor is open as long as `file` is borrowed.
    unsafe { libc::sync_file_range(file.as_raw_fd(), offset, length, libc::SYNC_FILE_RANGE_WRITE) };
}

/// Requests huge pages for memory that begins at a page. Advice only: if it is ignored, searches are slower.
pub(crate) fn request_huge_pages(memory: &[u8]) {
    // SAFETY: the range is mapped as long as `memory` is borrowed; the advice changes none of its bytes.
    unsafe { libc::madvise(memory.as_ptr().cast_mut().cast(), memory.len(), libc::MADV_HUGEPAGE) };
}

/// A file in memory: `memfd_create`.
pub(crate) fn anonymous_file() -> io::Result<File> {
    // SAFETY: the name is a NUL-terminated string that lives across the call; the call keeps no pointer to it.
    let descriptor =
        unsafe { libc::syscall(libc::SYS_memfd_create, c"syna-mmap".as_ptr(), libc::MFD_CLOEXEC) };
    match i32::try_from(descriptor) {
        // SAFETY: the system has just given out this descriptor, to nobody else.
        Ok(descriptor) if descriptor >= 0 => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}
