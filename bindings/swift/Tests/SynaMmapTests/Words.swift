import Foundation

/// What a replayer found to be another than the line says.
struct Difference: Error {
    let what: String
}

/// The words of ../conformance/cases.txt, whose README.md describes them.
enum Words {
    static func number(_ word: String) throws -> UInt64 {
        guard let number = UInt64(word) else { throw Difference(what: "\(word) is no number") }
        return number
    }

    static func bytes(_ word: String) throws -> [UInt8] {
        if word == "-" { return [] }
        var whole: [UInt8] = []
        for piece in word.components(separatedBy: "+") {
            let parts = piece.components(separatedBy: "*")
            var once: [UInt8] = []
            var rest = Array(parts[0].utf8)[...]
            while let first = rest.popFirst() {
                guard first == UInt8(ascii: "%") else {
                    once.append(first)
                    continue
                }
                guard let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                    throw Difference(what: "\(piece) has a byte that is none")
                }
                once.append(byte)
                rest = rest.dropFirst(2)
            }
            let times = parts.count > 1 ? Int(try number(parts[1])) : 1
            for _ in 0..<times { whole += once }
        }
        return whole
    }

    static func vector(_ word: String) throws -> [Float] {
        let sides = word.components(separatedBy: ":")
        let width = sides.count > 1 ? Int(try number(sides[0])) : 64
        var vector = [Float](repeating: 0, count: width)
        let rest = String(sides[sides.count - 1].dropFirst())
        switch sides[sides.count - 1].first {
        case "v":
            for (i, part) in rest.components(separatedBy: ",").enumerated() {
                guard let value = Float(part) else { throw Difference(what: "\(part) is no number") }
                vector[i] = value
            }
        case "s":
            let first = try number(rest) * UInt64(width)
            for i in 0..<width { vector[i] = Float(scrambled(first + UInt64(i)) >> 40) / 8_388_608 - 1 }
        case "n": vector[Int(try number(rest))] = .nan
        case "i": vector[Int(try number(rest))] = .infinity
        case "j": vector[Int(try number(rest))] = -.infinity
        default: throw Difference(what: "a vector begins with v, s, n, i or j")
        }
        return vector
    }

    static func isDistance(_ word: String, _ distance: Float) -> Bool {
        if word.hasPrefix("~") { return Float(word.dropFirst()).map { abs(distance - $0) <= 0.00001 } ?? false }
        return UInt32(word, radix: 16) == distance.bitPattern
    }

    /// By the bits: NaN is itself, and -0 is not 0.
    static func isSame(_ a: [Float], _ b: [Float]) -> Bool {
        a.map { $0.bitPattern } == b.map { $0.bitPattern }
    }

    /// A bitmap as short as possible.
    static func bitmap(_ numbers: String) throws -> [UInt64] {
        var bitmap: [UInt64] = []
        for word in numbers.components(separatedBy: ",") where !word.isEmpty {
            let row = Int(try number(word))
            while bitmap.count <= row / 64 { bitmap.append(0) }
            bitmap[row / 64] |= 1 << UInt64(row % 64)
        }
        return bitmap
    }

    /// SplitMix64.
    private static func scrambled(_ n: UInt64) -> UInt64 {
        var z = n &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
