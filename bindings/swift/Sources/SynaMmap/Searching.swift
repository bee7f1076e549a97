import CSynaMmap

/// Searches. `configure` changes the options of a search, `condition` says which rows may be hits: it is asked last, by
/// the searching thread; in a batch by several at once. What it throws comes out of the search.
extension Store {
    /// The nearest `k`, into results that are used again.
    public func search(
        _ query: UnsafeBufferPointer<Float>, _ k: Int, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws {
        results.forget()
        try checkLength(query.count, rows: 1, dimensions: dimensions)
        try withOptions(configure, condition) { options in
            try check { syna_mmap_search(handle, query.baseAddress, k, options, results.handle, $0) }
        }
        results.lookUp(shape)
    }

    public func search(
        _ query: [Float], _ k: Int, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws {
        try query.withUnsafeBufferPointer { try search($0, k, into: results, configure, condition: condition) }
    }

    /// The `k` nearest to the vector of a key, which is itself left out: more like this one.
    public func search(
        like key: String, _ k: Int, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws {
        try search(like: Array(key.utf8), k, into: results, configure, condition: condition)
    }

    public func search(
        like key: [UInt8], _ k: Int, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws {
        results.forget()
        try withKey(key) { bytes, length in
            try withOptions(configure, condition) { options in
                try check { syna_mmap_search_key(handle, bytes, length, k, options, results.handle, $0) }
            }
        }
        results.lookUp(shape)
    }

    /// All within a distance.
    public func search(
        _ query: [Float], within distance: Float, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws {
        results.forget()
        try checkLength(query.count, rows: 1, dimensions: dimensions)
        try withOptions(configure, condition) { options in
            try check { syna_mmap_search_range(handle, query, distance, options, results.handle, $0) }
        }
        results.lookUp(shape)
    }

    /// The `k` nearest of each of `count` queries, which lie one after the other; the store's threads share them. Returns
    /// the queries' statuses; `Results.hitRange(ofQuery:)` says where the hits of one are.
    public func search(
        batch queries: [Float], count: Int, _ k: Int, into results: Results,
        _ configure: (inout syna_mmap_search_options) -> Void = { _ in }, condition: ((Row) throws -> Bool)? = nil
    ) throws -> [Status] {
        results.forget()
        try checkLength(queries.count, rows: count, dimensions: dimensions)
        var statuses = [syna_mmap_status](repeating: 0, count: count)
        try withOptions(configure, condition) { options in
            try check {
                syna_mmap_search_batch(handle, queries, count, k, options, results.handle, &statuses, $0)
            }
        }
        results.lookUp(shape)
        return statuses.map { Status(rawValue: $0) }
    }

    /// Deletes all rows that meet the conditions, all or none; how many.
    @discardableResult
    public func deleteWhere(
        _ configure: (inout syna_mmap_search_options) -> Void, condition: ((Row) throws -> Bool)? = nil
    ) throws -> Int {
        var deleted = 0
        try withOptions(configure, condition) { options in
            try check { syna_mmap_delete_where(handle, options, &deleted, $0) }
        }
        return deleted
    }

    /// How many rows meet the conditions.
    public func count(
        where configure: (inout syna_mmap_search_options) -> Void, condition: ((Row) throws -> Bool)? = nil
    ) throws -> UInt64 {
        var count: UInt64 = 0
        try withOptions(configure, condition) { options in
            try check { syna_mmap_count_where(handle, options, &count, $0) }
        }
        return count
    }

    /// The numbers of the rows from `first` on that meet the conditions, at most `most`, in ascending order.
    public func rows(
        from first: UInt64 = 0, most: Int, where configure: (inout syna_mmap_search_options) -> Void = { _ in },
        condition: ((Row) throws -> Bool)? = nil
    ) throws -> [UInt64] {
        var rows = [UInt64](repeating: 0, count: most)
        var count = 0
        try withOptions(configure, condition) { options in
            try check { syna_mmap_rows_where(handle, options, first, &rows, most, &count, $0) }
        }
        return Array(rows.prefix(count))
    }

    /// Calls `body` with the options of a search; throws what the condition has thrown.
    private func withOptions(
        _ configure: (inout syna_mmap_search_options) -> Void, _ condition: ((Row) throws -> Bool)?,
        _ body: (UnsafePointer<syna_mmap_search_options>) throws -> Void
    ) throws {
        var options = syna_mmap_search_options()
        syna_mmap_search_options_init(&options, MemoryLayout<syna_mmap_search_options>.size)
        configure(&options)
        guard let condition = condition else { return try body(&options) }
        let asked = Condition(condition, shape)
        options.filter = { context, row in
            Unmanaged<Condition>.fromOpaque(context!).takeUnretainedValue().ask(row!.pointee)
        }
        options.filter_context = Unmanaged.passUnretained(asked).toOpaque()
        defer { withExtendedLifetime(asked) {} }
        do {
            try body(&options)
        } catch {
            throw asked.thrown ?? error
        }
        if let thrown = asked.thrown { throw thrown }
    }
}
