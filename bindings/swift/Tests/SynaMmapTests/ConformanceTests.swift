import Foundation
import SynaMmap
import XCTest

/// Replays what this binding has of ../conformance/cases.txt, whose README.md describes it, and counts what it has not.
final class ConformanceTests: XCTestCase {
    private var stores: [String: Store] = [:]
    private var folder = URL(fileURLWithPath: NSTemporaryDirectory())
    private var skipped: Set<String> = []

    func testCases() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let cases = here.appendingPathComponent("../../../conformance/cases.txt").standardizedFileURL
        var isSkipping = false
        for (number, line) in try String(contentsOf: cases, encoding: .utf8).components(separatedBy: "\n").enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let words = line.components(separatedBy: " ")
            let arrow = words.firstIndex(of: "->") ?? words.count
            if words[0] == "case" {
                stores = [:]
                folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(UUID().uuidString)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                isSkipping = false
            } else if !isSkipping {
                guard let answer = try operate(Array(words[..<arrow])) else {
                    // What comes after an operation that is not here would not be as expected.
                    skipped.insert(words[0])
                    isSkipping = true
                    continue
                }
                XCTAssertEqual(answer, words.dropFirst(arrow + 1).joined(separator: " "), "cases.txt:\(number + 1)")
            }
        }
        print("conformance: not replayed: \(skipped.sorted())")
    }

    /// What an operation answers; nil for one that is not here.
    private func operate(_ words: [String]) throws -> String? {
        switch words[0] {
        case "open" where words.count == 3:
            return status { stores[words[1]] = try Store(folder.appendingPathComponent(words[2]).path) {
                $0.dimensions = 64
                $0.metric = Metric.euclidean.rawValue
                $0.index_threshold = 0
                $0.checkpoint_interval_secs = 0
            } }
        case "insert":
            guard let vector = vector(words[3]) else { return nil }
            return key(words[2]).flatMap { key in
                value { try stores[words[1]]!.insert(key, vector) ? "yes" : "no" } }
        case "upsert":
            guard let vector = vector(words[3]) else { return nil }
            return key(words[2]).flatMap { key in status { try stores[words[1]]!.upsert(key, vector) } }
        case "delete":
            return key(words[2]).flatMap { key in value { try stores[words[1]]!.delete(key) ? "yes" : "no" } }
        case "contains": return key(words[2]).map { stores[words[1]]!.contains($0) ? "yes" : "no" }
        case "len": return String(stores[words[1]]!.count)
        case "dimensions": return String(stores[words[1]]!.dimensions)
        case "has_index": return stores[words[1]]!.hasIndex ? "yes" : "no"
        case "is_dirty": return stores[words[1]]!.isDirty ? "yes" : "no"
        case "last_durable_seq": return String(stores[words[1]]!.lastDurableSeq)
        case "close": return status { try stores[words[1]]!.close() }
        case "checkpoint": return status { try stores[words[1]]!.checkpoint() }
        case "flush": return status { try stores[words[1]]!.flush() }
        case "build_index": return status { try stores[words[1]]!.buildIndex() }
        case "compact": return status { try stores[words[1]]!.compact() }
        case "interrupt": return status { try stores[words[1]]!.interrupt() }
        case "compact_cancel": return status { try stores[words[1]]!.compactCancel() }
        case "compact_steps":
            return status { while !(try stores[words[1]]!.compactStep(microseconds: 0)) {} }
        case "refresh": return value { try stores[words[1]]!.refresh() ? "yes" : "no" }
        case "snapshot":
            return status { try stores[words[1]]!.snapshot(to: folder.appendingPathComponent(words[2]).path) }
        case "index_step":
            return value { String(try stores[words[1]]!.indexStep(microseconds: UInt64(words[2])!)) }
        case "recall":
            return value {
                String(format: "%.3f", try stores[words[1]]!.checkRecall(samples: Int(words[2])!, k: Int(words[3])!, seed: 1))
            }
        case "tags": return key(words[2]).flatMap { key in value { String(try stores[words[1]]!.tags(of: key)) } }
        case "row_of": return key(words[2]).flatMap { key in value { String(try stores[words[1]]!.row(of: key)) } }
        case "count_where" where words.count == 2: return value { String(try stores[words[1]]!.count { _ in }) }
        case "rows_where" where words.count == 4:
            return value {
                try stores[words[1]]!.rows(from: UInt64(words[2])!, most: Int(words[3])!).map(String.init)
                    .joined(separator: " ")
            }
        case "path":
            return value {
                let path = try stores[words[1]]!.path()
                return path.isEmpty ? "-" : URL(fileURLWithPath: path).lastPathComponent
            }
        case "set_ef_search": return status { try stores[words[1]]!.setEfSearch(UInt32(words[2])!) }
        case "set_checkpoint_interval":
            return status { try stores[words[1]]!.setCheckpointInterval(seconds: UInt32(words[2])!) }
        case "set_tags":
            return key(words[2]).flatMap { key in
                status { try stores[words[1]]!.setTags(of: key, UInt64(words[3])!) } }
        case "set_payload":
            return key(words[2]).flatMap { key in
                bytes(words[3]).map { payload in status { try stores[words[1]]!.setPayload(of: key, payload) } } }
        case "set_user_block":
            return key(words[4]).flatMap { label in
                status {
                    try stores[words[1]]!.setUserBlock(
                        UserBlock(applicationID: UInt32(words[2])!, userVersion: UInt32(words[3])!, label: label))
                } }
        case "verify": return value { String(try stores[words[1]]!.verify().count) }
        case "status":
            let name = Status(rawValue: Int32(words[1])!).name
            return name.hasPrefix("(") ? "-" : name.replacingOccurrences(of: "SYNA_MMAP_", with: "")
                .replacingOccurrences(of: "ERR_", with: "")
        default: return nil
        }
    }

    private func status(_ call: () throws -> Void) -> String { value { try call(); return "" } }

    private func value(_ call: () throws -> String) -> String {
        do {
            return ("OK " + (try call())).trimmingCharacters(in: .whitespaces)
        } catch {
            return (error as! SynaError).status.name.replacingOccurrences(of: "SYNA_MMAP_ERR_", with: "")
        }
    }

    /// nil for what is no text in UTF-8: a Swift string cannot hold it.
    private func key(_ word: String) -> String? { bytes(word).map { String(decoding: $0, as: UTF8.self) } }

    private func bytes(_ word: String) -> [UInt8]? {
        if word == "-" { return [] }
        var bytes: [UInt8] = []
        for piece in word.components(separatedBy: "+") {
            let parts = piece.components(separatedBy: "*")
            guard let text = parts[0].removingPercentEncoding else { return nil }
            for _ in 0..<(parts.count > 1 ? Int(parts[1])! : 1) { bytes += Array(text.utf8) }
        }
        return bytes
    }

    private func vector(_ word: String) -> [Float]? {
        var vector = [Float](repeating: 0, count: 64)
        let rest = String(word.dropFirst())
        switch word.first {
        case "v": for (i, part) in rest.components(separatedBy: ",").enumerated() { vector[i] = Float(part)! }
        case "n": vector[Int(rest)!] = .nan
        case "i": vector[Int(rest)!] = .infinity
        case "j": vector[Int(rest)!] = -.infinity
        case "s": for i in 0..<64 { vector[i] = Float(scrambled(UInt64(rest)! * 64 + UInt64(i)) >> 40) / 8_388_608 - 1 }
        default: return nil
        }
        return vector
    }

    /// SplitMix64.
    private func scrambled(_ n: UInt64) -> UInt64 {
        var z = n &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
