import Foundation
import SynaMmap
import XCTest

final class ColumnsTests: XCTestCase {
    private let columns = [Column("year", .int64), Column("tenant", .uint64), Column("price", .double)]
    private let years: [Int64] = [.min, 2020]
    private let tenants: [UInt64] = [.max, 0]
    private let prices = [0.5, -1e300]
    private let keys = ["a", "b"]

    func testValuesAreWrittenUpdatedAndRead() throws {
        let path = NSTemporaryDirectory() + "columns-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(path, columns: columns) { $0.dimensions = 64 }
        XCTAssertEqual(store.columns, columns)
        var rows = Rows(keys: keys, vectors: [Float](repeating: 1, count: 128))
        // A column that is left out is 0.
        rows.columns = ["price": .double(prices), "year": .int64(years)]
        XCTAssertEqual(try store.insert(batch: rows), 2)
        XCTAssertEqual(try store.value(of: "a", in: "tenant"), .uint64(0))
        XCTAssertEqual(try store.update([Array("a".utf8)], columns: ["tenant": .uint64([.max])]), 1)
        try checkRows(of: store)
        for wrong: [String: ColumnValues] in [
            ["colour": .int64(years)], ["year": .int64([1])], ["year": .uint64(tenants)], ["price": .double([0, .nan])],
        ] {
            rows.columns = wrong
            XCTAssertThrowsError(try store.upsert(batch: rows)) { self.check($0, .invalidArgument) }
        }
        try checkRows(of: store)
        XCTAssertThrowsError(try store.value(of: "nothing", in: "year")) { self.check($0, .notFound) }
        XCTAssertThrowsError(try store.value(of: "a", in: "colour")) { self.check($0, .invalidArgument) }
        try store.close()
        XCTAssertThrowsError(try Store(path, columns: Array(columns.prefix(1))) { $0.dimensions = 64 }) {
            self.check($0, .columnsMismatch)
        }
        try checkRows(of: try Store(path) { $0.dimensions = 64 })
    }

    func testHashes() {
        XCTAssertEqual(hash64(""), 0xCBF2_9CE4_8422_2325)
        XCTAssertEqual(hash64("a"), 0xAF63_DC4C_8601_EC8C)
    }

    private func check(_ error: Error, _ status: Status) { XCTAssertEqual((error as? SynaError)?.status, status) }

    private func checkRow(_ key: String, _ value: (String) throws -> Value?) throws {
        let i = try XCTUnwrap(keys.firstIndex(of: key))
        XCTAssertEqual(try value("year"), .int64(years[i]))
        XCTAssertEqual(try value("tenant"), .uint64(tenants[i]))
        XCTAssertEqual(try value("price"), .double(prices[i]))
    }

    private func checkRows(of store: Store) throws {
        for key in keys {
            try checkRow(key) { try store.value(of: key, in: $0) }
            let view = try store.view(of: key)
            let other = try store.row(at: view.number)
            try checkRow(key) { try view.value(in: $0) }
            try checkRow(key) { try other.value(in: $0) }
        }
        let cursor = try store.rows()
        var count = 0
        while let row = try cursor.next() {
            try checkRow(row.key) { try row.value(in: $0) }
            count += 1
        }
        XCTAssertEqual(count, 2)
        let results = try Results()
        try store.search([Float](repeating: 1, count: 64), 9, into: results)
        XCTAssertEqual(results.count, 2)
        for hit in results { try checkRow(hit.key) { hit.values[$0] } }
        let recent = try store.count(where: { _ in }, condition: { try $0.value(in: "year") == .int64(2020) })
        XCTAssertEqual(recent, 1)
    }
}
