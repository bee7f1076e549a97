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

/// What the vectors of a store look like.
struct Shape: Sendable {
    let dimensions: Int
    /// SYNA_MMAP_ELEMENT_*.
    let element: UInt32

    /// The bytes of a stored vector of a type; 0 for an unknown type.
    func vectorBytes(of element: UInt32) -> Int {
        if element == ElementType.float32.rawValue { return 4 * dimensions }
        if element == ElementType.float16.rawValue { return 2 * dimensions }
        return element == ElementType.int8.rawValue ? (dimensions + 3) / 4 * 4 + 4 : 0
    }

    /// A stored vector as floats, as the library decodes it. Rows are decoded here and not by their keys, because they
    /// stay what they are when their key is deleted or their store is closed.
    func floats(_ stored: UnsafeRawBufferPointer) -> [Float] {
        var vector = [Float](repeating: 0, count: dimensions)
        if element == ElementType.float16.rawValue {
            for i in 0..<dimensions {
                vector[i] = Shape.ofHalf(UInt32(stored[2 * i]) | UInt32(stored[2 * i + 1]) << 8)
            }
        } else if element == ElementType.int8.rawValue {
            let scale = Shape.float(stored, at: stored.count - 4)
            for i in 0..<dimensions { vector[i] = Float(Int8(bitPattern: stored[i])) * scale }
        } else {
            for i in 0..<dimensions { vector[i] = Shape.float(stored, at: 4 * i) }
        }
        return vector
    }

    /// A little-endian float, at any address.
    private static func float(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Float {
        var bits: UInt32 = 0
        for i in 0..<4 { bits |= UInt32(bytes[place + i]) << UInt32(8 * i) }
        return Float(bitPattern: bits)
    }

    /// The value of an IEEE 754 binary16, which a float represents exactly.
    private static func ofHalf(_ half: UInt32) -> Float {
        let sign = (half & 0x8000) << 16
        let magnitude = (half & 0x7FFF) << 13
        if half & 0x7C00 == 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | magnitude) }
        // 2^112: the exponents' biases differ by 112. A product, because it normalizes the subnormal ones.
        let value = Float(bitPattern: magnitude) * Float(bitPattern: (112 + 127) << 23)
        return Float(bitPattern: sign | value.bitPattern)
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
