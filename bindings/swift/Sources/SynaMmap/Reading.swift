import CSynaMmap

/// Rows without a search, and settings.
extension Store {
    /// Stores one row with its tags and its payload, in the place of the one that is there unless `replacing` is false;
    /// whether it was written.
    @discardableResult
    public func put(
        _ key: String, _ vector: [Float], tags: UInt64 = 0, payload: [UInt8] = [], replacing: Bool = true
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

    /// The row of a key, without a copy: what the view points to is good until the store is closed. `.notFound` where
    /// there is no such key.
    public func view(of key: String) throws -> syna_mmap_view {
        var view = syna_mmap_view()
        view.struct_size = MemoryLayout<syna_mmap_view>.size
        try withKey(key) { bytes, length in try check { syna_mmap_get_view(handle, bytes, length, &view, $0) } }
        return view
    }

    /// The row number of a key; `.notFound` where there is no such key.
    public func row(of key: String) throws -> UInt64 {
        var row: UInt64 = 0
        try withKey(key) { bytes, length in try check { syna_mmap_row_of(handle, bytes, length, &row, $0) } }
        return row
    }

    /// The live row with a number, good as a view; `.notFound` where there is none.
    public func row(at number: UInt64) throws -> syna_mmap_row {
        var row = syna_mmap_row()
        try check { syna_mmap_get_row(handle, number, &row, nil, $0) }
        return row
    }

    /// How many rows meet the conditions that `configure` sets.
    public func count(where configure: (inout syna_mmap_search_options) -> Void) throws -> UInt64 {
        var options = syna_mmap_search_options()
        syna_mmap_search_options_init(&options, MemoryLayout<syna_mmap_search_options>.size)
        configure(&options)
        var count: UInt64 = 0
        try check { syna_mmap_count_where(handle, &options, &count, $0) }
        return count
    }

    /// The numbers of the rows from `first` on that meet the conditions, at most `most`, in ascending order.
    public func rows(
        from first: UInt64 = 0, most: Int, where configure: (inout syna_mmap_search_options) -> Void = { _ in }
    ) throws -> [UInt64] {
        var options = syna_mmap_search_options()
        syna_mmap_search_options_init(&options, MemoryLayout<syna_mmap_search_options>.size)
        configure(&options)
        var rows = [UInt64](repeating: 0, count: most)
        var count = 0
        try check { syna_mmap_rows_where(handle, &options, first, &rows, most, &count, $0) }
        return Array(rows.prefix(count))
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
