import CSynaMmap

/// A stored row. What it points to is read-only memory of the mapped file: that of a cursor is good until the cursor's
/// end, that of a condition until it returns, that of `view(of:)` and `row(at:)` until the store is closed.
public struct Row {
    let raw: syna_mmap_row
    let shape: Shape
    private let rawValues: [syna_mmap_value]

    init(raw: syna_mmap_row, shape: Shape) {
        self.raw = raw
        self.shape = shape
        rawValues = shape.copy(raw.values)
    }

    /// The value in a column; a copy.
    public func value(in column: String) throws -> Value {
        let place = try shape.place(of: column)
        return Value(rawValues[place], shape.columns[place].kind)
    }

    /// The key as text; `keyBytes` has any key.
    public var key: String { String(decoding: keyBytes, as: UTF8.self) }

    /// A copy: UTF-8, or any bytes in a store whose keys are bytes.
    public var keyBytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: raw.key, count: raw.key_len)) }

    /// A copy of the vector, as floats in every store.
    public var vector: [Float] {
        guard let floats = raw.vector else { return shape.floats(stored) }
        return [Float](UnsafeBufferPointer(start: floats, count: shape.dimensions))
    }

    /// The vector as it is stored, little-endian: see `Rows.storedVectors`.
    public var stored: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: raw.stored, count: raw.stored_bytes) }

    /// The bytes that were written with it; empty where none were.
    public var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: raw.payload, count: raw.payload_len) }

    /// The number that was written with it; 0 where none was.
    public var tags: UInt64 { raw.tags }

    /// Rows count up from 0 as they are inserted; a compaction gives new numbers.
    public var number: UInt64 { raw.row }
}

/// A walk over the rows that were live when it was made, in the order of insertion. For one thread at a time; it may
/// outlive its store. Keep it while you use what its rows point to.
public final class Cursor {
    private let handle: OpaquePointer
    private let shape: Shape
    private var rows = [syna_mmap_row](repeating: syna_mmap_row(), count: 64)
    private var count = 0
    private var at = 0

    init(handle: OpaquePointer, shape: Shape) {
        self.handle = handle
        self.shape = shape
    }

    deinit { syna_mmap_cursor_free(handle) }

    /// The next row; nil at the end.
    public func next() throws -> Row? {
        if at == count {
            at = 0
            count = 0
            var given = 0
            let capacity = rows.count
            try check { syna_mmap_cursor_next(handle, &rows, capacity, &given, $0) }
            count = given
        }
        guard at < count else { return nil }
        at += 1
        return Row(raw: rows[at - 1], shape: shape)
    }
}

extension Store {
    /// Begins a walk over all rows from a row number on.
    public func rows(from first: UInt64 = 0) throws -> Cursor {
        var made: OpaquePointer?
        try check { syna_mmap_cursor_new(handle, first, &made, $0) }
        return Cursor(handle: made!, shape: shape)
    }

    /// The row of a key, without a copy. `.notFound` where there is no such key.
    public func view(of key: String) throws -> Row { try view(of: Array(key.utf8)) }

    public func view(of key: [UInt8]) throws -> Row {
        var view = syna_mmap_view()
        var withValues = syna_mmap_row()
        var isWhole = false
        while !isWhole {
            view.struct_size = MemoryLayout<syna_mmap_view>.size
            try withKey(key) { bytes, length in try check { syna_mmap_get_view(handle, bytes, length, &view, $0) } }
            // A view has no values. A compaction in between gives rows other numbers: then it is looked for again.
            var isLive = false
            isWhole = shape.columns.isEmpty
                || (syna_mmap_get_row(handle, view.row, &withValues, &isLive, nil) == SYNA_MMAP_OK
                    && withValues.stored == view.vector)
        }
        var row = syna_mmap_row()
        row.key = view.key
        row.key_len = view.key_len
        row.stored = view.vector
        row.stored_bytes = view.vector_bytes
        row.payload = view.payload
        row.payload_len = view.payload_len
        row.tags = view.tags
        row.row = view.row
        row.values = withValues.values
        return Row(raw: row, shape: shape)
    }

    /// The live row with a number, without a copy; `.notFound` where there is none.
    public func row(at number: UInt64) throws -> Row {
        var row = syna_mmap_row()
        try check { syna_mmap_get_row(handle, number, &row, nil, $0) }
        return Row(raw: row, shape: shape)
    }
}
