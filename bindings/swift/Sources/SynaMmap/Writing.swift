import CSynaMmap

/// Rows of a batch.
public struct Rows: Sendable {
    public var keys: [[UInt8]]
    /// As many vectors as keys, one after the other.
    public var vectors: [Float]
    /// In the place of `vectors`: bytes as a store of the type `vectorsElement` stores them, one vector after the other,
    /// little-endian. Of float16: the components. Of int8: the integers, zeros up to a multiple of 4 bytes, and the scale
    /// as a float. The type must be that of the store, or float32 (then aligned to 4 bytes).
    public var storedVectors: [UInt8]?
    /// What `storedVectors` are.
    public var vectorsElement = ElementType.float32
    /// A number for each key; nil: 0 for all.
    public var tags: [UInt64]?
    /// Some bytes for each key; nil: none.
    public var payloads: [[UInt8]]?
    /// Values by the names of columns; those that are left out are 0.
    public var columns: [String: ColumnValues] = [:]
    /// Keys to delete before the rows are written.
    public var deletions: [[UInt8]] = []

    public init(keys: [[UInt8]] = [], vectors: [Float] = [], tags: [UInt64]? = nil, payloads: [[UInt8]]? = nil) {
        self.keys = keys
        self.vectors = vectors
        self.tags = tags
        self.payloads = payloads
    }

    public init(keys: [String], vectors: [Float], tags: [UInt64]? = nil, payloads: [[UInt8]]? = nil) {
        self.init(keys: keys.map { Array($0.utf8) }, vectors: vectors, tags: tags, payloads: payloads)
    }

    /// Throws unless there are as many vectors as the library reads.
    func checkVectors(_ shape: Shape) throws {
        guard storedVectors != nil || vectorsElement != .float32 else {
            return try checkLength(vectors.count, rows: keys.count, dimensions: shape.dimensions)
        }
        guard vectors.isEmpty else {
            throw SynaError(
                status: .invalidArgument, osErrno: 0,
                message: "pass vectors without vectorsElement, or storedVectors of the type vectorsElement")
        }
        // The library refuses other types without a look at the vectors.
        guard vectorsElement.rawValue == shape.element || vectorsElement == .float32 else { return }
        let each = shape.vectorBytes(of: vectorsElement.rawValue)
        let given = storedVectors?.count ?? 0
        guard given == keys.count * each else {
            throw SynaError(
                status: .dimensionMismatch, osErrno: 0,
                message: "\(keys.count) vectors of \(each) bytes are needed, so pass \(keys.count * each) bytes, "
                    + "not \(given)")
        }
    }

    func withVectors<R>(_ body: (UnsafeRawPointer?) throws -> R) rethrows -> R {
        if let stored = storedVectors {
            return try stored.withUnsafeBytes { try body($0.baseAddress) }
        }
        return try vectors.withUnsafeBytes { try body($0.baseAddress) }
    }
}

/// What a batch does with a key that is there.
public enum WriteMode: UInt32, Sendable {
    /// Leaves it as it is.
    case insert
    /// Gives it the new row.
    case upsert
}

/// What a batch has done.
public struct Written: Sendable, Equatable {
    /// Of an insert: how many keys were new. Of an upsert: how many different keys there were.
    public let rows: Int
    /// How many of the keys to delete existed.
    public let deleted: Int
}

/// Pieces one after another, and where each begins.
struct Joined {
    private(set) var bytes: [UInt8] = []
    private(set) var offsets: [UInt64] = [0]

    init(_ pieces: [[UInt8]]) {
        for piece in pieces {
            bytes += piece
            offsets.append(UInt64(bytes.count))
        }
    }

    /// The bytes as C has those of keys, and where each piece begins.
    func withPointers<R>(_ body: (UnsafePointer<CChar>?, UnsafePointer<UInt64>?) throws -> R) rethrows -> R {
        try bytes.withUnsafeBytes { bytes in
            try offsets.withUnsafeBufferPointer { offsets in
                try body(bytes.bindMemory(to: CChar.self).baseAddress, offsets.baseAddress)
            }
        }
    }

    /// As `withPointers`, with NULL for pieces that are nil.
    static func withOptional<R>(
        _ pieces: [[UInt8]]?, _ body: (UnsafePointer<UInt8>?, UnsafePointer<UInt64>?) throws -> R
    ) rethrows -> R {
        guard let pieces = pieces else { return try body(nil, nil) }
        let joined = Joined(pieces)
        return try joined.bytes.withUnsafeBufferPointer { bytes in
            try joined.offsets.withUnsafeBufferPointer { offsets in try body(bytes.baseAddress, offsets.baseAddress) }
        }
    }
}

