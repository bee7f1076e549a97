import CSynaMmap

/// What went wrong. A number that is none of the constants comes from a later library and is an error too.
public struct Status: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let ok = Status(rawValue: SYNA_MMAP_OK)
    public static let invalidArgument = Status(rawValue: SYNA_MMAP_ERR_INVALID_ARGUMENT)
    public static let invalidDimensions = Status(rawValue: SYNA_MMAP_ERR_INVALID_DIMENSIONS)
    public static let dimensionMismatch = Status(rawValue: SYNA_MMAP_ERR_DIMENSION_MISMATCH)
    public static let metricMismatch = Status(rawValue: SYNA_MMAP_ERR_METRIC_MISMATCH)
    public static let invalidVector = Status(rawValue: SYNA_MMAP_ERR_INVALID_VECTOR)
    public static let invalidKey = Status(rawValue: SYNA_MMAP_ERR_INVALID_KEY)
    public static let notFound = Status(rawValue: SYNA_MMAP_ERR_NOT_FOUND)
    public static let locked = Status(rawValue: SYNA_MMAP_ERR_LOCKED)
    public static let readOnly = Status(rawValue: SYNA_MMAP_ERR_READ_ONLY)
    public static let corrupt = Status(rawValue: SYNA_MMAP_ERR_CORRUPT)
    public static let unsupportedVersion = Status(rawValue: SYNA_MMAP_ERR_UNSUPPORTED_VERSION)
    public static let legacyFormat = Status(rawValue: SYNA_MMAP_ERR_LEGACY_FORMAT)
    public static let io = Status(rawValue: SYNA_MMAP_ERR_IO)
    public static let noSpace = Status(rawValue: SYNA_MMAP_ERR_NO_SPACE)
    public static let noMemory = Status(rawValue: SYNA_MMAP_ERR_NO_MEMORY)
    public static let invalidHandle = Status(rawValue: SYNA_MMAP_ERR_INVALID_HANDLE)
    public static let poisoned = Status(rawValue: SYNA_MMAP_ERR_POISONED)
    public static let `internal` = Status(rawValue: SYNA_MMAP_ERR_INTERNAL)
    public static let cancelled = Status(rawValue: SYNA_MMAP_ERR_CANCELLED)
    public static let limit = Status(rawValue: SYNA_MMAP_ERR_LIMIT)
    public static let keyKindMismatch = Status(rawValue: SYNA_MMAP_ERR_KEY_KIND_MISMATCH)
    public static let labelMismatch = Status(rawValue: SYNA_MMAP_ERR_LABEL_MISMATCH)
    public static let elementMismatch = Status(rawValue: SYNA_MMAP_ERR_ELEMENT_MISMATCH)
    public static let columnsMismatch = Status(rawValue: SYNA_MMAP_ERR_COLUMNS_MISMATCH)

    /// Such as "SYNA_MMAP_ERR_LOCKED".
    public var name: String { String(cString: syna_mmap_status_name(rawValue)) }
}

/// Why a call failed. The message says what to do.
public struct SynaError: Error, CustomStringConvertible, Sendable {
    public let status: Status
    /// The system's own number; 0 where the system was not at fault.
    public let osErrno: Int32
    public let message: String

    public var description: String { message }
}

/// Makes a call with an error struct of its own, and throws what it says.
func check(_ call: (UnsafeMutablePointer<syna_mmap_error>) -> syna_mmap_status) throws {
    var why = syna_mmap_error()
    why.struct_size = MemoryLayout<syna_mmap_error>.size
    let status = call(&why)
    guard status != SYNA_MMAP_OK else { return }
    let message = withUnsafeBytes(of: &why.message) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    throw SynaError(status: Status(rawValue: status), osErrno: why.os_errno, message: message)
}

func checkPath(_ path: String) throws {
    guard path.utf8.contains(0) else { return }
    throw SynaError(status: .invalidArgument, osErrno: 0, message: "the path has a NUL in it; pass one without")
}

func checkLength(_ floats: Int, rows: Int, dimensions: Int) throws {
    guard floats != rows * dimensions else { return }
    throw SynaError(
        status: .dimensionMismatch, osErrno: 0,
        message: "the store has \(dimensions) dimensions and \(rows) vectors are needed, "
            + "so pass \(rows * dimensions) floats, not \(floats)")
}
