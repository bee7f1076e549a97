//! An open data file: its identity and its extents; creating and opening one.

use super::column_list::{mark_of, write_columns};
use super::extents::Extents;
use crate::column::Schema;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::format::frame::Frame;
use crate::storage::format::layout::{self, EXTENTS_START, bytes, origin, slot};
use crate::storage::format::superblock::{Identity, NewStore, SlotDamage, Superblock, slot_offset};
use crate::storage::io::medium::{Storage, StorageFile, read_exact_at, write_all_at};
use crate::storage::io::temporary::Temporary;
use crate::storage::platform::file_types::{Access, PathKind};
use crate::{Result, SynaError, UserBlock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The part of an open file that readers share.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn StorageFile>,
    pub(crate) identity: Identity,
    pub(crate) extents: Extents,
    pub(crate) schema: Schema,
    user_block: Mutex<UserBlock>,
}

impl DataFile {
    pub(crate) fn new(
        path: PathBuf,
        file: Arc<dyn StorageFile>,
        superblock: &Superblock,
        schema: Schema,
        extents: Extents,
    ) -> Self {
        let user_block = Mutex::new(superblock.user_block);
        Self { path, file, identity: superblock.identity, extents, schema, user_block }
    }

    /// The user block of the newest superblock that was read or written.
    pub(crate) fn user_block(&self) -> UserBlock {
        *self.user_block.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_user_block(&self, user_block: UserBlock) {
        *self.user_block.lock().unwrap_or_else(PoisonError::into_inner) = user_block;
    }

    pub(crate) fn corrupt(&self, offset_bytes: u64, what: impl Into<String>) -> SynaError {
        SynaError::corrupt(&self.path, offset_bytes, what)
    }

    /// In a forked child: releases the child's share of the file (descriptor and mappings), so that the parent's lock
    /// ends with the parent.
    ///
    /// # Errors
    /// [`SynaError::Io`] if a part could not be released.
    pub(crate) fn disown(&self) -> Result<()> {
        let mapped = self.extents.disown();
        self.file.disown().and(mapped).map_err(|error| self.io("releasing the parent's", error))
    }

    pub(crate) fn io(&self, doing: &'static str, source: io::Error) -> SynaError {
        SynaError::io(&self.path, doing, source)
    }

    /// The error if earlier writes could not be made durable. It is [`SynaError::Io`] even if the disk is full, because
    /// [`SynaError::NoSpace`] would mean that the store is unchanged.
    pub(crate) fn not_durable(&self, doing: &'static str, source: io::Error) -> SynaError {
        SynaError::Io { path: self.path.clone(), doing, source }
    }

    /// Checks that the store's path still leads to this file. Otherwise the program could not find its writes again,
    /// and another store's file or index could be replaced.
    ///
    /// # Errors
    /// [`SynaError::Io`] if it does not.
    pub(crate) fn check_place(&self, storage: &dyn Storage) -> Result<()> {
        if !storage.keeps_files() {
            return Ok(());
        }
        let own = self.file.identity().map_err(|error| self.io("examining", error))?;
        let what = match storage.kind(&self.path).map_err(|error| self.io("examining", error))? {
            PathKind::File(found) if found == own => return Ok(()),
            PathKind::Missing => {
                "it was removed or renamed while it was open; take a snapshot to keep its rows"
            }
            _ => "it was replaced by another file while it was open; take a snapshot to keep its rows",
        };
        Err(self.io("looking for", io::Error::other(what)))
    }

    /// Whether the file still has the mapped extents. A writer that cannot map a new extent removes it again.
    pub(crate) fn has_mapped_extents(&self) -> Result<bool> {
        for found in self.extents.iter() {
            let mut header = [0; layout::extent::LENGTH];
            match read_exact_at(&*self.file, &mut header, found.offset_bytes) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                read => read.map_err(|error| self.io("reading", error))?,
            }
            if header != found.header.encode(&self.identity, found.offset_bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The frame that begins at `offset_bytes`. It was written or replayed before.
    pub(crate) fn known_frame(&self, offset_bytes: u64) -> Option<Frame<'_>> {
        let header = self.extents.bytes(offset_bytes, layout::frame::LENGTH)?;
        let length = crate::storage::format::frame::known_length(header)?;
        Frame::known(self.extents.bytes(offset_bytes, length)?)
    }
}

/// Creates a new store at `path` and returns it locked. `empty`: the existing empty file, which is locked and is
/// replaced. The store is created as a whole or not at all.
///
/// # Errors
/// [`SynaError::Io`] with `AlreadyExists` if another process has created the file meanwhile.
pub(crate) fn create(
    storage: &Arc<dyn Storage>,
    path: &Path,
    new: &NewStore,
    schema: &Schema,
    empty: Option<&dyn StorageFile>,
) -> Result<(Arc<dyn StorageFile>, Superblock)> {
    let io = |doing| move |error| SynaError::io(path, doing, error);
    let access = if empty.is_some() { Access::CreatePrivate } else { Access::CreateNew };
    let mut temporary = Temporary::create(storage, path, access)?;
    if let Some(empty) = empty {
        let keep = empty.permissions().and_then(|permissions| temporary.file().set_permissions(&permissions));
        keep.map_err(io("keeping the permissions of"))?;
    }
    let superblock = empty_superblock(&**storage, path, new)?;
    let file = Arc::clone(temporary.file());
    // Both slots are written, so that a new store survives the loss of either.
    for generation in [1, 2] {
        let bytes = Superblock { generation, ..superblock }.encode();
        write_all_at(&*file, &bytes, slot_offset(generation)).map_err(io("writing"))?;
    }
    write_columns(&*file, schema).map_err(io("writing"))?;
    file.allocate(0, EXTENTS_START).map_err(io("allocating"))?;
    if !is_failpoint_set(Failpoint::RenameBeforeSync) {
        file.sync().map_err(io("syncing"))?;
    }
    match empty {
        Some(empty) => replace_empty(&**storage, path, empty, &mut temporary)?,
        None => temporary.name().map_err(io("creating"))?,
    }
    if !is_failpoint_set(Failpoint::SkipFolderSync) {
        storage.sync_folder(path).map_err(|error| io("syncing the folder of")(error.into()))?;
    }
    Ok((file, superblock))
}

/// Gives a new store the name of an empty file, unless the name now belongs to another file or the file is no longer
/// empty.
fn replace_empty(
    storage: &dyn Storage,
    path: &Path,
    empty: &dyn StorageFile,
    temporary: &mut Temporary,
) -> Result<()> {
    let mut replaced = || -> io::Result<()> {
        let is_there = storage.kind(path)? == PathKind::File(empty.identity()?);
        if !is_there || empty.length_bytes()? > 0 {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        temporary.replace()
    };
    replaced().map_err(|error| SynaError::io(path, "creating", error))
}

/// The superblock of an empty store, with a new id.
fn empty_superblock(storage: &dyn Storage, path: &Path, new: &NewStore) -> Result<Superblock> {
    let mut store_id = [0; 16];
    storage.random(&mut store_id).map_err(|error| SynaError::io(path, "generating an id for", error))?;
    Ok(Superblock::empty(store_id, new))
}

/// Begins a copy of a store in the new file `file`, which is later named `path`. It is not a valid store before
/// [`crate::storage::Appender::seal`] has written its slots, with the user block.
pub(crate) fn begin_copy(
    storage: &dyn Storage,
    file: &dyn StorageFile,
    path: &Path,
    original: &DataFile,
) -> Result<Superblock> {
    let io = |doing| move |error| SynaError::io(path, doing, error);
    let superblock =
        empty_superblock(storage, path, &NewStore::like(&original.identity, mark_of(&original.schema)))?;
    write_all_at(file, &slot::HALF_MADE_BYTES, 0).map_err(io("writing"))?;
    let mut mark = [0; origin::LENGTH];
    bytes::write(&mut mark, origin::MAGIC, &origin::MAGIC_BYTES);
    bytes::write(&mut mark, origin::STORE_ID, &original.identity.store_id);
    write_all_at(file, &mark, origin::OFFSET).map_err(io("writing"))?;
    write_columns(file, &original.schema).map_err(io("writing"))?;
    file.allocate(0, EXTENTS_START).map_err(io("allocating"))?;
    // Synced before the slots are written: after a power failure, an unfinished copy must not look like a store.
    file.sync().map_err(io("syncing"))?;
    Ok(superblock)
}

/// Whether a file under a temporary name was begun for the store `original`: by [`begin_copy`], or by [`create`], which
/// writes no rows.
pub(crate) fn is_leftover_of(file: &dyn StorageFile, original: &Identity) -> io::Result<bool> {
    let is_without_rows = file.length_bytes()? <= EXTENTS_START;
    Ok(is_copy_of(file, original)? || (is_without_rows && begins_like_a_store(file)?))
}

fn begins_like_a_store(file: &dyn StorageFile) -> io::Result<bool> {
    let mut magic = [0; slot::MAGIC_BYTES.len()];
    match read_exact_at(file, &mut magic, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| magic == slot::MAGIC_BYTES),
    }
}

/// Whether a file was begun by [`begin_copy`] for a store. The mark stays in a finished snapshot.
fn is_copy_of(file: &dyn StorageFile, original: &Identity) -> io::Result<bool> {
    let length = file.length_bytes()?;
    let read = |offset: u64, bytes: &mut [u8]| {
        let there = length.saturating_sub(offset).min(bytes.len() as u64);
        let there = usize::try_from(there).unwrap_or(0);
        read_exact_at(file, bytes.get_mut(..there).unwrap_or_default(), offset)
    };
    let (mut magic, mut mark) = ([0; slot::MAGIC_BYTES.len()], [0; origin::LENGTH]);
    read(0, &mut magic)?;
    read(origin::OFFSET, &mut mark)?;
    let is_marked = bytes::read_array(&mark, origin::MAGIC) == origin::MAGIC_BYTES
        && bytes::read_array(&mark, origin::STORE_ID) == original.store_id;
    // After a power failure the beginning may be zeros, or missing.
    let is_begun = magic == slot::HALF_MADE_BYTES || magic == [0; slot::MAGIC_BYTES.len()];
    Ok(is_marked || (is_begun && mark == [0; origin::LENGTH]))
}

/// Opens an existing file. For writing, it is locked, and `path` leads to it after the lock was taken.
pub(crate) fn open_existing(
    storage: &dyn Storage,
    path: &Path,
    access: Access,
) -> Result<Arc<dyn StorageFile>> {
    let io = |doing| move |error| SynaError::io(path, doing, error);
    // A compaction in another process may replace the file between the open and the lock.
    for _ in 0..100 {
        let file = storage.open(path, access).map_err(io("opening"))?;
        if access == Access::Read {
            return Ok(file);
        }
        lock(&*file, path)?;
        let now = storage.kind(path).map_err(io("examining"))?;
        if now == PathKind::File(file.identity().map_err(io("examining"))?) {
            return Ok(file);
        }
    }
    Err(SynaError::Locked { path: path.to_owned() })
}

fn lock(file: &dyn StorageFile, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(true) => Ok(()),
        Ok(false) if is_failpoint_set(Failpoint::IgnoreLock) => Ok(()),
        Ok(false) => Err(SynaError::Locked { path: path.to_owned() }),
        Err(error) => Err(SynaError::io(path, "locking", error)),
    }
}

/// The newest valid superblock of a file.
///
/// # Errors
/// [`SynaError::LegacyFormat`], [`SynaError::UnsupportedVersion`] or [`SynaError::Corrupt`].
pub(crate) fn read_superblock(file: &dyn StorageFile, path: &Path) -> Result<Superblock> {
    let whole = newest_superblock(file, path)?;
    // Queried after the superblock: a writer may have grown the file before it wrote the slot.
    let length = file.length_bytes().map_err(|error| SynaError::io(path, "reading", error))?;
    if length < whole.extents_end {
        let what = format!(
            "the file ends here, but the superblock says {} bytes: the file was truncated",
            whole.extents_end
        );
        return Err(SynaError::corrupt(path, length, what));
    }
    Ok(whole)
}

/// As [`read_superblock`], for a file that may be truncated after the superblock.
pub(super) fn newest_superblock(file: &dyn StorageFile, path: &Path) -> Result<Superblock> {
    let io = |error| SynaError::io(path, "reading", error);
    let length = file.length_bytes().map_err(io)?;
    if length == 0 {
        return Err(SynaError::corrupt(
            path,
            0,
            "the file is empty; open it for writing to create a store in it",
        ));
    }
    let read = |offset: u64| -> Result<Vec<u8>> {
        let count = (slot::LENGTH as u64).min(length.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        read_exact_at(file, &mut bytes, offset).map_err(io)?;
        Ok(bytes)
    };
    let slots = [read(slot_offset(0))?, read(slot_offset(1))?];
    if slots[0].starts_with(&layout::MVEC_MAGIC) {
        return Err(SynaError::LegacyFormat { path: path.to_owned() });
    }
    let [first, second] = slots.map(|bytes| Superblock::decode(&bytes));
    let whole = match (first, second) {
        (Ok(first), Ok(second))
            if (first.identity, first.columns_checksum) != (second.identity, second.columns_checksum) =>
        {
            return Err(SynaError::corrupt(path, 0, "the two superblocks belong to different stores"));
        }
        (Ok(first), Ok(second)) => {
            if first.generation > second.generation {
                first
            } else {
                second
            }
        }
        (Err(SlotDamage::Unsupported(what)), _) | (_, Err(SlotDamage::Unsupported(what))) => {
            return Err(SynaError::UnsupportedVersion { path: path.to_owned(), what });
        }
        (Ok(whole), Err(_)) | (Err(_), Ok(whole)) => whole,
        (Err(SlotDamage::NoMagic), Err(SlotDamage::NoMagic)) => {
            return Err(SynaError::corrupt(path, 0, "this is not a syna-mmap store; check the path"));
        }
        (Err(SlotDamage::Damaged(what)), Err(_)) | (Err(_), Err(SlotDamage::Damaged(what))) => {
            return Err(SynaError::corrupt(path, 0, format!("both superblocks are damaged ({what})")));
        }
    };
    Ok(whole)
}