/// Batches: all of one or nothing.
extension Store {
    /// Deletes the keys in `deletions`, then writes the rows.
    @discardableResult
    public func write(_ rows: Rows, _ mode: WriteMode) throws -> Written {
        try rows.checkVectors(shape)
        var written = 0
        var deleted = 0
        try withBatch(of: rows.keys, rows.tags, rows.payloads, rows.columns) { batch in
            try rows.withVectors { vectors in
                try Joined(rows.deletions).withPointers { deletions, deletionOffsets in
                    try withUnsafeMutablePointer(to: &deleted) { deletedPlace -> Void in
                        batch.vectors = vectors
                        batch.vectors_element = rows.vectorsElement.rawValue
                        batch.mode = mode.rawValue
                        batch.delete_keys = deletions
                        batch.delete_key_offsets = deletionOffsets
                        batch.delete_count = rows.deletions.count
                        batch.out_deleted = deletedPlace
                        try check { syna_mmap_write(handle, &batch, &written, $0) }
                    }
                }
            }
        }
        return Written(rows: written, deleted: deleted)
    }

    /// Keys that are there are left as they are. Returns how many were new.
    @discardableResult
    public func insert(batch rows: Rows) throws -> Int { try write(rows, .insert).rows }

    /// In the place of the rows that are there. Returns how many different keys there were.
    @discardableResult
    public func upsert(batch rows: Rows) throws -> Int { try write(rows, .upsert).rows }

    /// Sets tags, payloads and values of existing keys; others are ignored. nil, and columns that are left out: these stay
    /// as they are. An empty payload removes the old one. Returns how many keys exist.
    @discardableResult
    public func update(
        _ keys: [[UInt8]], tags: [UInt64]? = nil, payloads: [[UInt8]]? = nil, columns: [String: ColumnValues] = [:]
    ) throws -> Int {
        var updated = 0
        // No keys need no values.
        try withBatch(of: keys, tags, keys.isEmpty ? [] : payloads, columns) { batch in
            try check { syna_mmap_update(handle, &batch, &updated, $0) }
        }
        return updated
    }

    /// Deletes many keys. Returns how many existed.
    @discardableResult
    public func delete(all keys: [[UInt8]]) throws -> Int {
        var deleted = 0
        try Joined(keys).withPointers { bytes, offsets in
            try check { syna_mmap_delete_batch(handle, bytes, offsets, keys.count, &deleted, $0) }
        }
        return deleted
    }

    /// Copies of the vectors of many keys, one after the other, and which keys exist; zeros in the places of the others.
    public func vectors(of keys: [[UInt8]]) throws -> (vectors: [Float], found: [Bool]) {
        var vectors = [Float](repeating: 0, count: keys.count * dimensions)
        var found = [Bool](repeating: false, count: keys.count)
        try Joined(keys).withPointers { bytes, offsets in
            try check {
                syna_mmap_get_batch(handle, bytes, offsets, keys.count, &vectors, &found, nil, $0)
            }
        }
        return (vectors, found)
    }

    private func withBatch(
        of keys: [[UInt8]], _ tags: [UInt64]?, _ payloads: [[UInt8]]?, _ columns: [String: ColumnValues],
        _ body: (inout syna_mmap_batch) throws -> Void
    ) throws {
        guard tags.map({ $0.count == keys.count }) ?? true, payloads.map({ $0.count == keys.count }) ?? true else {
            throw SynaError(
                status: .invalidArgument, osErrno: 0, message: "pass as many tags and payloads as keys, or nil")
        }
        try Joined(keys).withPointers { keyBytes, keyOffsets in
            try Joined.withOptional(payloads) { payloadBytes, payloadOffsets in
                try (tags ?? []).withUnsafeBufferPointer { tagsRoom -> Void in
                    var batch = syna_mmap_batch()
                    batch.struct_size = MemoryLayout<syna_mmap_batch>.size
                    batch.keys = keyBytes
                    batch.key_offsets = keyOffsets
                    batch.count = keys.count
                    batch.tags = tags == nil ? nil : tagsRoom.baseAddress
                    batch.payloads = payloadBytes
                    batch.payload_offsets = payloadOffsets
                    try withColumnValues(columns, rows: keys.count) { values in
                        try values.withUnsafeBufferPointer { structs -> Void in
                            batch.columns = structs.baseAddress
                            batch.column_count = structs.count
                            try body(&batch)
                        }
                    }
                }
            }
        }
    }
}
