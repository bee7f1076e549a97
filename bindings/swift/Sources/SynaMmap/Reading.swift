import CSynaMmap

/// Rows without a search, and settings.
extension Store {
    /// Stores one row with its tags and its payload, in the place of the one that is there unless `replacing` is false;
    /// whether it was written.
    @discardableResult
    public func put(
        _ key: String, _ vector: [Float], tags: UInt64 = 0, payload: [UInt8] = [], replacing: Bool = true
    ) throws -> Bool {
        try put(Array(key.utf8), vector, tags: tags, payload: payload, replacing: replacing)
    }

    @discardableResult
    public func put(
        _ key: [UInt8], _ vector: [Float], tags: UInt64 = 0, payload: [UInt8] = [], replacing: Bool = true
    ) throws -> Bool {
        try checkLength(vector.count, rows: 1, dimensions: dimensions)
        let mode = replacing ? UInt32(SYNA_MMAP_WRITE_UPSERT) : UInt32(SYNA_MMAP_WRITE_INSERT)
        var written = false
        try withKey(key) { bytes, length in
            try check {
                syna_mmap_put(handle, bytes, length, vector, tags, payload, payload.count, mode, &written, $0)
            }
        }
        return written
    }

    /// The row number of a key; `.notFound` where there is no such key.
    public func row(of key: String) throws -> UInt64 { try row(of: Array(key.utf8)) }

    public func row(of key: [UInt8]) throws -> UInt64 {
        var row: UInt64 = 0
        try withKey(key) { bytes, length in try check { syna_mmap_row_of(handle, bytes, length, &row, $0) } }
        return row
    }

    /// The distance of two vectors, as a search computes it.
    public func distance(_ a: [Float], _ b: [Float]) throws -> Float {
        try checkLength(a.count, rows: 1, dimensions: dimensions)
        try checkLength(b.count, rows: 1, dimensions: dimensions)
        var distance: Float = 0
        try check { syna_mmap_distance(handle, a, b, &distance, $0) }
        return distance
    }

    /// The path that the store was opened by, absolute; empty for a store without a file of its own.
    public func path() throws -> String {
        var room = [CChar](repeating: 0, count: 1)
        while true {
            var length = 0
            let capacity = room.count
            try check { syna_mmap_path(handle, &room, capacity, &length, $0) }
            if length < capacity { return String(cString: room) }
            room = [CChar](repeating: 0, count: length + 1)
        }
    }

    /// The options in effect.
    public func options() throws -> syna_mmap_options {
        var options = syna_mmap_options()
        options.struct_size = MemoryLayout<syna_mmap_options>.size
        try check { syna_mmap_get_options(handle, &options, $0) }
        return options
    }

    /// Until the store is closed.
    public func setEfSearch(_ ef: UInt32) throws { try check { syna_mmap_set_ef_search(handle, ef, $0) } }

    /// Until the store is closed; 0: no checkpoints that writes make.
    public func setCheckpointInterval(seconds: UInt32) throws {
        try check { syna_mmap_set_checkpoint_interval(handle, seconds, $0) }
    }
}
