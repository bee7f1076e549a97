import CSynaMmap

/// What the values of a column are; each takes 8 bytes.
public enum ColumnKind: UInt32, Sendable {
    case int64 = 1
    case uint64 = 2
    /// Double, except NaN.
    case double = 3
}

/// A typed number that is stored with each row.
public struct Column: Sendable, Equatable {
    /// 1 to 32 bytes of UTF-8.
    public var name: String
    public var kind: ColumnKind

    public init(_ name: String, _ kind: ColumnKind) {
        self.name = name
        self.kind = kind
    }
}

/// The value of a row in a column.
public enum Value: Sendable, Equatable {
    case int64(Int64)
    case uint64(UInt64)
    case double(Double)

    init(_ raw: syna_mmap_value, _ kind: ColumnKind) {
        switch kind {
        case .int64: self = .int64(raw.i64)
        case .uint64: self = .uint64(raw.u64)
        case .double: self = .double(raw.f64)
        }
    }
}

/// Values of a batch in one column, of the column's kind: one for each key.
public enum ColumnValues: Sendable, Equatable {
    case int64([Int64])
    case uint64([UInt64])
    case double([Double])

    var count: Int {
        switch self {
        case .int64(let values): return values.count
        case .uint64(let values): return values.count
        case .double(let values): return values.count
        }
    }

    var kind: ColumnKind {
        switch self {
        case .int64: return .int64
        case .uint64: return .uint64
        case .double: return .double
        }
    }

    func withBytes<R>(_ body: (UnsafeRawPointer?) throws -> R) rethrows -> R {
        switch self {
        case .int64(let values): return try values.withUnsafeBytes { try body($0.baseAddress) }
        case .uint64(let values): return try values.withUnsafeBytes { try body($0.baseAddress) }
        case .double(let values): return try values.withUnsafeBytes { try body($0.baseAddress) }
        }
    }
}

/// A text as a number for a column of `.uint64`, to compare for equality: FNV-1a of its UTF-8, the same on every platform
/// and in every version. Different texts may have the same number.
public func hash64(_ text: String) -> UInt64 { hash64(Array(text.utf8)) }

/// As `hash64` of a text.
public func hash64(_ bytes: [UInt8]) -> UInt64 { syna_mmap_hash64(bytes, bytes.count) }

extension Store {
    /// The columns, in order; another store can be opened with them.
    public var columns: [Column] { shape.columns }

    /// The value of a key in a column; `.notFound` where there is no such key.
    public func value(of key: String, in column: String) throws -> Value {
        try value(of: Array(key.utf8), in: column)
    }

    public func value(of key: [UInt8], in column: String) throws -> Value {
        let place = try shape.place(of: column)
        var raw = syna_mmap_value()
        try withKey(key) { bytes, length in
            try check { syna_mmap_get_value(handle, bytes, length, UInt32(place), &raw, $0) }
        }
        return Value(raw, shape.columns[place].kind)
    }

    /// Calls `body` with columns as the library takes them.
    static func withColumns<R>(
        _ columns: [Column], _ body: (UnsafePointer<syna_mmap_column>?, Int) throws -> R
    ) throws -> R {
        let raw: [syna_mmap_column] = try columns.map { (column: Column) throws -> syna_mmap_column in
            let name = column.name.utf8
            guard !name.isEmpty, name.count <= Int(SYNA_MMAP_MAX_COLUMN_NAME_BYTES), !name.contains(0) else {
                throw SynaError(
                    status: .invalidArgument, osErrno: 0,
                    message: "the name of a column has \(name.count) bytes; pass 1 to 32, without NUL bytes")
            }
            var raw = syna_mmap_column()
            withUnsafeMutableBytes(of: &raw.name) { $0.copyBytes(from: name) }
            raw.kind = column.kind.rawValue
            return raw
        }
        return try raw.withUnsafeBufferPointer { try body($0.baseAddress, $0.count) }
    }

    /// Calls `body` with the values of a batch as the library takes them.
    func withColumnValues(
        _ values: [String: ColumnValues], rows: Int, _ body: ([syna_mmap_column_values]) throws -> Void
    ) throws {
        try withColumnValues(ArraySlice(values), rows: rows, after: [], body)
    }

    // One closure for each column, which keeps its values where they are.
    private func withColumnValues(
        _ values: ArraySlice<(key: String, value: ColumnValues)>, rows: Int, after raw: [syna_mmap_column_values],
        _ body: ([syna_mmap_column_values]) throws -> Void
    ) throws {
        guard let (name, first) = values.first else { return try body(raw) }
        let place = try shape.place(of: name)
        guard first.count == rows else {
            throw SynaError(
                status: .invalidArgument, osErrno: 0,
                message: "column '\(name)' has \(first.count) values; pass \(rows), one for each key")
        }
        try first.withBytes { bytes in
            var next = syna_mmap_column_values()
            next.column = UInt32(place)
            next.kind = first.kind.rawValue
            next.values = rows == 0 ? nil : bytes
            try withColumnValues(values.dropFirst(), rows: rows, after: raw + [next], body)
        }
    }
}

extension Shape {
    /// Where a column is in the list.
    func place(of column: String) throws -> Int {
        if let place = columns.firstIndex(where: { $0.name == column }) { return place }
        throw SynaError(
            status: .invalidArgument, osErrno: 0,
            message: "the store has no column '\(column)'; its columns are: "
                + columns.map { $0.name }.joined(separator: ", "))
    }

    /// A copy of the values of a row, which the library gives for a short time only.
    func copy(_ first: UnsafePointer<syna_mmap_value>?) -> [syna_mmap_value] {
        guard let first = first else { return [] }
        return [syna_mmap_value](UnsafeBufferPointer(start: first, count: columns.count))
    }

    /// The columns of an open store.
    static func columns(of handle: OpaquePointer) throws -> [Column] {
        var raw = [syna_mmap_column](repeating: syna_mmap_column(), count: Int(SYNA_MMAP_MAX_COLUMNS))
        var count = 0
        let capacity = raw.count
        try check { syna_mmap_columns(handle, &raw, capacity, &count, $0) }
        return try raw.prefix(count).map { (column: syna_mmap_column) throws -> Column in
            let name = withUnsafeBytes(of: column.name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let kind = ColumnKind(rawValue: column.kind) else {
                throw SynaError(
                    status: .internal, osErrno: 0,
                    message: "column '\(name)' has the kind \(column.kind), which is of a later library than this package")
            }
            return Column(name, kind)
        }
    }
}
