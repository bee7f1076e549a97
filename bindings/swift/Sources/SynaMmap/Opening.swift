import CSynaMmap

/// Stores that are no files of their own, and the rows of damaged files. `configure` changes the options, which take
/// everything that is fixed when a file is made from the file.
extension Store {
    /// Opens a store that lies inside a larger file, for reading; the descriptor may be closed at once. An index length of
    /// 0: there is none. Not on Windows.
    public convenience init(
        fileDescriptor: Int32, offset: UInt64, length: UInt64, indexOffset: UInt64 = 0, indexLength: UInt64 = 0,
        _ configure: (inout syna_mmap_options) -> Void = { _ in }
    ) throws {
        var options = Store.optionsAsInFile()
        configure(&options)
        var opened: OpaquePointer?
        try check {
            syna_mmap_open_at(fileDescriptor, offset, length, indexOffset, indexLength, &options, &opened, $0)
        }
        try self.init(handle: opened!)
    }

    /// Opens a store whose file is in memory, for reading; an empty index: there is none. The memory must not move, and
    /// must stay as it is until the store is closed and all its results and cursors are gone, or, for results, were
    /// searched into again: an array's or a Data's is no such memory.
    public convenience init(
        memory: UnsafeRawBufferPointer, index: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        _ configure: (inout syna_mmap_options) -> Void = { _ in }
    ) throws {
        var options = Store.optionsAsInFile()
        configure(&options)
        var opened: OpaquePointer?
        let bytes = memory.bindMemory(to: UInt8.self)
        let indexBytes = index.bindMemory(to: UInt8.self)
        try check {
            syna_mmap_open_memory(
                bytes.baseAddress, bytes.count, indexBytes.baseAddress, indexBytes.count, &options, &opened, $0)
        }
        try self.init(handle: opened!)
    }

    /// Writes the intact rows of a damaged file into a new one: how many, and how many others there are known to have been.
    @discardableResult
    public static func salvage(from: String, to: String) throws -> (rows: UInt64, lost: UInt64) {
        try checkPath(from)
        try checkPath(to)
        var rows: UInt64 = 0
        var lost: UInt64 = 0
        try check { syna_mmap_salvage(from, to, &rows, &lost, $0) }
        return (rows, lost)
    }

    private static func optionsAsInFile() -> syna_mmap_options {
        var options = syna_mmap_options()
        syna_mmap_options_init(&options, MemoryLayout<syna_mmap_options>.size)
        options.dimensions = 0
        options.metric = Metric.fromFile.rawValue
        options.key_kind = KeyKind.fromFile.rawValue
        options.element = ElementType.fromFile.rawValue
        return options
    }
}
