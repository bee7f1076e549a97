import CSynaMmap

public enum Metric: UInt32, Sendable {
    case cosine, euclidean, dotProduct
    /// For opening only: as in the existing file.
    case fromFile = 0xFFFF_FFFF
}

/// A problem that verify found. For SYNA_MMAP_PROBLEM_IGNORED_INDEX, a problem of the store, `key` is empty and `row` is UInt64.max.
public struct Finding: Sendable, Equatable {
    /// The key as text; `keyBytes` has any key.
    public var key: String { String(decoding: keyBytes, as: UTF8.self) }
    /// UTF-8, or any bytes in a store whose keys are bytes.
    public let keyBytes: [UInt8]
    public let row: UInt64
    /// SYNA_MMAP_PROBLEM_*; one that you do not know comes from a later library: damage.
    public let problem: UInt32
    /// The problem as a sentence; for an ignored index file with the reason.
    public let message: String
}

/// An open store. All threads may use it at once: the C handle is a number, and calls on it are safe from any thread.
public final class Store: @unchecked Sendable {
    let handle: OpaquePointer
    let shape: Shape
    /// Floats in a vector.
    public var dimensions: Int { shape.dimensions }

    /// The library's version.
    public static var libraryVersion: String { String(cString: syna_mmap_version()) }

    /// Opens the store in the file, or makes it where there is none, with these columns. An existing file with others is
    /// `.columnsMismatch`; none: any. `configure` changes the library's defaults.
    public convenience init(
        _ path: String, columns: [Column] = [], _ configure: (inout syna_mmap_options) -> Void = { _ in }
    ) throws {
        guard syna_mmap_abi_version() == UInt32(SYNA_MMAP_ABI_VERSION) else {
            throw SynaError(
                status: .internal, osErrno: 0,
                message: "the library and syna_mmap.h are of different releases; take both from one")
        }
        try checkPath(path)
        var options = syna_mmap_options()
        syna_mmap_options_init(&options, MemoryLayout<syna_mmap_options>.size)
        configure(&options)
        var opened: OpaquePointer?
        try Store.withColumns(columns) { first, count in
            if count > 0 {
                options.columns = first
                options.column_count = count
            }
            try check { syna_mmap_open(path, &options, &opened, $0) }
        }
        try self.init(handle: opened!)
    }

    /// Makes a store without a file, for tests and caches.
    public convenience init(columns: [Column] = [], inMemory configure: (inout syna_mmap_options) -> Void) throws {
        var options = syna_mmap_options()
        syna_mmap_options_init(&options, MemoryLayout<syna_mmap_options>.size)
        configure(&options)
        var opened: OpaquePointer?
        try Store.withColumns(columns) { first, count in
            if count > 0 {
                options.columns = first
                options.column_count = count
            }
            try check { syna_mmap_open_in_memory(&options, &opened, $0) }
        }
        try self.init(handle: opened!)
    }

    /// Takes over the handle, also where it throws.
    init(handle: OpaquePointer) throws {
        let columns: [Column]
        do {
            columns = try Shape.columns(of: handle)
        } catch {
            syna_mmap_close(handle, nil)
            throw error
        }
        self.handle = handle
        shape = Shape(
            dimensions: Int(syna_mmap_dimensions(handle)), element: syna_mmap_element(handle),
            columns: columns)
    }

    /// Without a word about a failure; `close` tells.
    deinit { syna_mmap_close(handle, nil) }

    /// Makes a checkpoint and closes; every later call is an error with `.invalidHandle`.
    public func close() throws { try check { syna_mmap_close(handle, $0) } }
    public func checkpoint() throws { try check { syna_mmap_checkpoint(handle, $0) } }
    public func flush() throws { try check { syna_mmap_flush(handle, $0) } }
    public func buildIndex() throws { try check { syna_mmap_build_index(handle, $0) } }
    public func reserve(_ count: UInt64) throws { try check { syna_mmap_reserve(handle, count, $0) } }

    public var count: UInt64 { syna_mmap_len(handle) }
    public var metric: Metric? { Metric(rawValue: syna_mmap_metric(handle)) }
    public var hasIndex: Bool { syna_mmap_has_index(handle) }
    public var isDirty: Bool { syna_mmap_is_dirty(handle) }
    public var lastDurableSeq: UInt64 { syna_mmap_last_durable_seq(handle) }

    /// Stores a vector, unless the key is there already; whether it was new.
    @discardableResult
    public func insert(_ key: String, _ vector: UnsafeBufferPointer<Float>) throws -> Bool {
        try checkLength(vector.count, rows: 1, dimensions: dimensions)
        var inserted = false
        try withKey(key) { bytes, length in
            try check { syna_mmap_insert(handle, bytes, length, vector.baseAddress, &inserted, $0) }
        }
        return inserted
    }

    @discardableResult
    public func insert(_ key: String, _ vector: [Float]) throws -> Bool {
        try vector.withUnsafeBufferPointer { try insert(key, $0) }
    }

    /// Stores a vector in the place of the one that is there, if any.
    public func upsert(_ key: String, _ vector: [Float]) throws {
        try checkLength(vector.count, rows: 1, dimensions: dimensions)
        try withKey(key) { bytes, length in try check { syna_mmap_upsert(handle, bytes, length, vector, $0) } }
    }

    /// Whether the key was there.
    @discardableResult
    public func delete(_ key: String) throws -> Bool {
        var deleted = false
        try withKey(key) { bytes, length in try check { syna_mmap_delete(handle, bytes, length, &deleted, $0) } }
        return deleted
    }

    /// A copy of the vector of a key; `.notFound` where there is no such key.
    public func vector(of key: String) throws -> [Float] {
        var vector = [Float](repeating: 0, count: dimensions)
        try withKey(key) { bytes, length in try check { syna_mmap_get(handle, bytes, length, &vector, $0) } }
        return vector
    }

    public func contains(_ key: String) -> Bool {
        withKey(key) { bytes, length in syna_mmap_contains(handle, bytes, length) }
    }

    /// The key's bytes, which may hold NULs.
    func withKey<R>(_ key: String, _ body: (UnsafePointer<CChar>?, Int) throws -> R) rethrows -> R {
        var key = key
        return try key.withUTF8 { bytes in
            try bytes.withMemoryRebound(to: CChar.self) { try body($0.baseAddress, $0.count) }
        }
    }
}
