import CSynaMmap
import Foundation
import SynaMmap

let metrics: [String: UInt32] = ["cosine": 0, "euclidean": 1, "dot_product": 2, "from_file": .max]
let keyKinds: [String: UInt32] = ["text": 0, "bytes": 1, "from_file": .max]
let elements: [String: UInt32] = ["f32": 0, "f16": 1, "i8": 2, "from_file": .max]

func name(of number: UInt32?, in names: [String: UInt32]) throws -> String {
    guard let found = names.first(where: { $0.value == number }) else { throw Difference(what: "no name") }
    return found.key
}

/// The operations that open stores, keep them in order and change files.
extension Replay {
    func open() throws -> Bool {
        let name = words.count > 1 ? words[1] : ""
        switch words[0] {
        case "open":
            let chosen = Array(words.dropFirst(3))
            try saidStatus {
                stores[name] = try Store(path(2)) { try! choose(&$0, chosen) }
                return []
            }
        case "open_in_memory":
            let chosen = Array(words.dropFirst(2))
            try saidStatus {
                stores[name] = try Store(inMemory: { try! choose(&$0, chosen) })
                return []
            }
        case "open_at":
            guard let file = FileHandle(forReadingAtPath: path(2)) else { throw Difference(what: "no file") }
            let length = UInt64(try Data(contentsOf: URL(fileURLWithPath: path(4))).count)
            try saidStatus {
                stores[name] = try Store(fileDescriptor: file.fileDescriptor, offset: try number(3), length: length)
                return []
            }
            file.closeFile()
        case "open_memory":
            let content = try Data(contentsOf: URL(fileURLWithPath: path(2)))
            // Not freed: the stores use it until the end.
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count + 1, alignment: 4096)
            memory.copyBytes(from: content)
            try saidStatus {
                stores[name] = try Store(memory: UnsafeRawBufferPointer(rebasing: memory[..<content.count]))
                return []
            }
        case "pack":
            let content = try Data(contentsOf: URL(fileURLWithPath: path(2)))
            try (Data(count: Int(try number(3))) + content).write(to: URL(fileURLWithPath: path(1)))
        case "salvage":
            try saidStatus {
                let counts = try Store.salvage(from: path(1), to: path(2))
                return [String(counts.rows), String(counts.lost)]
            }
        case "file": try Data(try key()).write(to: URL(fileURLWithPath: path(1)))
        case "replace":
            let url = URL(fileURLWithPath: path(1))
            var content = try Data(contentsOf: url)
            guard let range = content.range(of: Data(try key())) else { throw Difference(what: "not in the file") }
            content.replaceSubrange(range, with: try Words.bytes(words[3]))
            try content.write(to: url)
        default: return false
        }
        return true
    }

    /// Sets the options of an opening; the labels are not freed.
    private func choose(_ options: inout syna_mmap_options, _ chosen: [String]) throws {
        options.dimensions = 64
        options.metric = Metric.euclidean.rawValue
        options.index_threshold = 0
        options.checkpoint_interval_secs = 0
        for word in chosen {
            let sides = word.components(separatedBy: "=")
            let value = sides[1]
            switch sides[0] {
            case "label": options.label = try cString(value)
            case "expected_label": options.expected_label = try cString(value)
            case "metric": options.metric = try number(value, metrics)
            case "key_kind": options.key_kind = try number(value, keyKinds)
            case "element": options.element = try number(value, elements)
            case "dimensions": options.dimensions = try number(value)
            case "index_threshold": options.index_threshold = try Words.number(value)
            case "most_unindexed_rows": options.most_unindexed_rows = try Words.number(value)
            case "flags": options.flags = try number(value)
            case "durability": options.durability = try number(value)
            case "threads": options.threads = try number(value)
            case "hnsw_m": options.hnsw_m = try number(value)
            case "hnsw_ef_search": options.hnsw_ef_search = try number(value)
            case "index_profile": options.index_profile = try number(value)
            case "index_worker": options.index_worker = try number(value)
            case "fixed_ef": options.fixed_ef = try number(value)
            case "application_id": options.application_id = try number(value)
            case "user_version": options.user_version = try number(value)
            default: throw Difference(what: "an unknown option: \(word)")
            }
        }
    }

    private func number(_ word: String, _ names: [String: UInt32] = [:]) throws -> UInt32 {
        try names[word] ?? UInt32(truncatingIfNeeded: Words.number(word))
    }

    private func cString(_ word: String) throws -> UnsafePointer<CChar> {
        let bytes = try Words.bytes(word) + [0]
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (i, byte) in bytes.enumerated() { memory[i] = CChar(bitPattern: byte) }
        return UnsafePointer(memory)
    }

    func keepInOrder() throws -> Bool {
        let stop: (UInt64, UInt64) throws -> Bool = { _, _ in false }
        switch words[0] {
        case "close": try did { try $0.close() }
        case "checkpoint": try did { try $0.checkpoint() }
        case "flush": try did { try $0.flush() }
        case "build_index": try did { try $0.buildIndex() }
        case "build_stop": try did { try $0.buildIndex(stop) }
        case "reserve": try did { try $0.reserve(try number(2)) }
        case "compact": try did { try $0.compact() }
        case "compact_stop": try did { try $0.compact(stop) }
        case "compact_cancel": try did { try $0.compactCancel() }
        case "compact_steps": try did { store in while !(try store.compactStep(microseconds: 0)) {} }
        case "interrupt": try did { try $0.interrupt() }
        case "snapshot": try did { try $0.snapshot(to: path(2)) }
        case "set_ef_search": try did { try $0.setEfSearch(UInt32(truncatingIfNeeded: try number(2))) }
        case "set_checkpoint_interval":
            try did { try $0.setCheckpointInterval(seconds: UInt32(truncatingIfNeeded: try number(2))) }
        case "refresh": try saidStatus { [Replay.yesNo(try store().refresh())] }
        case "index_step": try saidStatus { [String(try store().indexStep(microseconds: try number(2)))] }
        case "verify": try verify(isStopped: false)
        case "verify_stop": try verify(isStopped: true)
        default: return false
        }
        return true
    }

    private func did(_ call: (Store) throws -> Void) throws {
        try saidStatus {
            try call(try store())
            return []
        }
    }

    private func verify(isStopped: Bool) throws {
        let problems = [
            SYNA_MMAP_PROBLEM_DAMAGED_VECTOR: "DAMAGED_VECTOR", SYNA_MMAP_PROBLEM_HIDDEN: "HIDDEN",
            SYNA_MMAP_PROBLEM_UNREACHABLE: "UNREACHABLE",
        ]
        var found: [Finding] = []
        try saidStatus {
            found = try store().verify { _, _, _ in !isStopped }
            return [String(found.count)]
        }
        var i = 0
        while isNext("finding") {
            try require(i < found.count && found[i].keyBytes == (try Words.bytes(words[1])), "another key")
            try require(found[i].row == (try number(2)) && problems[found[i].problem] == words[3], "another finding")
            checkCount += 1
            i += 1
        }
        try require(isStopped || i == found.count, "more findings than lines")
    }
}
