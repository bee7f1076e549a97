import Foundation
import SynaMmap

/// The operations that read rows without a search, and those that write batches, update rows and set the user block.
extension Replay {
    func read() throws -> Bool {
        switch words[0] {
        case "view": try saidStatus { try viewed() }
        case "row_of": try saidStatus { [String(try store().row(of: try key()))] }
        case "row_at":
            try saidStatus {
                let row = try store().row(at: try number(2))
                return [compared(row.keyBytes == (try Words.bytes(expected[1])), "key")]
            }
        case "get_batch": try saidStatus { try gotBatch() }
        case "iterate": try iterate()
        case "distance":
            try saidStatus {
                let distance = try store().distance(try Words.vector(words[2]), try Words.vector(words[3]))
                return [compared(Words.isDistance(expected[1], distance), "distance")]
            }
        case "path":
            try saidStatus {
                let path = try store().path()
                return [path.isEmpty ? "-" : URL(fileURLWithPath: path).lastPathComponent]
            }
        case "option":
            try saidStatus {
                let options = try store().options()
                let numbers = [
                    "dimensions": options.dimensions, "metric": options.metric, "flags": options.flags,
                    "hnsw_ef_search": options.hnsw_ef_search,
                    "checkpoint_interval_secs": options.checkpoint_interval_secs,
                ]
                return [numbers[words[2]].map { String($0) } ?? "no such option"]
            }
        case "stats":
            try saidStatus {
                let stats = try store().stats()
                let numbers = [
                    "rows": stats.rows, "live_rows": stats.live_rows, "deleted_rows": stats.deleted_rows,
                    "indexed_rows": stats.indexed_rows, "last_seq": stats.last_seq,
                ]
                return words.dropFirst(2).map { name in numbers[name].map { String($0) } ?? "no such number" }
            }
        default: return false
        }
        return true
    }

    private func viewed() throws -> [String] {
        let store = try self.store()
        let row = try store.view(of: try key())
        try require(Words.isSame(row.vector, try store.vector(of: try key())), "another vector by key")
        let isSame = row.keyBytes == (try key()) && Words.isSame(row.vector, try Words.vector(expected[1]))
            && [UInt8](row.payload) == (try Words.bytes(expected[3]))
        let answer = [isSame ? expected[1] : "another row", String(row.tags), expected[3], String(row.number)]
        guard expected.count > 5 else {
            try require(store.element == .float32, "a view in a store of another type")
            return answer
        }
        let isStored = [UInt8](row.stored) == (try Words.bytes(expected[6]))
        return answer + [
            try name(of: store.element?.rawValue, in: elements), isStored ? expected[6] : "other bytes",
        ]
    }

    private func gotBatch() throws -> [String] {
        let keys = try words.dropFirst(2).map { try Words.bytes($0) }
        let store = try self.store()
        let (vectors, found) = try store.vectors(of: keys)
        for (i, isFound) in found.enumerated() where isFound {
            let vector = Array(vectors[i * store.dimensions..<(i + 1) * store.dimensions])
            try require(Words.isSame(vector, try store.vector(of: keys[i])), "another vector")
        }
        return [String(found.filter { $0 }.count)] + found.map { Replay.yesNo($0) }
    }

    private func iterate() throws {
        let store = self.stores[words[1]]
        var rows: [(key: [UInt8], vector: [Float], stored: Int, tags: UInt64, payload: [UInt8], number: UInt64)] = []
        try saidStatus {
            let cursor = try self.store().rows(from: try number(2))
            while let row = try cursor.next() {
                rows.append((row.keyBytes, row.vector, row.stored.count, row.tags, [UInt8](row.payload), row.number))
            }
            return [String(rows.count)]
        }
        var i = 0
        while isNext("entry") {
            try require(i < rows.count, "no entry")
            let row = rows[i]
            try require(row.key == (try Words.bytes(words[1])), "another key")
            try require(Words.isSame(row.vector, try Words.vector(words[2])), "another vector")
            try require(row.tags == (try number(3)) && row.number == (try number(5)), "other numbers")
            try require(row.payload == (try Words.bytes(words[4])), "another payload")
            try require(row.stored == store?.vectorBytes, "another length")
            if let store = store, store.element != .float32 {
                try require(Words.isSame(row.vector, try store.vector(of: row.key)), "another vector by key")
            }
            checkCount += 1
            i += 1
        }
        try require(i == 0 || i == rows.count, "more rows than lines")
    }

