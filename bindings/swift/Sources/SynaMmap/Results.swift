import CSynaMmap

/// One answer of a search: copies, so it may be kept.
public struct Hit: Sendable {
    /// The key as text; `keyBytes` has any key.
    public var key: String { String(decoding: keyBytes, as: UTF8.self) }
    /// UTF-8, or any bytes in a store whose keys are bytes.
    public let keyBytes: [UInt8]
    /// Smaller is nearer, whatever the metric.
    public let distance: Float
    public let row: UInt64
    public let tags: UInt64
    /// The values by the names of the store's columns.
    public let values: [String: Value]
}

/// What a search found, and the memory that searches work in: make one for each thread and use it again and again.
/// It belongs to no store and outlives any. Not Sendable: it is for one thread at a time.
public final class Results: RandomAccessCollection {
    let handle: OpaquePointer
    /// Of the store that was searched last.
    private var shape = Shape(dimensions: 0, element: 0, columns: [])
    private var hits = UnsafeBufferPointer<syna_mmap_hit>(start: nil, count: 0)

    public init() throws {
        var made: OpaquePointer?
        try check { syna_mmap_results_new(&made, $0) }
        handle = made!
    }

    deinit { syna_mmap_results_free(handle) }

    public var startIndex: Int { 0 }
    public var endIndex: Int { hits.count }

    public subscript(index: Int) -> Hit {
        let hit = hits[index]
        let key = UnsafeRawBufferPointer(start: hit.key, count: hit.key_len)
        return Hit(
            keyBytes: [UInt8](key), distance: hit.distance, row: hit.row,
            tags: syna_mmap_results_tags(handle, index), values: values(at: index))
    }

    private func values(at index: Int) -> [String: Value] {
        var values: [String: Value] = [:]
        for (place, column) in shape.columns.enumerated() {
            var raw = syna_mmap_value()
            if syna_mmap_results_column(handle, index, UInt32(place), &raw) {
                values[column.name] = Value(raw, column.kind)
            }
        }
        return values
    }

    /// Whether the last search came to its deadline.
    public var isPartial: Bool { syna_mmap_results_is_partial(handle) }

    /// Where the hits of one query of the last batch are.
    public func hitRange(ofQuery query: Int) -> Range<Int> {
        var count = 0
        guard let first = syna_mmap_results_query_hits(handle, query, &count), let all = hits.baseAddress, count > 0 else {
            return 0..<0
        }
        let begin = first - all
        return begin..<begin + count
    }

    /// Whether one query of the last batch came to its deadline or its most visits.
    public func isQueryPartial(_ query: Int) -> Bool { syna_mmap_results_query_is_partial(handle, query) }

    /// The vector of a hit: for the closure only. In a store of float32 it is that of the mapped file, in others it is
    /// decoded.
    public func withVector<R>(at index: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        if let stored = hits[index].vector {
            return try body(UnsafeBufferPointer(start: stored, count: shape.dimensions))
        }
        var decoded = [Float](repeating: 0, count: shape.dimensions)
        if !syna_mmap_results_vector(handle, index, &decoded) { decoded = [] }
        return try decoded.withUnsafeBufferPointer(body)
    }

    /// The vector of a hit as it is stored, in the mapped file: for the closure only. See `Rows.storedVectors`.
    public func withStored<R>(at index: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        var length = 0
        let stored = syna_mmap_results_stored(handle, index, &length)
        return try body(UnsafeRawBufferPointer(start: stored, count: length))
    }

    /// The bytes that were written with a hit's row: for the closure only.
    public func withPayload<R>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) {
            var length = 0
            let data = syna_mmap_results_payload(handle, index, &length)
            return try body(UnsafeBufferPointer(start: data, count: length))
        }
    }

    func forget() { hits = UnsafeBufferPointer(start: nil, count: 0) }

    func lookUp(_ searched: Shape) {
        var count = 0
        let first = syna_mmap_results_hits(handle, &count)
        hits = UnsafeBufferPointer(start: first, count: count)
        shape = searched
    }
}
