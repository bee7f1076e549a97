//! Compares a recovered store with the batches that were submitted.

use super::change::Contents;
use super::trace::History;
use crate::{MmapVectorStore, SearchOptions, SearchResults};

/// Compares every key, vector, tag, payload and value. Searches for every `stride`-th vector.
///
/// # Errors
/// The first difference.
pub(super) fn compare(store: &MmapVectorStore, expected: &Contents, stride: usize) -> Result<(), String> {
    if store.len() != expected.len() {
        return Err(format!("{} rows instead of {}", store.len(), expected.len()));
    }
    let keys = store.keys_bytes();
    if keys.iter().ne(expected.iter().map(|row| &row.key)) {
        return Err(format!("other keys, or in another order: {keys:?}"));
    }
    for row in expected {
        let found = store.get_view(&row.key).map_err(|error| format!("a lookup failed: {error}"))?;
        if found.is_none_or(|found| found.stored != row.stored) {
            return Err(format!("another vector under {:?}", row.key));
        }
        if store.tags(&row.key) != Some(row.tags) {
            return Err(format!("other tags under {:?}", row.key));
        }
        if found.is_none_or(|found| found.values.iter().ne(row.values.iter().copied())) {
            return Err(format!("other values under {:?}", row.key));
        }
        if store.payload(&row.key) != Some(&row.payload[..]) {
            return Err(format!("another payload under {:?}", row.key));
        }
    }
    let mut results = SearchResults::default();
    for row in expected.iter().step_by(stride) {
        let failed = |error| format!("a search failed: {error}");
        let vector = store.get(&row.key).map_err(failed)?.unwrap_or_default();
        // As it is stored, and as it was given.
        for query in [&vector, &row.vector] {
            let most = store.distance(query, &vector).map_err(failed)?;
            store.search_with(query, 1, &SearchOptions::default(), &mut results).map_err(failed)?;
            if results.hits().first().is_none_or(|hit| hit.distance > most) {
                return Err(format!("the vector of {:?} is not found", row.key));
            }
        }
    }
    Ok(())
}

/// Checks that a recovered store holds a prefix of the batches, at least `least` and at most `most` of them, and
/// returns how many.
pub(super) fn check_prefix(
    store: &MmapVectorStore,
    after: &[Contents],
    least: usize,
    most: usize,
    stride: usize,
) -> Result<usize, String> {
    let batches = usize::try_from(store.sequence()).unwrap();
    if batches < least {
        return Err(format!("LOST: {batches} batches are stored, {least} were promised"));
    }
    if batches > most {
        return Err(format!("INVENTED: {batches} batches are stored, {most} were submitted"));
    }
    compare(store, &after[batches], stride)
        .map_err(|what| format!("DIFFERS after {batches} batches: {what}"))?;
    Ok(batches)
}

/// Checks the user version of a store that holds `batches` batches: it was set when no more batches had been submitted,
/// and it is not older than one that was set before a durable batch.
pub(super) fn check_version(
    store: &MmapVectorStore,
    history: &History,
    batches: usize,
    durable: usize,
) -> Result<(), String> {
    let found = usize::try_from(store.user_block().user_version).unwrap();
    let versions = &history.versions;
    if found != 0 && !versions.contains(&found) {
        return Err(format!("INVENTED: user version {found}, set were {versions:?}"));
    }
    if found > batches {
        return Err(format!("DIFFERS: user version {found} with {batches} batches"));
    }
    match versions.iter().filter(|&&version| version < durable).max() {
        Some(&least) if found < least => Err(format!("LOST: user version {found} instead of {least}")),
        _ => Ok(()),
    }
}
