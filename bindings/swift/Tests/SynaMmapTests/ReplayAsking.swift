import CSynaMmap
import Foundation
import SynaMmap

/// The operations that search.
extension Replay {
    func ask() throws -> Bool {
        switch words[0] {
        case "search":
            try searched { store, configure, condition in
                try store.search(
                    try Words.vector(words[2]), Int(try number(3)), into: results, configure, condition: condition)
            }
        case "search_key":
            try searched { store, configure, condition in
                try store.search(like: try key(), Int(try number(3)), into: results, configure, condition: condition)
            }
        case "search_range":
            try searched { store, configure, condition in
                guard let distance = Float(words[3]) else { throw Difference(what: "no distance") }
                try store.search(
                    try Words.vector(words[2]), within: distance, into: results, configure, condition: condition)
            }
        case "search_batch":
            try searched { store, configure, condition in
                let queries = words.dropFirst(3).filter { !$0.contains("=") }
                statuses = try store.search(
                    batch: try queries.flatMap { try Words.vector($0) }, count: queries.count, Int(try number(2)),
                    into: results, configure, condition: condition)
            }
        case "query": try query(Int(try number(1)))
        case "hits":
            try said(String(results.count))
            try compareHits(nil, 0..<results.count)
        case "hit_vector":
            let hit = Int(try number(1))
            guard hit < results.count else {
                try said("none")
                break
            }
            let vector = results.withVector(at: hit) { [Float]($0) }
            try said(Words.isSame(vector, try Words.vector(expected[0])) ? expected[0] : "another vector")
        case "hit_stored":
            let hit = Int(try number(1))
            guard hit < results.count else {
                try said("none")
                break
            }
            let stored = results.withStored(at: hit) { [UInt8]($0) }
            try said(stored == (try Words.bytes(expected[0])) ? expected[0] : "other bytes")
        case "delete_where":
            try withConditions { configure, condition in
                try saidStatus { [String(try store().deleteWhere(configure, condition: condition))] }
            }
        case "count_where":
            try withConditions { configure, condition in
                try saidStatus { [String(try store().count(where: configure, condition: condition))] }
            }
        case "rows_where":
            try withConditions { configure, condition in
                try saidStatus {
                    try store().rows(
                        from: try number(2), most: Int(try number(3)), where: configure, condition: condition
                    ).map { String($0) }
                }
            }
        case "recall":
            try saidStatus {
                let recall = try store().checkRecall(samples: Int(try number(2)), k: Int(try number(3)), seed: 1)
                return [String(format: "%.3f", recall)]
            }
        default: return false
        }
        return true
    }

    private typealias Configure = (inout syna_mmap_search_options) -> Void

    private func searched(
        _ search: (Store, @escaping Configure, ((Row) throws -> Bool)?) throws -> Void
    ) throws {
        let searched = try store()
        try withConditions { configure, condition in
            let isFound = try saidStatus {
                try search(searched, configure, condition)
                return [String(results.count)] + (results.isPartial ? ["partial"] : [])
            }
            if isFound { try compareHits(searched, 0..<results.count) }
        }
    }

    /// Calls `body` with what sets the options of this line.
    private func withConditions(_ body: (@escaping Configure, ((Row) throws -> Bool)?) throws -> Void) throws {
        var prefix: [CChar]?
        var bitmap: [UInt64]?
        var condition: ((Row) throws -> Bool)?
        var changes: [Configure] = []
        for word in words where word.contains("=") {
            let name = word.components(separatedBy: "=")[0]
            let text = String(word.dropFirst(name.count + 1))
            switch name {
            case "prefix": prefix = try Words.bytes(text).map { CChar(bitPattern: $0) }
            case "rows": bitmap = try Words.bitmap(text)
            case "ends":
                let ending = try Words.bytes(text)
                condition = { Array($0.keyBytes.suffix(ending.count)) == ending }
            default: changes.append(try change(name, text))
            }
        }
        // One element more, so that neither is without an address.
        try ((prefix ?? []) + [0]).withUnsafeBufferPointer { prefixPlace in
            try ((bitmap ?? []) + [0]).withUnsafeBufferPointer { bitmapPlace in
                let configure: Configure = { options in
                    for change in changes { change(&options) }
                    if let prefix = prefix {
                        options.key_prefix = prefixPlace.baseAddress
                        options.key_prefix_len = prefix.count
                    }
                    if let bitmap = bitmap {
                        options.row_bitmap = bitmapPlace.baseAddress
                        options.row_bitmap_words = bitmap.count
                    }
                }
                try body(configure, condition)
            }
        }
    }

    private func change(_ name: String, _ text: String) throws -> Configure {
        if name == "max_distance" {
            guard let distance = Float(text) else { throw Difference(what: "no distance") }
            return { options in
                options.has_max_distance = 1
                options.max_distance = distance
            }
        }
        if name == "after" {
            let parts = text.components(separatedBy: ",")
            guard let bits = UInt32(parts[0], radix: 16) else { throw Difference(what: "no distance") }
            let row = try Words.number(parts[1])
            return { options in
                options.has_after = 1
                options.after_distance = Float(bitPattern: bits)
                options.after_row = row
            }
        }
        let value = try Words.number(text)
        let short = UInt32(truncatingIfNeeded: value)
        switch name {
        case "ef": return { $0.ef = short }
        case "exact": return { $0.exact = short }
        case "approximate": return { $0.approximate = short }
        case "deadline_us": return { $0.deadline_us = value }
        case "max_visits": return { $0.max_visits = value }
        case "tags_any": return { $0.tags_any = value }
        case "tags_all": return { $0.tags_all = value }
        case "tags_none": return { $0.tags_none = value }
        default: throw Difference(what: "an unknown option: \(name)")
        }
    }

    private func query(_ query: Int) throws {
        let hits = results.hitRange(ofQuery: query)
        if statuses[query] == .ok {
            try said("OK \(hits.count)")
            try compareHits(nil, hits)
        } else {
            try said(Replay.shortName(statuses[query]))
            try require(hits.isEmpty, "hits of a query that was refused")
        }
    }

    /// Compares these hits with the lines that follow.
    private func compareHits(_ searched: Store?, _ hits: Range<Int>) throws {
        var i = hits.lowerBound
        while isNext("hit") {
            try require(i < hits.upperBound, "no hit")
            let hit = results[i]
            try require(hit.keyBytes == (try Words.bytes(words[1])), "key \(hit.key)")
            try require(Words.isDistance(words[2], hit.distance), "distance \(hit.distance)")
            try require(hit.row == (try number(3)), "row \(hit.row)")
            try require(hit.tags == (try number(4)), "tags \(hit.tags)")
            let payload = results.withPayload(at: i) { [UInt8]($0) }
            try require(payload == (try Words.bytes(words[5])), "another payload")
            if let store = searched {
                let vector = results.withVector(at: i) { [Float]($0) }
                try require(Words.isSame(vector, try store.vector(of: hit.keyBytes)), "another vector")
                let length = results.withStored(at: i) { $0.count }
                try require(length == store.vectorBytes, "another length")
            }
            checkCount += 1
            i += 1
        }
        try require(i == hits.lowerBound || i == hits.upperBound, "more hits than lines")
    }
}
