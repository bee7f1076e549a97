import CSynaMmap

/// Values that an application stores in the file for itself.
public struct UserBlock: Sendable, Equatable {
    /// Tells which application the file belongs to.
    public var applicationID: UInt32
    /// The version of the application's data.
    public var userVersion: UInt32
    /// What the vectors are, for example the name of the embedding model; at most 64 bytes of UTF-8.
    public var label: String

    public init(applicationID: UInt32 = 0, userVersion: UInt32 = 0, label: String = "") {
        self.applicationID = applicationID
        self.userVersion = userVersion
        self.label = label
    }
}

/// Tags and payloads of one row, and the user block.
extension Store {
    /// Sets the tags of a key; `.notFound` where there is no such key.
    public func setTags(of key: String, _ tags: UInt64) throws { try setTags(of: Array(key.utf8), tags) }

    public func setTags(of key: [UInt8], _ tags: UInt64) throws {
        try withKey(key) { bytes, length in try check { syna_mmap_set_tags(handle, bytes, length, tags, $0) } }
    }

    /// Sets the payload of a key; an empty one removes it. `.notFound` where there is no such key.
    public func setPayload(of key: String, _ payload: [UInt8]) throws { try setPayload(of: Array(key.utf8), payload) }

    public func setPayload(of key: [UInt8], _ payload: [UInt8]) throws {
        try withKey(key) { bytes, length in
            try check { syna_mmap_set_payload(handle, bytes, length, payload, payload.count, $0) }
        }
    }

    /// The file's user block; of a store opened read-only as of the opening or the last `refresh`.
    public func userBlock() throws -> UserBlock {
        var raw = syna_mmap_user_block()
        raw.struct_size = MemoryLayout<syna_mmap_user_block>.size
        try check { syna_mmap_get_user_block(handle, &raw, $0) }
        let label = withUnsafeBytes(of: &raw.label) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return UserBlock(applicationID: raw.application_id, userVersion: raw.user_version, label: label)
    }

    /// Replaces the file's user block, and makes all writes so far safe from a power cut.
    public func setUserBlock(_ block: UserBlock) throws {
        guard block.label.utf8.count <= Int(SYNA_MMAP_MAX_LABEL_BYTES), !block.label.utf8.contains(0) else {
            throw SynaError(
                status: .invalidArgument, osErrno: 0,
                message: "the label has \(block.label.utf8.count) bytes; pass one of at most 64, without NUL bytes")
        }
        var raw = syna_mmap_user_block()
        raw.struct_size = MemoryLayout<syna_mmap_user_block>.size
        raw.application_id = block.applicationID
        raw.user_version = block.userVersion
        withUnsafeMutableBytes(of: &raw.label) { $0.copyBytes(from: block.label.utf8) }
        try check { syna_mmap_set_user_block(handle, &raw, $0) }
    }
}

/// Keys of bytes, for stores that are created with `key_kind = SYNA_MMAP_KEYS_BYTES`.
extension Store {
    /// Stores a vector, unless the key is there already; whether it was new.
    @discardableResult
    public func insert(_ key: [UInt8], _ vector: [Float]) throws -> Bool {
        try checkLength(vector.count, rows: 1, dimensions: dimensions)
        var inserted = false
        try withKey(key) { bytes, length in
            try check { syna_mmap_insert(handle, bytes, length, vector, &inserted, $0) }
        }
        return inserted
    }

    /// Stores a vector in the place of the one that is there, if any.
    public func upsert(_ key: [UInt8], _ vector: [Float]) throws {
        try checkLength(vector.count, rows: 1, dimensions: dimensions)
        try withKey(key) { bytes, length in try check { syna_mmap_upsert(handle, bytes, length, vector, $0) } }
    }

    /// Whether the key was there.
    @discardableResult
    public func delete(_ key: [UInt8]) throws -> Bool {
        var deleted = false
        try withKey(key) { bytes, length in try check { syna_mmap_delete(handle, bytes, length, &deleted, $0) } }
        return deleted
    }

    /// A copy of the vector of a key; `.notFound` where there is no such key.
    public func vector(of key: [UInt8]) throws -> [Float] {
        var vector = [Float](repeating: 0, count: dimensions)
        try withKey(key) { bytes, length in try check { syna_mmap_get(handle, bytes, length, &vector, $0) } }
        return vector
    }

    public func tags(of key: [UInt8]) throws -> UInt64 {
        var tags: UInt64 = 0
        try withKey(key) { bytes, length in try check { syna_mmap_get_tags(handle, bytes, length, &tags, $0) } }
        return tags
    }

    /// A copy of the bytes that were written with a key; empty where none were.
    public func payload(of key: [UInt8]) throws -> [UInt8] {
        var room: [UInt8] = []
        while true {
            var length = 0
            let capacity = room.count
            try withKey(key) { bytes, keyLength in
                try check { syna_mmap_get_payload(handle, bytes, keyLength, &room, capacity, &length, $0) }
            }
            if length <= capacity { return Array(room.prefix(length)) }
            room = [UInt8](repeating: 0, count: length)
        }
    }

    public func contains(_ key: [UInt8]) -> Bool {
        withKey(key) { bytes, length in syna_mmap_contains(handle, bytes, length) }
    }

    func withKey<R>(_ key: [UInt8], _ body: (UnsafePointer<CChar>?, Int) throws -> R) rethrows -> R {
        try key.withUnsafeBytes { try body($0.bindMemory(to: CChar.self).baseAddress, $0.count) }
    }
}