    func write() throws -> Bool {
        switch words[0] {
        case "put":
            try saidStatus {
                let written = try store().put(
                    try key(), try Words.vector(words[3]), tags: try number(4), payload: try Words.bytes(words[5]),
                    replacing: words[6] == "upsert")
                return [Replay.yesNo(written)]
            }
        case "batch": try writeBatch()
        case "batch_stored": try writeStored()
        case "delete_batch":
            let store = try self.store()
            let keys = try following("key", try number(2)).map { try Words.bytes($0[0]) }
            try saidStatus { [String(try store.delete(all: keys))] }
        case "update":
            let store = try self.store()
            let what = words[2]
            let given = try following("values", try number(3))
            let tags = what == "tags" || what == "both" ? try given.map { try Words.number($0[1]) } : nil
            let payloads = what == "payloads" || what == "both" ? try given.map { try Words.bytes($0[2]) } : nil
            let keys = try given.map { try Words.bytes($0[0]) }
            try saidStatus { [String(try store.update(keys, tags: tags, payloads: payloads))] }
        case "set_tags":
            try saidStatus {
                try store().setTags(of: try key(), try number(3))
                return []
            }
        case "set_payload":
            try saidStatus {
                try store().setPayload(of: try key(), try Words.bytes(words[3]))
                return []
            }
        case "user_block":
            try saidStatus {
                let block = try store().userBlock()
                let label = Array(block.label.utf8) == (try Words.bytes(expected[3])) ? expected[3] : block.label
                return [String(block.applicationID), String(block.userVersion), label]
            }
        case "set_user_block":
            let label = String(decoding: try Words.bytes(words[4]), as: UTF8.self)
            let numbers = [try number(2), try number(3)].map { UInt32(truncatingIfNeeded: $0) }
            try saidStatus {
                try store().setUserBlock(
                    UserBlock(applicationID: numbers[0], userVersion: numbers[1], label: label))
                return []
            }
        default: return false
        }
        return true
    }

    private func writeBatch() throws {
        let store = try self.store()
        let operation = words
        let hasDeletions = operation.count > 4
        let deletions = hasDeletions ? try following("key", try Words.number(operation[4])) : []
        let given = try following("row", try Words.number(operation[3]))
        var rows = Rows(
            keys: try given.map { try Words.bytes($0[0]) }, vectors: try given.flatMap { try Words.vector($0[1]) })
        rows.tags = given.contains { $0[2] != "0" } ? try given.map { try Words.number($0[2]) } : nil
        rows.payloads = try payloads(given)
        rows.deletions = try deletions.map { try Words.bytes($0[0]) }
        try saidStatus {
            let written = try store.write(rows, operation[2] == "upsert" ? .upsert : .insert)
            return [String(written.rows)] + (hasDeletions ? [String(written.deleted)] : [])
        }
    }

    private func writeStored() throws {
        let store = try self.store()
        let operation = words
        let given = try following("row", try Words.number(operation[4]))
        let number = elements[operation[3]] ?? UInt32(operation[3])
        var rows = Rows(keys: try given.map { try Words.bytes($0[0]) })
        rows.storedVectors = try given.flatMap { try Words.bytes($0[1]) }
        rows.tags = try given.map { try Words.number($0[2]) }
        rows.payloads = try payloads(given)
        guard let element = number.flatMap({ ElementType(rawValue: $0) }) else {
            // An enum has no other numbers.
            return try said("INVALID_ARGUMENT")
        }
        rows.vectorsElement = element
        try saidStatus { [String(try store.write(rows, operation[2] == "upsert" ? .upsert : .insert).rows)] }
    }

    private func payloads(_ given: [[String]]) throws -> [[UInt8]]? {
        given.contains { $0[3] != "-" } ? try given.map { try Words.bytes($0[3]) } : nil
    }
}
