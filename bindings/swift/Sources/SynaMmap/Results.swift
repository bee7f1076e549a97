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
}

/// What a search found, and the memory that searches work in: make one for each thread and use it again and again.
/// It belongs to no store and outlives any. Not Sendable: it is for one thread at a time.
public final class Results: RandomAccessCollection {
    let handle: OpaquePointer
    var dimensions = 0
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
            tags: syna_mmap_results_tags(handle, index))
    }

    /// Whether the last search came to its deadline.
    public var isPartial: Bool { syna_mmap_results_is_partial(handle) }

    /// The stored vector of a hit, in the mapped file: for the closure only.
    public func withVector<R>(at index: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) {
            try body(UnsafeBufferPointer(start: hits[index].vector, count: dimensions))
        }
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

    func lookUp(dimensions found: Int) {
        var count = 0
        let first = syna_mmap_results_hits(handle, &count)
        hits = UnsafeBufferPointer(start: first, count: count)
        dimensions = found
    }
}
