//! Modes, owners and access control lists of files that a compaction or an index save replaces.

use crate::support::TempFolder;
use crate::{index_of, keep_going, make, mode, open, set_mode};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[test]
fn a_compaction_and_an_index_keep_mode_and_owner() {
    let folder = TempFolder::new("modes");
    let path = folder.file("store");
    make(&path, 20);
    // SAFETY: a system call without arguments.
    let is_root = unsafe { libc::geteuid() } == 0;
    let (mut owner, mut group) = (fs::metadata(&path).unwrap().uid(), fs::metadata(&path).unwrap().gid());
    for wanted in [0o600, 0o640, 0o666] {
        set_mode(&path, wanted);
        if is_root {
            (owner, group) = (1234, 4321);
            std::os::unix::fs::chown(&path, Some(owner), Some(group)).unwrap();
        } else {
            println!("not run: only root can change owners");
        }
        let _ = fs::remove_file(index_of(&path));
        let store = open(&path);
        store.build_index().unwrap();
        let is_as_before = |path: &Path| {
            let found = fs::metadata(path).unwrap();
            assert_eq!((found.uid(), found.gid()), (owner, group), "{}", path.display());
            assert_eq!(mode(path), wanted, "{}", path.display());
        };
        is_as_before(&index_of(&path));
        store.compact(&mut keep_going).unwrap();
        store.close().unwrap();
        is_as_before(&path);
        is_as_before(&index_of(&path));
        // A snapshot is as private as the store.
        let copy = folder.file("copy");
        let store = open(&path);
        store.snapshot_to(&copy, &mut keep_going).unwrap();
        assert_eq!(mode(&copy) & !wanted, 0);
        fs::remove_file(&copy).unwrap();
        // An index with different permissions keeps them.
        set_mode(&index_of(&path), 0o400);
        store.compact(&mut keep_going).unwrap();
        assert_eq!((mode(&path), mode(&index_of(&path))), (wanted, 0o400));
    }
}

/// An access control list in the kernel's format: the owner, user 1234, the group, the mask, others.
fn access_list(of_user: u16) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, of_user, 1234), (4, 4, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn read_list(path: &Path) -> Option<Vec<u8>> {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let mut bytes = vec![0; 1024];
    // SAFETY: both strings are NUL-terminated; the buffer has `bytes.len()` bytes.
    let count = unsafe {
        libc::getxattr(
            path.as_ptr(),
            c"system.posix_acl_access".as_ptr(),
            bytes.as_mut_ptr().cast(),
            bytes.len(),
        )
    };
    bytes.truncate(usize::try_from(count).ok()?);
    Some(bytes)
}

fn write_list(path: &Path, name: &std::ffi::CStr, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: both strings are NUL-terminated; the buffer has `bytes.len()` bytes.
    let result =
        unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), bytes.as_ptr().cast(), bytes.len(), 0) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[test]
fn a_compaction_keeps_acls_and_inherits_none() {
    let folder = TempFolder::new("access-lists");
    let path = folder.file("store");
    make(&path, 20);
    if let Err(error) = write_list(&path, c"system.posix_acl_access", &access_list(4)) {
        println!("not run: no access control lists here: {error}");
        return;
    }
    let list = read_list(&path).unwrap();
    let store = open(&path);
    store.build_index().unwrap();
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    assert_eq!((read_list(&path), read_list(&index_of(&path))), (Some(list.clone()), Some(list)));
    // New files of this folder would be accessible to user 1234.
    let plain = folder.file("plain");
    make(&plain, 20);
    set_mode(&plain, 0o660);
    write_list(folder.path(), c"system.posix_acl_default", &access_list(6)).unwrap();
    let store = open(&plain);
    store.build_index().unwrap();
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    assert_eq!((read_list(&plain), read_list(&index_of(&plain))), (None, None));
    assert_eq!((mode(&plain), mode(&index_of(&plain))), (0o660, 0o660));
}
