import Foundation
import SynaMmap

/// Replays ../conformance/cases.txt, whose README.md describes it. A case in which an operation is not here is left out
/// from there on.
final class Replay {
    private let lines: [String]
    private var lineNumber = 0
    private var leftOut: Set<String> = []
    private(set) var words: [String] = []
    private(set) var expected: [String] = []
    private(set) var folder = FileManager.default.temporaryDirectory
    private var caseCount = 0
    var checkCount = 0
    var stores: [String: Store] = [:]
    var results: Results
    /// Of the last batch of searches.
    var statuses: [Status] = []

    init() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let cases = here.appendingPathComponent("../../../conformance/cases.txt").standardizedFileURL
        lines = try String(contentsOf: cases, encoding: .utf8).components(separatedBy: "\n")
        results = try Results()
    }

    /// The line that is replayed.
    var place: String { "cases.txt:\(lineNumber): \(lines[max(lineNumber, 1) - 1])" }

    func run() throws {
        while next() {
            if words[0] == "case" {
                try begin()
            } else if try !operate() && !ask() && !read() && !write() && !open() && !keepInOrder() {
                leftOut.insert(words[0])
                while next() && words[0] != "case" {}
                if words[0] == "case" { try begin() }
            }
        }
        stores = [:]
        print("conformance: \(caseCount) cases, \(checkCount) checks; not replayed: \(leftOut.sorted())")
    }

    private func begin() throws {
        stores = [:]
        results = try Results()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        caseCount += 1
    }

    private func next() -> Bool {
        while lineNumber < lines.count {
            let line = lines[lineNumber]
            lineNumber += 1
            if line.isEmpty || line.hasPrefix("#") { continue }
            let all = line.components(separatedBy: " ")
            let arrow = all.firstIndex(of: "->") ?? all.count
            words = Array(all[..<arrow])
            expected = Array(all.dropFirst(arrow + 1))
            return true
        }
        return false
    }

    /// Moves on if the next line is one of an operation's.
    func isNext(_ operation: String) -> Bool {
        let before = (lineNumber, words, expected)
        if next() && words[0] == operation { return true }
        (lineNumber, words, expected) = before
        return false
    }

    /// The words of that many lines that follow, without the first.
    func following(_ operation: String, _ count: UInt64) throws -> [[String]] {
        let wanted = expected
        var all: [[String]] = []
        for _ in 0..<count {
            try require(isNext(operation), "a line is missing: \(operation)")
            all.append(Array(words.dropFirst()))
        }
        expected = wanted
        return all
    }

    func require(_ isSo: Bool, _ what: @autoclosure () -> String) throws {
        if !isSo { throw Difference(what: what()) }
    }

    func said(_ answer: String) throws {
        try require(answer == expected.joined(separator: " "), "came out as \(answer)")
        checkCount += 1
    }

    /// Compares the status of a call and the words that it returns; whether it is OK.
    @discardableResult
    func saidStatus(_ call: () throws -> [String]) throws -> Bool {
        let answer: [String]
        do {
            answer = try call()
        } catch let failure as SynaError {
            try require(!failure.message.isEmpty, "an error without a message")
            try said(Replay.shortName(failure.status))
            return false
        }
        try said((["OK"] + answer).joined(separator: " "))
        return true
    }

    static func shortName(_ status: Status) -> String {
        let name = status.name
        if name.hasPrefix("(") { return "-" }
        return name.replacingOccurrences(of: "SYNA_MMAP_", with: "").replacingOccurrences(of: "ERR_", with: "")
    }

    static func yesNo(_ answer: Bool) -> String { answer ? "yes" : "no" }

    func store() throws -> Store {
        guard let store = stores[words[1]] else { throw Difference(what: "no store \(words[1])") }
        return store
    }

    func key() throws -> [UInt8] { try Words.bytes(words[2]) }

    func number(_ place: Int) throws -> UInt64 { try Words.number(words[place]) }

    func path(_ place: Int) -> String { folder.appendingPathComponent(words[place]).path }

    /// The expected word, or another one where it is not the same.
    func compared(_ isSame: Bool, _ what: String) -> String { isSame ? expected[1] : "another \(what)" }

    /// The operations on one row, and what a store answers at once; false: it is none of them.
    private func operate() throws -> Bool {
        switch words[0] {
        case "insert":
            try saidStatus { [Replay.yesNo(try store().insert(try key(), try Words.vector(words[3])))] }
        case "upsert":
            try saidStatus {
                try store().upsert(try key(), try Words.vector(words[3]))
                return []
            }
        case "delete": try saidStatus { [Replay.yesNo(try store().delete(try key()))] }
        case "get":
            try saidStatus {
                let vector = try store().vector(of: try key())
                return [compared(Words.isSame(vector, try Words.vector(expected[1])), "vector")]
            }
        case "tags": try saidStatus { [String(try store().tags(of: try key()))] }
        case "payload":
            try saidStatus {
                let payload = try store().payload(of: try key())
                return [compared(payload == (try Words.bytes(expected[1])), "payload")]
            }
        case "contains": try said(Replay.yesNo(try store().contains(try key())))
        case "has_index": try said(Replay.yesNo(try store().hasIndex))
        case "is_dirty": try said(Replay.yesNo(try store().isDirty))
        case "len": try said(String(try store().count))
        case "dimensions": try said(String(try store().dimensions))
        case "last_durable_seq": try said(String(try store().lastDurableSeq))
        case "vector_bytes": try said(String(try store().vectorBytes))
        case "metric": try said(try name(of: try store().metric?.rawValue, in: metrics))
        case "key_kind": try said(try name(of: try store().keyKind?.rawValue, in: keyKinds))
        case "element": try said(try name(of: try store().element?.rawValue, in: elements))
        case "status":
            guard let number = Int32(words[1]) else { throw Difference(what: "no number") }
            try said(Replay.shortName(Status(rawValue: number)))
        default: return false
        }
        return true
    }
}
