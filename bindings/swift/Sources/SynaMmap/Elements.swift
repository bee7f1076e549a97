import CSynaMmap

/// What keys are; fixed when the file is made.
public enum KeyKind: UInt32, Sendable {
    /// UTF-8.
    case text
    /// Any bytes.
    case bytes
    /// For opening only: as in the existing file.
    case fromFile = 0xFFFF_FFFF
}

/// How the components of vectors are stored; fixed when the file is made. Calls take and return floats in any case:
/// vectors are rounded when they are written.
public enum ElementType: UInt32, Sendable {
    /// As they are.
    case float32
    /// IEEE 754 binary16, 2 bytes a component.
    case float16
    /// 1 byte a component, from -127 to 127, and one scale a vector.
    case int8
    /// For opening only: as in the existing file.
    case fromFile = 0xFFFF_FFFF
}

/// What the rows of a store look like.
struct Shape: Sendable {
    let dimensions: Int
    /// SYNA_MMAP_ELEMENT_*.
    let element: UInt32
    let columns: [Column]

    /// The bytes of a stored vector of a type; 0 for an unknown type.
    func vectorBytes(of element: UInt32) -> Int {
        if element == ElementType.float32.rawValue { return 4 * dimensions }
        if element == ElementType.float16.rawValue { return 2 * dimensions }
        return element == ElementType.int8.rawValue ? (dimensions + 3) / 4 * 4 + 4 : 0
    }

    /// A stored vector as floats. Rows are decoded and not read by their keys, because they stay what they are when their
    /// key is deleted or their store is closed.
    func floats(_ stored: UnsafeRawBufferPointer) -> [Float] {
        var vector = [Float](repeating: 0, count: dimensions)
        _ = syna_mmap_decode_vector(element, UInt32(dimensions), stored.baseAddress, &vector)
        return vector
    }
}

extension Store {
    /// What the keys of the file are.
    public var keyKind: KeyKind? { KeyKind(rawValue: syna_mmap_key_kind(handle)) }

    /// How the file stores components.
    public var element: ElementType? { ElementType(rawValue: shape.element) }

    /// The bytes of a stored vector; 0 once the store is closed.
    public var vectorBytes: Int { syna_mmap_vector_bytes(handle) }
}
