import CSynaMmap

/// What a store needs now and then.
extension Store {
    /// The number that was written with a key; 0 where none was.
    public func tags(of key: String) throws -> UInt64 {
        var tags: UInt64 = 0
        try withKey(key) { bytes, length in try check { syna_mmap_get_tags(handle, bytes, length, &tags, $0) } }
        return tags
    }

    /// A copy of the bytes that were written with a key; empty where none were.
    public func payload(of key: String) throws -> [UInt8] { try payload(of: Array(key.utf8)) }

    /// The store in numbers.
    public func stats() throws -> syna_mmap_stats {
        var numbers = syna_mmap_stats()
        numbers.struct_size = MemoryLayout<syna_mmap_stats>.size
        try check { syna_mmap_get_stats(handle, &numbers, $0) }
        return numbers
    }

    /// Takes rows into the index for about so long; how many are left.
    public func indexStep(microseconds: UInt64) throws -> UInt64 {
        var left: UInt64 = 0
        try check { syna_mmap_index_step(handle, microseconds, &left, $0) }
        return left
    }

    /// Does a part of `compact`, for about so long; whether it is done.
    public func compactStep(microseconds: UInt64) throws -> Bool {
        var isDone = false
        try check { syna_mmap_compact_step(handle, microseconds, &isDone, $0) }
        return isDone
    }

    /// Ends the long calls that other threads have on the store, soon: they throw `.cancelled`. Searches have deadlines,
    /// and go on.
    public func interrupt() throws { try check { syna_mmap_interrupt(handle, $0) } }

    /// Gives up a compaction that `compactStep` has begun.
    public func compactCancel() throws { try check { syna_mmap_compact_cancel(handle, $0) } }

    /// Moves a store that was opened read-only on to its file's newest state; whether that is another one.
    public func refresh() throws -> Bool {
        var hasChanged = false
        try check { syna_mmap_refresh(handle, &hasChanged, $0) }
        return hasChanged
    }

    /// Which share of the nearest the index finds, measured on so many stored vectors.
    public func checkRecall(samples: Int, k: Int, seed: UInt64 = 0) throws -> Double {
        var recall = 0.0
        try check { syna_mmap_check_recall(handle, samples, k, 0, seed, &recall, $0) }
        return recall
    }
}
